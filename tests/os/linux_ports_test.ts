/** Probes of ports on Linux: what becomes of their sockets. */

import { assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../lib/os/errno.ts";
import { LinuxEventLoop } from "../../lib/os/linux/event_loop.ts";
import { LinuxTcpProbes } from "../../lib/os/linux/tcp_probes.ts";
import { ProbePlaces } from "../../lib/os/probe_places.ts";
import type { PortHandler } from "../../lib/os/types.ts";
import { engineTest } from "../engines.ts";

const LOOPBACK = { bytes: new Uint8Array([127, 0, 0, 1]), scopeId: 0 };

/** A TCP port of this machine where nobody listens. */
function closedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** A loop that the system lets watch no more sockets. */
class FullLoop extends LinuxEventLoop {
  override add(): never {
    throw new SystemError(
      "watch a socket",
      28,
      "ENOSPC",
      "No space left on device",
    );
  }
}

engineTest(
  "native",
  "LinuxTcpProbes forgets a probe that cannot be waited for",
  async () => {
    using loop = new FullLoop();
    using transport = new LinuxTcpProbes(loop, {
      family: 4,
      protocol: "tcp",
      port: closedPort(),
      places: new ProbePlaces(8),
    });
    assertThrows(
      () => transport.send(1, LOOPBACK),
      SystemError,
      "No space left",
    );
    // It gets the descriptor that the probe had.
    using file = await Deno.open(new URL(import.meta.url));
    const told: string[] = [];
    const handler: PortHandler = {
      answered: () => told.push("answered"),
      error: () => told.push("error"),
      failed: () => told.push("failed"),
      sent: () => told.push("sent"),
    };
    assertEquals(transport.receive(handler), 0);
    assertEquals(told, []);
    assertEquals((await file.stat()).isFile, true);
  },
);
