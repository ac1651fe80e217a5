import { assertEquals, assertThrows } from "@std/assert";
import { UrlError } from "../../lib/http/errors.ts";
import { parseHttpUrl, placeOf } from "../../lib/http/url.ts";

Deno.test("parseHttpUrl() reads http, https, and a bare host", () => {
  const parts = (text: string) => {
    const { secure, host, port, target, authority } = parseHttpUrl(text);
    return [secure, host, port, target, authority];
  };
  assertEquals(parts("http://example.com"), [
    false,
    "example.com",
    80,
    "/",
    "example.com",
  ]);
  assertEquals(parts("HTTPS://Example.com:8443/a?b=c#d"), [
    true,
    "example.com",
    8443,
    "/a?b=c",
    "example.com:8443",
  ]);
  assertEquals(parts("localhost:8080/x"), [
    false,
    "localhost",
    8080,
    "/x",
    "localhost:8080",
  ]);
  assertEquals(parts("[::1]:81"), [false, "::1", 81, "/", "[::1]:81"]);
});

Deno.test("parseHttpUrl() takes user and password out of the text", () => {
  const { user, text } = parseHttpUrl("http://me:p%40ss@example.com/x");
  assertEquals(user, { name: "me", password: "p@ss" });
  assertEquals(text, "http://example.com/x");
});

Deno.test("parseHttpUrl() refuses a user who could not be told from the password", () => {
  assertThrows(
    () => parseHttpUrl("http://a%3Ab:c@localhost/"),
    UrlError,
    'a user\'s name must not contain ":"',
  );
});

Deno.test("parseHttpUrl() refuses what is no URL of HTTP, and says why", () => {
  for (
    const [text, reason] of [
      ["ftp://example.com", "neither http:// nor https://"],
      ["http://exa mple.com", "%20"],
      ["http://a\r\nX: y/", "%20"],
      ["http://", "no valid host"],
      ["example.com:99999", "no valid host and port"],
      ["http:///foo", "it has no host"],
      ["https:////foo", "it has no host"],
      ["http://\\foo", "it has no host"],
      ["/foo", "it has no host"],
      ["-", "it has no host"],
      ["http://[fe80::1%25eth0]:81/", "zone (RFC 6874) are not supported"],
      ["[fe80::1%eth0]", "zone (RFC 6874) are not supported"],
    ] as const
  ) {
    assertThrows(() => parseHttpUrl(text), UrlError, reason);
  }
  assertThrows(
    () => parseHttpUrl("mailto:someone", "http://example.com/"),
    UrlError,
    "leads away",
  );
  const relative = ["-", "/foo", "a[%20", "//localhost/[%20"];
  for (const text of relative) parseHttpUrl(text, "http://example.com/");
});

Deno.test("placeOf() takes the first override that matches", () => {
  const url = parseHttpUrl("http://example.com:81/");
  const from = { host: "example.com", port: 81 };
  assertEquals(placeOf(url), from);
  assertEquals(
    placeOf(url, [
      {
        from: { host: "other.example", port: 81 },
        to: { host: "a", port: 1 },
      },
      { from: { host: "EXAMPLE.com", port: 0 }, to: { host: "b", port: 0 } },
      { from, to: { host: "c", port: 3 } },
    ]),
    { host: "b", port: 81 },
  );
  assertEquals(
    placeOf(url, [{ from: { host: "", port: 0 }, to: { host: "", port: 9 } }]),
    { host: "example.com", port: 9 },
  );
});
