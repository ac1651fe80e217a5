/**
 * Constants of macOS, the same on x86-64 and arm64. Each group names the
 * header of XNU (apple-oss-distributions/xnu, below bsd/) or of the macOS SDK
 * that defines it.
 */

// sys/socket.h
export const AF_INET = 2;
export const AF_INET6 = 30;
export const SOCK_DGRAM = 2;
export const SOL_SOCKET = 0xffff;
export const SO_BROADCAST = 0x0020;
export const SO_TIMESTAMP = 0x0400;
export const SO_SNDBUF = 0x1001;
export const SO_RCVBUF = 0x1002;
export const SCM_TIMESTAMP = 0x02;
export const MSG_TRUNC = 0x10;
export const MSG_DONTWAIT = 0x80;

// netinet/in.h
export const IPPROTO_IP = 0;
export const IPPROTO_ICMP = 1;
export const IPPROTO_UDP = 17;
export const IP_TOS = 3;
export const IP_TTL = 4;
export const IP_MULTICAST_TTL = 10;
export const IP_RECVTTL = 24;
export const IP_BOUND_IF = 25;
export const IP_DONTFRAG = 28;

// netinet6/in6.h
export const IPPROTO_IPV6 = 41;
export const IPPROTO_ICMPV6 = 58;
export const IPV6_UNICAST_HOPS = 4;
export const IPV6_MULTICAST_HOPS = 10;
export const ICMP6_FILTER = 18;
export const IPV6_2292HOPLIMIT = 20;
export const IPV6_TCLASS = 36;
export const IPV6_RECVHOPLIMIT = 37;
export const IPV6_3542HOPLIMIT = 47;
export const IPV6_DONTFRAG = 62;
export const IPV6_BOUND_IF = 125;

// sys/event.h
export const EVFILT_READ = -1;
export const EVFILT_USER = -10;
export const EV_ADD = 0x0001;
export const EV_DELETE = 0x0002;
export const EV_CLEAR = 0x0020;
export const NOTE_TRIGGER = 0x01000000;

// time.h of the SDK
export const CLOCK_REALTIME = 0;
export const CLOCK_MONOTONIC = 6;

// netdb.h of the SDK
export const AI_CANONNAME = 2;
export const AI_ADDRCONFIG = 0x400;
export const NI_NAMEREQD = 4;
export const NI_MAXHOST = 1025;

// sys/errno.h
export const EPERM = 1;
export const EACCES = 13;
export const EAGAIN = 35;
export const EMSGSIZE = 40;
export const ECONNREFUSED = 61;
