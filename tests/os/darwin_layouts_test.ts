import * as layouts from "../../lib/os/darwin/layouts.ts";
import { assertCompiles, compilerTest, layout } from "./_compiler.ts";

const COMPILER = "gcc";

/**
 * The members of the structures by their order and type, from the headers that
 * lib/os/darwin/layouts.ts names. x86-64 and arm64 Macs have the same sizes of
 * these types as a 64-bit Linux (LP64), and the same alignment.
 */
const SOURCE = `
#include <stdint.h>
typedef uint32_t d_socklen;
struct d_sockaddr_in {
  uint8_t sin_len, sin_family; uint16_t sin_port; uint32_t sin_addr;
  char sin_zero[8];
};
struct d_sockaddr_in6 {
  uint8_t sin6_len, sin6_family; uint16_t sin6_port; uint32_t sin6_flowinfo;
  uint8_t sin6_addr[16]; uint32_t sin6_scope_id;
};
struct d_iovec { void *iov_base; unsigned long iov_len; };
struct d_msghdr {
  void *msg_name; d_socklen msg_namelen;
  struct d_iovec *msg_iov; int msg_iovlen;
  void *msg_control; d_socklen msg_controllen;
  int msg_flags;
};
struct d_cmsghdr { d_socklen cmsg_len; int cmsg_level, cmsg_type; };
struct d_timeval { long tv_sec; int32_t tv_usec; };
struct d_timespec { long tv_sec, tv_nsec; };
struct d_kevent {
  uintptr_t ident; int16_t filter; uint16_t flags; uint32_t fflags;
  intptr_t data; void *udata;
};
struct d_addrinfo {
  int ai_flags, ai_family, ai_socktype, ai_protocol; d_socklen ai_addrlen;
  char *ai_canonname; void *ai_addr; struct d_addrinfo *ai_next;
};
struct d_icmp6_filter { uint32_t icmp6_filt[8]; };
_Static_assert(sizeof(long) == 8 && sizeof(void *) == 8, "LP64");
`;

compilerTest(
  "structures of macOS are laid out as a compiler lays them out",
  COMPILER,
  async () => {
    await assertCompiles(COMPILER, SOURCE, {
      ...layout("struct d_sockaddr_in", {
        length: "sin_len",
        family: "sin_family",
        port: "sin_port",
        addr: "sin_addr",
      }, layouts.SOCKADDR_IN),
      ...layout("struct d_sockaddr_in6", {
        length: "sin6_len",
        family: "sin6_family",
        port: "sin6_port",
        addr: "sin6_addr",
        scopeId: "sin6_scope_id",
      }, layouts.SOCKADDR_IN6),
      ...layout("struct d_msghdr", {
        name: "msg_name",
        nameLength: "msg_namelen",
        iov: "msg_iov",
        iovLength: "msg_iovlen",
        control: "msg_control",
        controlLength: "msg_controllen",
        flags: "msg_flags",
      }, layouts.MSGHDR),
      ...layout("struct d_iovec", {
        base: "iov_base",
        length: "iov_len",
      }, layouts.IOVEC),
      ...layout("struct d_cmsghdr", {
        length: "cmsg_len",
        level: "cmsg_level",
        type: "cmsg_type",
      }, layouts.CMSGHDR),
      ...layout("struct d_timeval", {
        seconds: "tv_sec",
        microseconds: "tv_usec",
      }, layouts.TIMEVAL),
      ...layout("struct d_timespec", {
        seconds: "tv_sec",
        nanoseconds: "tv_nsec",
      }, layouts.TIMESPEC),
      ...layout("struct d_kevent", {
        ident: "ident",
        filter: "filter",
        flags: "flags",
        fflags: "fflags",
        data: "data",
        udata: "udata",
      }, layouts.KEVENT),
      ...layout("struct d_addrinfo", {
        flags: "ai_flags",
        family: "ai_family",
        socketType: "ai_socktype",
        addressLength: "ai_addrlen",
        name: "ai_canonname",
        address: "ai_addr",
        next: "ai_next",
      }, layouts.ADDRINFO),
      "sizeof(struct d_icmp6_filter)": layouts.ICMP6_FILTER_BYTES,
    });
  },
);
