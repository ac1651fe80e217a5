/**
 * A scenario: one bad network as data, with what netdiag is to report on it.
 * Each file in `tests/netlab/scenarios/` is one {@linkcode Scenario}. Times
 * are milliseconds. Addresses and networks are text.
 */

/** Which of the packets that reach a rule it applies to. Without one: all. */
export type When =
  /** Each with this probability, by the scenario's seed. */
  | { readonly probability: number }
  /** `x` applies and `.` does not; the pattern repeats. */
  | { readonly pattern: string }
  /** `count` packets from the `first` one on, counted from 1. */
  | { readonly first: number; readonly count: number };

/** One entry of an MPLS label stack (RFC 4950). */
export interface MplsEntry {
  readonly label: number;
  /** Traffic class; default 0. */
  readonly trafficClass?: number;
  /** Default 1. */
  readonly ttl?: number;
}

/** How much of the packet in question comes back in an ICMP error, and what is added to it. */
export interface Quote {
  /** All of it up to the customary limit (default), nothing, or so many bytes after its IP header. */
  readonly quote?: "full" | "none" | number;
  /** An RFC 4884 extension with this label stack. */
  readonly mpls?: readonly MplsEntry[];
  /** Leave RFC 4884's length field zero, as routers older than it do. */
  readonly withoutLength?: boolean;
}

/** An ICMP error. A list of types or codes is gone through in turn. */
export interface ErrorMessage extends Quote {
  readonly type: number | readonly number[];
  readonly code: number | readonly number[];
  /** Who sends it. Default: the destination. */
  readonly from?: string;
  /** Goes where "fragmentation needed" and "packet too big" have the next hop's MTU. */
  readonly mtu?: number;
  /** Goes where a parameter problem has the place of the byte that is wrong. */
  readonly pointer?: number;
  /** Goes where a redirect has the address of the better router. */
  readonly gateway?: string;
}

/** A change of the answers of a host; effects apply one after the other. */
export type Effect =
  & { readonly when?: When }
  & (
    /** No answer. */
    | { readonly do: "drop" }
    /** `copies` more answers, each `gapMs` (default 0) after the one before. */
    | {
      readonly do: "duplicate";
      readonly copies: number;
      readonly gapMs?: number;
    }
    /** The answer comes later. */
    | { readonly do: "delay"; readonly byMs: number }
    /** The answer waits for the next one that this effect lets pass, and leaves `gapMs` (default 0) after it. */
    | { readonly do: "swap"; readonly gapMs?: number }
    /** One byte of the ICMP payload is changed; the checksum is made right again unless `badChecksum`. */
    | {
      readonly do: "corrupt";
      readonly offset: number;
      readonly xor: number;
      readonly badChecksum?: boolean;
    }
    /** The identifier or sequence of an echo reply is moved by so much. */
    | {
      readonly do: "renumber";
      readonly identifier?: number;
      readonly sequence?: number;
    }
    /** The ICMP payload is cut to so many bytes. */
    | { readonly do: "truncate"; readonly bytes: number }
    /** So many bytes are added to the ICMP payload. */
    | { readonly do: "extend"; readonly bytes: number }
    /** The answer comes from another address. */
    | { readonly do: "impersonate"; readonly from: string }
    /** An ICMP error comes in place of the answer, or `besides` it and ahead of it, by `gapMs` (default 0). */
    | {
      readonly do: "error";
      readonly besides?: boolean;
      readonly gapMs?: number;
    }
      & ErrorMessage
    /** Ahead of the answer comes one with the same identifier and sequence and a payload of someone else's. */
    | { readonly do: "stranger"; readonly payload: number }
  );

/** A router on the way. */
export interface Router extends Quote {
  readonly address: string;
  /** Its address in the IPv6 world. Needed when a path is used by both families. */
  readonly address6?: string;
  /** Time over the link ahead of it, each way. */
  readonly delayMs?: number;
  /** Up to so much more, at random, each way. */
  readonly jitterMs?: number;
  /** It forwards, but never says anything. */
  readonly silent?: boolean;
  /** It says no more than this. */
  readonly rateLimit?: { readonly perSecond: number; readonly burst: number };
  /** Packets that it loses. */
  readonly drop?: When;
  /** The MTU of the link behind it. */
  readonly mtu?: number;
  /** It does not tell when a packet exceeds that MTU. */
  readonly blackHole?: boolean;
  /** It translates addresses, and ports and identifiers by adding to them. */
  readonly nat?: {
    readonly address: string;
    readonly shift: number;
    /** It translates what errors quote back, too. Default true. */
    readonly translatesErrors?: boolean;
  };
}

/** Parallel ways, of which each flow (or each packet) takes one. */
export interface Balancer {
  readonly balance: "flow" | "packet";
  readonly branches: readonly (readonly Hop[])[];
}

/** One element of a path. */
export type Hop = Router | Balancer;

/** Destinations, how they are reached and how they answer. */
export interface HostRule {
  /** The networks that it is about: `10.77.0.0/16`. */
  readonly match: readonly string[];
  /** Only the addresses that, as numbers, leave this remainder. */
  readonly every?: { readonly divisor: number; readonly remainder: number };
  /** The name of a path; default: no router in between. */
  readonly path?: string;
  /** End-to-end round-trip time besides what the path takes. */
  readonly delayMs?: number;
  /** Up to so much more, at random. */
  readonly jitterMs?: number;
  /** Initial time to live of what it sends. Default 64. */
  readonly ttl?: number;
  /** It answers nothing at all. */
  readonly silent?: boolean;
  /** By port, or `*` for those not listed. Default `closed`. */
  readonly tcp?: Readonly<Record<string, "open" | "closed" | "silent">>;
  /** By port, or `*` for those not listed. Default `closed`. */
  readonly udp?: Readonly<Record<string, "echo" | "closed" | "silent">>;
  readonly effects?: readonly Effect[];
}

/** Packets that nobody asked for, sent to whoever sent the first packet. */
export interface Noise {
  readonly packets: number;
  readonly perSecond: number;
}

/** A number or text that must be met exactly, a range, or `$name` for what the simulator counted. */
export type Expected =
  | number
  | string
  | boolean
  | { readonly min?: number; readonly max?: number };

/** One command line and what must come of it. */
export interface Run {
  /** Its words are separated by single spaces; `--json` is added. */
  readonly command: string;
  /** Who runs it; ordinary users get an open `ping_group_range`. Default: root. */
  readonly as?: readonly ("root" | "ordinary")[];
  /** Exit status. */
  readonly code: Expected;
  /** Fields of the last line. */
  readonly summary?: Readonly<Record<string, Expected>>;
  /** How many lines of each type there are. */
  readonly events?: Readonly<Record<string, Expected>>;
  /** Each must be part of some line. */
  readonly contains?: readonly Readonly<Record<string, unknown>>[];
  /** The most memory that it may have had, in MiB. */
  readonly memoryMiB?: number;
  /** Must be part of standard error. Without it: standard error is empty. */
  readonly stderr?: string;
  /** What the simulator is to have counted. */
  readonly counts?: Readonly<Record<string, Expected>>;
}

/** A network and what to run on it. */
export interface Scenario {
  /** The idea, in one sentence. */
  readonly about: string;
  /** Default 1. */
  readonly seed?: number;
  /** The MTU of the first link. Default 1500. */
  readonly mtu?: number;
  readonly paths?: Readonly<Record<string, readonly Hop[]>>;
  /** The first rule that matches a destination is in force; where none does, nothing answers. */
  readonly hosts: readonly HostRule[];
  readonly noise?: Noise;
  /** Its runs need the whole machine: one at a time. */
  readonly alone?: boolean;
  readonly runs: readonly Run[];
}

/** What the simulator counted, in packets unless said otherwise. */
export interface Counts {
  /** Everything that came from the machine, its own housekeeping left out. */
  received: number;
  echoRequests: number;
  tcpSegments: number;
  udpDatagrams: number;
  /** Of those: with a wrong checksum or length, which are not looked at further. */
  malformed: number;
  /** Of those: fragments, which are not put together. */
  fragments: number;
  /** Of those: without a rule, or for a silent host. */
  unanswered: number;
  /** Lost by a `drop` of a router or a host. */
  dropped: number;
  /** Too large for a link behind a router, which said so or did not. */
  tooBig: number;
  /** Whose time to live ended at a router. */
  expired: number;
  /** Requests that the host's own answer came back for; further copies are `duplicates`. */
  answered: number;
  duplicates: number;
  delayed: number;
  swapped: number;
  corrupted: number;
  renumbered: number;
  truncated: number;
  extended: number;
  impersonated: number;
  strangers: number;
  /** ICMP errors and redirects that were sent. */
  errors: number;
  /** Those that a router kept to itself, being silent or over its rate. */
  withheld: number;
  noise: number;
  /** Everything that was sent. */
  sent: number;
}

/** All counts at zero. */
export function zeroCounts(): Counts {
  return {
    received: 0,
    echoRequests: 0,
    tcpSegments: 0,
    udpDatagrams: 0,
    malformed: 0,
    fragments: 0,
    unanswered: 0,
    dropped: 0,
    tooBig: 0,
    expired: 0,
    answered: 0,
    duplicates: 0,
    delayed: 0,
    swapped: 0,
    corrupted: 0,
    renumbered: 0,
    truncated: 0,
    extended: 0,
    impersonated: 0,
    strangers: 0,
    errors: 0,
    withheld: 0,
    noise: 0,
    sent: 0,
  };
}
