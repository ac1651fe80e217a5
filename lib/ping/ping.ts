import { openEventLoop } from "../socket/icmp.ts";
import { mayUseNative } from "../socket/permission.ts";
import { resolve } from "../socket/resolve.ts";
import { wholeNanoseconds } from "../stats/round_trip.ts";
import { formatAddress, isLinkLocal, isMulticast } from "../wire/address.ts";
import type { Engine } from "./engine.ts";
import { asDestination, openProber, sourceFor } from "./open.ts";
import { planSingle } from "./options.ts";
import { Probes, SEQUENCES } from "./probes.ts";
import { singleEngine } from "./single.ts";
import { Targets } from "./targets.ts";
import type { PingEvent, PingOptions, PingSummary } from "./types.ts";

/** A run of {@linkcode ping}: its events, and a look at the counts while it goes on. */
export interface PingRun extends AsyncIterableIterator<PingEvent> {
  /** The summary as of now; undefined before the first probe. */
  summary(): PingSummary | undefined;
}

/** Probes of a run that is over so soon that nothing is to be prepared for more. */
const BRIEF = 10;

/** Bytes of receive buffer; answers to a flood of large probes fit. */
const RECEIVE_BUFFER = 1 << 20;

/**
 * Probes one host, and yields what happens: first `start`, then what becomes
 * of each probe, last the `summary`. The run goes at the pace at which its
 * events are taken; round-trip times do not suffer from a slow taker, since
 * the kernel takes them.
 *
 * When `signal` aborts, the run ends with its summary, or without any event
 * when nothing was sent before; it does not throw.
 *
 * @example
 * ```ts
 * import { ping } from "@netdiag/netdiag";
 *
 * for await (const event of ping("localhost", { count: 3, intervalMs: 10 })) {
 *   if (event.type === "reply") console.log(event.sequence, event.rttMs);
 *   if (event.type === "summary") console.log(event.lossPercent, "% lost");
 * }
 * ```
 *
 * @param host a name, or an IPv4 or IPv6 address
 * @throws {OptionError} when an option has a value that cannot be used
 * @throws {PermissionError} when Deno's `net` permission does not cover the host, or `ffi` is not granted
 * @throws {ResolutionError} when the name does not resolve
 * @throws {IcmpUnavailableError} when the system allows this process no ICMP
 * @throws {SystemError} when there is no route, or the system refuses an option
 */
export function ping(host: string, options: PingOptions = {}): PingRun {
  let engine: Engine | undefined;
  let identity = { host, address: "" };
  const summary = (): PingSummary | undefined =>
    engine === undefined ? undefined : summarise(engine, identity);

  async function* run(): AsyncGenerator<PingEvent, void, void> {
    const plan = planSingle(options);
    const { signal, deadlineMs } = options;
    if (signal?.aborted) return;
    // Without FFI, a handshake can still be timed, if less exactly.
    const byDeno = options.probe === "tcp" && !mayUseNative()
      ? await import("./open_port.ts")
      : undefined;
    let target;
    try {
      target = byDeno
        ? await byDeno.resolveByConnecting(
          host,
          options.port!,
          options.family,
          signal,
        )
        : asDestination(
          await resolve(host, options.family, portOf(options), signal),
          plan,
        );
    } catch (error) {
      if (signal?.aborted) return;
      throw error;
    }
    const zone = { scopeId: target.scopeId, text: target.zone };
    const address = target.text + target.zone;
    const { canonicalName } = target;
    identity = { host, address };
    const source = options.source === undefined
      ? undefined
      : await sourceFor(target, plan, options);

    const targets = new Targets(1);
    targets.setName(0, host);
    targets.setAddress(0, target.bytes, zone);
    const probes = new Probes(SEQUENCES);
    using loop = byDeno
      ? byDeno.openDenoLoop()
      : await openEventLoop(deadlineMs === undefined && plan.count <= BRIEF);
    const shared = {
      probes,
      targets,
      batch: 1,
      receiveBuffer: RECEIVE_BUFFER,
      anySource: options.broadcast === true || isMulticast(target.bytes),
    };
    using prober = byDeno
      ? byDeno.openDenoProber(loop, host, target.family, plan, options, shared)
      : await openProber(loop, target.family, plan, options, shared);

    const events: PingEvent[] = [];
    using running = singleEngine({
      loop,
      probes,
      targets,
      prober,
      options,
      plan,
    }, {
      wantsEvents: true,
      event: (event) => events.push(event),
      settled() {},
    });
    engine = running;
    // The first probe shows whether there is a way to the host at all.
    let goesOn = await running.step();
    if (!goesOn && signal?.aborted && targets.count(0, "transmitted") === 0) {
      return;
    }
    yield {
      type: "start",
      host,
      ...(canonicalName === undefined || canonicalName === host
        ? {}
        : { canonicalName }),
      address,
      family: target.family,
      probe: options.probe ?? "icmp",
      ...(portOf(options) === undefined ? {} : { port: portOf(options)! }),
      size: options.probe === "tcp" ? 0 : plan.size,
      ...(source === undefined ? {} : {
        source: {
          address: formatSource(source, plan.source.zone, target.zone),
          ...(plan.source.interface === undefined
            ? {}
            : { interface: plan.source.interface }),
        },
      }),
      socket: prober.socket,
      ...(prober.identifier === undefined
        ? {}
        : { identifier: prober.identifier }),
    };
    yield* events.splice(0);
    while (goesOn) {
      goesOn = await running.step();
      yield* events.splice(0);
    }
    yield summarise(running, identity);
  }

  const generator = run();
  return {
    next: () => generator.next(),
    return: () => generator.return(),
    throw: (error) => generator.throw(error),
    [Symbol.asyncIterator]() {
      return this;
    },
    summary,
  };
}

/** A link-local source is in its own zone, or else in that of the target. */
function formatSource(
  source: Uint8Array,
  zone: string | undefined,
  targetZone: string,
): string {
  const text = formatAddress(source);
  if (!isLinkLocal(source)) return text;
  return text + (zone === undefined ? targetZone : `%${zone}`);
}

/** The port, where the probes have one. */
function portOf({ probe, port }: PingOptions): number | undefined {
  return probe === "tcp" || probe === "udp" ? port : undefined;
}

function summarise(
  engine: Engine,
  identity: { readonly host: string; readonly address: string },
): PingSummary {
  const counts = engine.counts();
  const rtt = engine.roundTrips();
  return {
    type: "summary",
    ...identity,
    ...counts,
    durationMs: engine.durationMs,
    sendingMs: engine.sendingMs,
    ...(rtt === undefined ? {} : { rtt }),
    pipe: engine.pipe,
    ...(counts.transmitted < 2 ? {} : {
      ipgMs: wholeNanoseconds(engine.sendingMs / (counts.transmitted - 1)),
    }),
  };
}
