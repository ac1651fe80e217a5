import { assertEquals, assertThrows } from "@std/assert";
import {
  type Endpoint,
  EndpointError,
  formatEndpoint,
  formatName,
  parseEndpoint,
} from "../../lib/socket/endpoint.ts";

const GOOD: readonly (readonly [string, Endpoint])[] = [
  ["tcp://127.0.0.1:7", { transport: "tcp", host: "127.0.0.1", port: 7 }],
  ["udp://[::1]:7007", { transport: "udp", host: "::1", port: 7007 }],
  ["udp://[fe80::1%eth0]:1", {
    transport: "udp",
    host: "fe80::1%eth0",
    port: 1,
  }],
  ["tls://example.com:443", {
    transport: "tls",
    host: "example.com",
    port: 443,
  }],
  ["tcp://:0", { transport: "tcp", host: "", port: 0 }],
  ["unix:/run/echo.sock", { transport: "unix", path: "/run/echo.sock" }],
  ["unix:relative", { transport: "unix", path: "relative" }],
  ["unix:@abstract", { transport: "unix", path: "@abstract" }],
  ["unixgram:/a b:c", { transport: "unixgram", path: "/a b:c" }],
];

Deno.test("parseEndpoint() reads every kind, and formatEndpoint() writes it back", () => {
  for (const [text, endpoint] of GOOD) {
    assertEquals(parseEndpoint(text), endpoint, text);
    assertEquals(formatEndpoint(endpoint), text);
  }
});

Deno.test("parseEndpoint() takes what has no scheme for TCP", () => {
  const tcp = (host: string, port: number) =>
    ({ transport: "tcp", host, port }) as const;
  assertEquals(parseEndpoint("localhost:80"), tcp("localhost", 80));
  assertEquals(parseEndpoint(":80"), tcp("", 80));
  assertEquals(parseEndpoint("[::1]:80"), tcp("::1", 80));
});

Deno.test("parseEndpoint() says what is wrong with which text", () => {
  const bad: readonly (readonly [string, string])[] = [
    ["", "the port is missing"],
    ["localhost", "the port is missing"],
    ["tcp://localhost", "the port is missing"],
    ["a:b", "the port is not a number"],
    ["a:-1", "the port is not a number"],
    ["a:1e3", "the port is not a number"],
    ["a:65536", "65535 at most"],
    ["::1:80", "in brackets"],
    ["ftp://a:1", "begins with none of"],
    ["unix:", "the path is missing"],
    ["unix:@", "the path is missing"],
    ["unix:/a\0b", "no NUL"],
    [`unix:/${"x".repeat(200)}`, "201 bytes"],
  ];
  for (const [text, reason] of bad) {
    const error = assertThrows(() => parseEndpoint(text), EndpointError);
    assertEquals(
      error.message.startsWith(`Cannot parse endpoint ${JSON.stringify(text)}`),
      true,
      error.message,
    );
    assertEquals(error.message.includes(reason), true, error.message);
  }
});

Deno.test("formatName() writes IPv6 in brackets, and says what has no name", () => {
  assertEquals(formatName({ host: "::1", port: 7 }), "[::1]:7");
  assertEquals(formatName({ host: "10.0.0.1", port: 7 }), "10.0.0.1:7");
  assertEquals(formatName({ path: "@x" }), "@x");
  assertEquals(formatName({ path: "" }), "(unnamed)");
});
