/** A TUN device: an interface whose packets this process reads and writes. */

import {
  EAGAIN,
  EINTR,
  ENOENT,
  POLLIN,
} from "../../../lib/os/linux/constants.ts";
import {
  check,
  cString,
  errno,
  type Libc,
  libc,
  systemError,
} from "../../../lib/os/linux/libc.ts";

// fcntl.h, linux/if_tun.h
const O_RDWR = 2;
const O_NONBLOCK = 0o4000;
const TUNSETIFF = 0x400454can;
const IFF_TUN = 0x0001;
const IFF_NO_PI = 0x1000;
const INTERFACE_NAME_BYTES = 16;
const INTERFACE_REQUEST_BYTES = 40;

const STDIN = 0;
const LARGEST_PACKET = 65535;

/** What netdiag itself has no use for, besides its own table of symbols. */
const SYMBOLS = {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** A device that exists as long as this object is not disposed of. */
export class Tun implements Disposable {
  readonly #libc: Libc = libc();
  readonly #own = Deno.dlopen("libc.so.6", SYMBOLS).symbols;
  readonly #descriptor: number;
  readonly #buffer = new Uint8Array(LARGEST_PACKET);
  // Two struct pollfd: the device and standard input.
  readonly #waited = new Int32Array(4);

  /**
   * Makes the device, still down and without addresses.
   *
   * @throws {SystemError} where TUN devices or the right to make them are missing
   */
  constructor(name: string) {
    this.#descriptor = check(
      this.#own.open(cString("/dev/net/tun"), O_RDWR | O_NONBLOCK),
      "open /dev/net/tun",
    );
    const request = new Uint8Array(INTERFACE_REQUEST_BYTES);
    request.set(new TextEncoder().encode(name));
    new DataView(request.buffer)
      .setUint16(INTERFACE_NAME_BYTES, IFF_TUN | IFF_NO_PI, true);
    check(
      this.#own.ioctl(this.#descriptor, TUNSETIFF, request),
      `make the device ${name}`,
    );
    this.#waited.set([this.#descriptor, POLLIN, STDIN, POLLIN]);
  }

  /** The next packet from the machine, valid until the next call; undefined where there is none. */
  read(): Uint8Array | undefined {
    const length = this.#libc.read(
      this.#descriptor,
      this.#buffer,
      BigInt(LARGEST_PACKET),
    );
    if (length >= 0) return this.#buffer.subarray(0, length);
    const error = errno();
    // read(2) of a device never fails with ENOENT: that is the runtime's own, met before errno was read (seen
    // under load, when Deno looks for its code cache).
    if ([EAGAIN, EINTR, ENOENT].includes(error)) return undefined;
    throw systemError("read from the TUN device", error);
  }

  /** Hands a packet to the machine. */
  write(packet: Uint8Array): void {
    check(
      this.#libc.write(
        this.#descriptor,
        packet as Uint8Array<ArrayBuffer>,
        BigInt(packet.length),
      ),
      "write to the TUN device",
    );
  }

  /** Waits for a packet, at most so long; true when standard input has something, its end included. */
  wait(milliseconds: number): boolean {
    const pollfds = new Uint8Array(this.#waited.buffer);
    this.#own.poll(pollfds, 2n, milliseconds);
    return this.#waited[3]! >> 16 !== 0;
  }

  [Symbol.dispose](): void {
    this.#libc.close(this.#descriptor);
  }
}
