import { formatAddress } from "../../wire/address.ts";
import type { ProbePlaces } from "../probe_places.ts";
import type {
  EventLoop,
  PortHandler,
  PortTransport,
  SystemAddress,
} from "../types.ts";

/** TCP handshakes by Deno's own API: no FFI, and no better clock than the program's. */
export class DenoTcpTransport implements PortTransport {
  readonly #loop: EventLoop;
  readonly #hostname: string | undefined;
  readonly #port: number;
  readonly #places: ProbePlaces;
  readonly #open = new Map<number, AbortController>();
  #results: ((handler: PortHandler) => void)[] = [];

  constructor(
    loop: EventLoop,
    options: {
      /** Default: the destination of each probe, for which `net` must then be granted. */
      readonly hostname?: string;
      readonly port: number;
      readonly places: ProbePlaces;
    },
  ) {
    this.#loop = loop;
    this.#hostname = options.hostname;
    this.#port = options.port;
    this.#places = options.places;
  }

  send(
    cookie: number,
    destination: SystemAddress,
    _payload: Uint8Array<ArrayBuffer>,
  ): boolean {
    if (!this.#places.makeRoom()) return false;
    const controller = new AbortController();
    this.#open.set(cookie, controller);
    this.#places.take(cookie, () => this.#abort(cookie));
    const hostname = this.#hostname ?? hostnameOf(destination);
    this.#connect(cookie, hostname, controller.signal);
    return true;
  }

  async #connect(
    cookie: number,
    hostname: string,
    signal: AbortSignal,
  ): Promise<void> {
    let result: (handler: PortHandler) => void;
    try {
      const connection = await Deno.connect({
        hostname,
        port: this.#port,
        signal,
      });
      const at = this.#loop.now();
      connection.close();
      result = (handler) => handler.answered(cookie, answer(at, false));
    } catch (error) {
      if (signal.aborted) return;
      const at = this.#loop.now();
      result = error instanceof Deno.errors.ConnectionRefused
        ? (handler) => handler.answered(cookie, answer(at, true))
        : (handler) => handler.failed(cookie, error as Error);
    }
    this.#forget(cookie);
    this.#results.push(result);
    this.#loop.wake();
  }

  done(cookie: number): void {
    this.#places.done(cookie);
  }

  receive(handler: PortHandler): number {
    const results = this.#results.splice(0);
    for (const result of results) result(handler);
    return results.length;
  }

  #abort(cookie: number): void {
    this.#open.get(cookie)?.abort();
    this.#forget(cookie);
  }

  #forget(cookie: number): void {
    this.#open.delete(cookie);
    this.#places.leave(cookie);
  }

  [Symbol.dispose](): void {
    for (const cookie of [...this.#open.keys()]) this.#abort(cookie);
  }
}

/** An address as Deno takes it, an IPv6 zone included. */
export function hostnameOf({ bytes, scopeId }: SystemAddress): string {
  const text = formatAddress(bytes);
  return scopeId === 0 ? text : `${text}%${scopeId}`;
}

function answer(at: number, refused: boolean) {
  return { at: NaN, readAt: at, refused, hopLimit: -1, data: new Uint8Array() };
}
