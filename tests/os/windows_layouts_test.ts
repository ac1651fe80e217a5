import { assertEquals, assertRejects } from "@std/assert";
import * as constants from "../../lib/os/windows/constants.ts";
import * as layouts from "../../lib/os/windows/layouts.ts";
import { assertCompiles, compilerTest, layout } from "./_compiler.ts";

const COMPILER = "x86_64-w64-mingw32-gcc";

/** ICMPV6_ECHO_REPLY and the 32-bit pointers of ICMP_ECHO_REPLY32 are not in mingw-w64: by their pages. */
const SOURCE = `
#define _WIN32_WINNT 0x0602
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
#include <winternl.h>
#include <iphlpapi.h>
#include <icmpapi.h>

#pragma pack(push, 1)
struct packed_ipv6_address_ex {
  USHORT sin6_port;
  ULONG sin6_flowinfo;
  USHORT sin6_addr[8];
  ULONG sin6_scope_id;
};
#pragma pack(pop)
struct icmpv6_echo_reply {
  struct packed_ipv6_address_ex Address;
  ULONG Status;
  unsigned int RoundTripTime;
};
struct echo_reply_32 {
  IPAddr Address;
  ULONG Status;
  ULONG RoundTripTime;
  USHORT DataSize;
  USHORT Reserved;
  ULONG Data;
  struct { UCHAR Ttl, Tos, Flags, OptionsSize; ULONG OptionsData; } Options;
};
`;

const REPLY = {
  address: "Address",
  status: "Status",
  roundTripTime: "RoundTripTime",
  dataSize: "DataSize",
  data: "Data",
  ttl: "Options.Ttl",
};

compilerTest(
  "structures of Windows are laid out as mingw-w64 has them",
  COMPILER,
  async () => {
    await assertCompiles(COMPILER, SOURCE, {
      ...layout("IP_OPTION_INFORMATION", {
        ttl: "Ttl",
        tos: "Tos",
        flags: "Flags",
        optionsSize: "OptionsSize",
        optionsData: "OptionsData",
      }, layouts.IP_OPTION_INFORMATION),
      ...layout("ICMP_ECHO_REPLY", REPLY, layouts.ICMP_ECHO_REPLY),
      ...layout("struct echo_reply_32", REPLY, layouts.ICMP_ECHO_REPLY32),
      ...layout("struct icmpv6_echo_reply", {
        address: "Address.sin6_addr",
        scopeId: "Address.sin6_scope_id",
        status: "Status",
        roundTripTime: "RoundTripTime",
      }, layouts.ICMPV6_ECHO_REPLY),
      ...layout("struct sockaddr_in", {
        family: "sin_family",
        port: "sin_port",
        addr: "sin_addr",
      }, layouts.SOCKADDR_IN),
      ...layout("struct sockaddr_in6", {
        family: "sin6_family",
        port: "sin6_port",
        addr: "sin6_addr",
        scopeId: "sin6_scope_id",
      }, layouts.SOCKADDR_IN6),
      ...layout("ADDRINFOW", {
        flags: "ai_flags",
        family: "ai_family",
        socketType: "ai_socktype",
        addressLength: "ai_addrlen",
        name: "ai_canonname",
        address: "ai_addr",
        next: "ai_next",
      }, layouts.ADDRINFOW),
      "sizeof(IO_STATUS_BLOCK)": layouts.IO_STATUS_BLOCK_BYTES,
      "sizeof(WSADATA)": layouts.WSADATA_BYTES,
      "sizeof(HANDLE)": 8,
      "sizeof(SOCKET)": 8,
    });
  },
);

/** What goes by another name here than in the headers, or is of another type. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  TOKEN_ELEVATION: "TokenElevation",
  WINSOCK_VERSION: "MAKEWORD(2, 2)",
  INVALID_HANDLE: "",
};

compilerTest(
  "constants of Windows are those of mingw-w64",
  COMPILER,
  async () => {
    const numbers = Object.entries(constants)
      .map(([name, value]) => [OTHER_NAMES[name] ?? name, value] as const)
      .filter(([name]) => name !== "")
      .map(([name, value]) => [name, Number(value)]);
    await assertCompiles(COMPILER, SOURCE, {
      ...Object.fromEntries(numbers),
      "(long long)INVALID_HANDLE_VALUE == -1": 1,
      "(long long)INVALID_SOCKET == -1": 1,
    });
    assertEquals(BigInt.asIntN(64, constants.INVALID_HANDLE), -1n);
  },
);

compilerTest("assertCompiles() rejects a wrong number", COMPILER, async () => {
  await assertRejects(() =>
    assertCompiles(COMPILER, SOURCE, { "sizeof(HANDLE)": 4 })
  );
});
