/**
 * Structures of Windows as a 64-bit program lays them out, in bytes. The tests
 * compare every number with what a C compiler makes of mingw-w64's headers.
 */

/** IP_OPTION_INFORMATION (ipexport.h). */
export const IP_OPTION_INFORMATION = {
  bytes: 16,
  ttl: 0,
  tos: 1,
  flags: 2,
  optionsSize: 3,
  optionsData: 8,
} as const;

/** ICMP_ECHO_REPLY (ipexport.h). */
export const ICMP_ECHO_REPLY = {
  bytes: 40,
  address: 0,
  status: 4,
  roundTripTime: 8,
  dataSize: 12,
  data: 16,
  ttl: 24,
} as const;

/**
 * ICMP_ECHO_REPLY32 (ipexport.h), with POINTER_32 for its pointers, as the
 * Windows SDK has it. The page of IcmpParseReplies says that 64-bit programs
 * get this one; System.Net.NetworkInformation.Ping of .NET, which runs on
 * 64-bit Windows, reads the other one. Both are understood here.
 */
export const ICMP_ECHO_REPLY32 = {
  bytes: 28,
  address: 0,
  status: 4,
  roundTripTime: 8,
  dataSize: 12,
  data: 16,
  ttl: 20,
} as const;

/** ICMPV6_ECHO_REPLY (ipexport.h); its address is a packed IPV6_ADDRESS_EX. The data of the reply follows it. */
export const ICMPV6_ECHO_REPLY = {
  bytes: 36,
  address: 6,
  scopeId: 22,
  status: 28,
  roundTripTime: 32,
} as const;

/** IO_STATUS_BLOCK (winternl.h), for which a reply buffer has to have room. */
export const IO_STATUS_BLOCK_BYTES = 16;

/** SOCKADDR_IN (ws2def.h). */
export const SOCKADDR_IN = { bytes: 16, family: 0, port: 2, addr: 4 } as const;

/** SOCKADDR_IN6 (ws2ipdef.h). */
export const SOCKADDR_IN6 = {
  bytes: 28,
  family: 0,
  port: 2,
  addr: 8,
  scopeId: 24,
} as const;

/** ADDRINFOW (ws2def.h). */
export const ADDRINFOW = {
  bytes: 48,
  flags: 0,
  family: 4,
  socketType: 8,
  addressLength: 16,
  name: 24,
  address: 32,
  next: 40,
} as const;

/** WSADATA (winsock2.h). */
export const WSADATA_BYTES = 408;
