/**
 * Constants of Windows. Each group names the header of the Windows SDK that
 * defines it; mingw-w64 has the same.
 */

// winnt.h, winbase.h
export const WAIT_OBJECT_0 = 0;
export const WAIT_FAILED = 0xffffffff;
export const TOKEN_QUERY = 0x0008;
/** TOKEN_INFORMATION_CLASS. */
export const TOKEN_ELEVATION = 20;
/** The most handles of one wait. */
export const MAXIMUM_WAIT_OBJECTS = 64;
/** INVALID_HANDLE_VALUE (handleapi.h), and INVALID_SOCKET (winsock2.h). */
export const INVALID_HANDLE = 0xffff_ffff_ffff_ffffn;

// winerror.h
export const ERROR_ACCESS_DENIED = 5;
export const ERROR_NOT_ENOUGH_MEMORY = 8;
export const ERROR_IO_PENDING = 997;

// ipexport.h
export const IP_FLAG_DF = 2;
export const IP_STATUS_BASE = 11000;
export const IP_PENDING = 11255;
export const IP_SUCCESS = 0;
export const IP_DEST_NET_UNREACHABLE = 11002;
export const IP_DEST_HOST_UNREACHABLE = 11003;
export const IP_DEST_PROT_UNREACHABLE = 11004;
export const IP_DEST_PORT_UNREACHABLE = 11005;
export const IP_NO_RESOURCES = 11006;
export const IP_PACKET_TOO_BIG = 11009;
export const IP_REQ_TIMED_OUT = 11010;
export const IP_BAD_ROUTE = 11012;
export const IP_TTL_EXPIRED_TRANSIT = 11013;
export const IP_TTL_EXPIRED_REASSEM = 11014;
export const IP_PARAM_PROBLEM = 11015;
export const IP_SOURCE_QUENCH = 11016;
export const IP_DEST_UNREACHABLE = 11040;
export const IP_TIME_EXCEEDED = 11041;
export const IP_BAD_HEADER = 11042;
export const IP_UNRECOGNIZED_NEXT_HEADER = 11043;
export const IP_DEST_SCOPE_MISMATCH = 11045;
export const IP_GENERAL_FAILURE = 11050;

// winsock2.h, ws2def.h, ws2ipdef.h, ws2tcpip.h
export const WINSOCK_VERSION = 0x0202;
export const AF_INET = 2;
export const AF_INET6 = 23;
export const SOCK_DGRAM = 2;
export const SOL_SOCKET = 0xffff;
export const SO_BROADCAST = 0x0020;
export const AI_ADDRCONFIG = 0x0400;
export const NI_NAMEREQD = 0x04;
export const NI_MAXHOST = 1025;
