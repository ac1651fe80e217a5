/**
 * Structures of macOS as a 64-bit program lays them out, in bytes. The tests
 * compare every number with what a C compiler makes of the definitions.
 */

/** struct sockaddr_in (XNU, bsd/netinet/in.h). */
export const SOCKADDR_IN = {
  bytes: 16,
  length: 0,
  family: 1,
  port: 2,
  addr: 4,
} as const;

/** struct sockaddr_in6 (XNU, bsd/netinet6/in6.h). */
export const SOCKADDR_IN6 = {
  bytes: 28,
  length: 0,
  family: 1,
  port: 2,
  addr: 8,
  scopeId: 24,
} as const;

/** struct msghdr (XNU, bsd/sys/socket.h): its counts are 32 bits wide. */
export const MSGHDR = {
  bytes: 48,
  name: 0,
  nameLength: 8,
  iov: 16,
  iovLength: 24,
  control: 32,
  controlLength: 40,
  flags: 44,
} as const;

/** struct iovec (XNU, bsd/sys/_types/_iovec_t.h). */
export const IOVEC = { bytes: 16, base: 0, length: 8 } as const;

/** struct cmsghdr (XNU, bsd/sys/socket.h). Its data follows at once, and entries are aligned to 4 bytes. */
export const CMSGHDR = {
  bytes: 12,
  length: 0,
  level: 4,
  type: 8,
  align: 4,
} as const;

/** struct timeval (XNU, bsd/sys/_types/_timeval.h): 64-bit seconds, 32-bit microseconds. */
export const TIMEVAL = { bytes: 16, seconds: 0, microseconds: 8 } as const;

/** struct timespec (XNU, bsd/sys/_types/_timespec.h): both are `long`. */
export const TIMESPEC = { bytes: 16, seconds: 0, nanoseconds: 8 } as const;

/** struct kevent (XNU, bsd/sys/event.h). */
export const KEVENT = {
  bytes: 32,
  ident: 0,
  filter: 8,
  flags: 10,
  fflags: 12,
  data: 16,
  udata: 24,
} as const;

/** struct addrinfo (netdb.h of the macOS SDK): the name stands before the address. */
export const ADDRINFO = {
  bytes: 48,
  flags: 0,
  family: 4,
  socketType: 8,
  addressLength: 16,
  name: 24,
  address: 32,
  next: 40,
} as const;

/** struct icmp6_filter (XNU, bsd/netinet/icmp6.h): a bit for each type that may pass. */
export const ICMP6_FILTER_BYTES = 32;
