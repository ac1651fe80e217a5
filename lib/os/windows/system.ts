/**
 * Windows on x86-64 and ARM64, through its own libraries. Checked by types,
 * layouts and a fake library, and run under Wine; never run on the system.
 */

import { openTcpByDeno, openUdpByDeno } from "../deno/port.ts";
import type { System } from "../types.ts";
import { type WindowsApi, windowsApi } from "./api.ts";
import { TOKEN_ELEVATION, TOKEN_QUERY } from "./constants.ts";
import { windowsError } from "./errors.ts";
import { WindowsEventLoop } from "./event_loop.ts";
import { WindowsIcmpTransport } from "./icmp.ts";
import { lookup, reverseLookup } from "./resolve.ts";
import { route } from "./route.ts";

/** What Windows provides, through libraries that are opened when they are first needed. */
export function windowsSystem(api: () => WindowsApi): System {
  return {
    openEventLoop: () => new WindowsEventLoop(api()),
    openIcmp: (loop, options) =>
      new WindowsIcmpTransport(api(), loop as WindowsEventLoop, options),
    openPort: async (loop, options) =>
      options.protocol === "tcp"
        ? openTcpByDeno(loop, options)
        : await openUdpByDeno(loop, options),
    lookup: (host, family) => lookup(api(), host, family),
    reverseLookup: (family, address) => reverseLookup(api(), family, address),
    // deno-lint-ignore require-await -- the interface has it asynchronous
    route: async (options) => route(api(), options),
    interfaceIndex: (name) => interfaceIndex(api(), name),
    isPrivileged: () => isElevated(api()),
  };
}

/** The Windows that this program runs on. */
export const windows: System = windowsSystem(windowsApi);

/** Windows names interfaces in its commands by number; if_nametoindex knows names such as `ethernet_32769`. */
function interfaceIndex({ call }: WindowsApi, name: string): number {
  if (/^\d+$/.test(name)) return Number(name);
  return call.if_nametoindex(new TextEncoder().encode(`${name}\0`));
}

/** Whether the process runs as an administrator: TOKEN_ELEVATION (GetTokenInformation). */
function isElevated({ call }: WindowsApi): boolean {
  const token = new BigUint64Array(new ArrayBuffer(8));
  const tokenBytes = new Uint8Array(token.buffer);
  const self = call.GetCurrentProcess();
  if (call.OpenProcessToken(self, TOKEN_QUERY, tokenBytes) === 0) {
    throw windowsError("read the rights of the process", call.GetLastError());
  }
  try {
    const elevated = new Uint32Array(new ArrayBuffer(4));
    const bytes = new Uint8Array(elevated.buffer);
    const length = new Uint8Array(new ArrayBuffer(4));
    const isRead = call.GetTokenInformation(
      token[0]!,
      TOKEN_ELEVATION,
      bytes,
      bytes.length,
      length,
    );
    if (isRead === 0) {
      throw windowsError("read the rights of the process", call.GetLastError());
    }
    return elevated[0] !== 0;
  } finally {
    call.CloseHandle(token[0]!);
  }
}
