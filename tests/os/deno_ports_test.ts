import { createSocket } from "node:dgram";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { DenoEventLoop } from "../../lib/os/deno/event_loop.ts";
import { openTcpByDeno, openUdpByDeno } from "../../lib/os/deno/port.ts";
import { SystemError } from "../../lib/os/errno.ts";
import { ProbePlaces } from "../../lib/os/probe_places.ts";
import type {
  EventLoop,
  PortAnswer,
  PortHandler,
  PortProbeOptions,
  PortTransport,
} from "../../lib/os/types.ts";
import { parseAddress } from "../../lib/wire/address.ts";

const HOSTS = ["127.0.0.1", "::1"] as const;

function options(
  host: string,
  protocol: "tcp" | "udp",
  port: number,
): PortProbeOptions {
  const family = host.includes(":") ? 6 : 4;
  return { family, protocol, port, places: new ProbePlaces(1) };
}

/** Waits until a transport has something to tell, and returns it. */
async function told(loop: EventLoop, transport: PortTransport) {
  const answers: (PortAnswer & { readonly cookie: number })[] = [];
  const failures: Error[] = [];
  const handler: PortHandler = {
    answered: (cookie, answer) => answers.push({ cookie, ...answer }),
    failed: (_cookie, error) => failures.push(error),
    error() {},
    sent() {},
  };
  while (transport.receive(handler) === 0) await loop.wait(Infinity);
  return { answers, failures };
}

for (const host of HOSTS) {
  const destination = { bytes: parseAddress(host)!, scopeId: 0 };

  Deno.test(`openUdpByDeno() brings back what a server echoes, ${host}`, async () => {
    const server = createSocket(host.includes(":") ? "udp6" : "udp4");
    server.on("message", (data, { address, port }) => {
      server.send(data, port, address);
    });
    await new Promise<void>((resolve) => server.bind(0, host, () => resolve()));
    const { port } = server.address();
    {
      using loop = new DenoEventLoop();
      using transport = await openUdpByDeno(loop, options(host, "udp", port));
      const payload = new Uint8Array([1, 2, 3]);
      assert(transport.send(7, destination, payload));
      // The memory is the caller's again at once.
      payload.fill(0);
      const { answers } = await told(loop, transport);
      assertEquals(
        answers.map(({ cookie, data, refused }) => ({ cookie, data, refused })),
        [{ cookie: 7, data: new Uint8Array([1, 2, 3]), refused: false }],
      );
      assertEquals(transport.send(8, destination, payload), false);
      transport.done(7);
      assertEquals(transport.send(8, destination, payload), true);
      await told(loop, transport);
    }
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });

  Deno.test(`openTcpByDeno() connects to the address, or is refused, ${host}`, async () => {
    const listener = Deno.listen({ hostname: host, port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    using loop = new DenoEventLoop();
    using transport = openTcpByDeno(loop, options(host, "tcp", port));
    assert(transport.send(1, destination, new Uint8Array()));
    (await listener.accept()).close();
    const first = await told(loop, transport);
    assertEquals(first.answers.map(({ refused }) => refused), [false]);
    listener.close();
    assert(transport.send(2, destination, new Uint8Array()));
    const second = await told(loop, transport);
    assertEquals(second.answers.map(({ refused }) => refused), [true]);
  });
}

Deno.test("openUdpByDeno() refuses what Deno's API has not", async () => {
  using loop = new DenoEventLoop();
  await assertRejects(
    () => openUdpByDeno(loop, { ...options("::1", "udp", 7), tos: 16 }),
    SystemError,
    "Cannot set the type of service of UDP probes: not supported on this system",
  );
});
