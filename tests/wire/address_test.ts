import { assertEquals, assertThrows } from "@std/assert";
import { isIPv4, isIPv6 } from "node:net";
import {
  AddressError,
  AddressRange,
  formatAddress,
  isLinkLocal,
  isUnspecified,
  parseAddress,
} from "../../lib/wire/address.ts";
import { hex, seeded, text } from "./_vectors.ts";

function canonical(address: string): string | undefined {
  return text(parseAddress(address));
}

/** The addresses of a range as text; only those at `indexes` when given. */
function addresses(
  range: AddressRange,
  indexes: Iterable<number> = Array(range.count).keys(),
): string[] {
  const into = new Uint8Array(range.family === 4 ? 4 : 16);
  return Array.from(indexes, (index) => {
    range.write(index, into);
    return formatAddress(into);
  });
}

Deno.test("parseAddress() reads a dotted quad", () => {
  assertEquals(parseAddress("192.0.2.1"), hex("c0000201"));
  assertEquals(parseAddress("0.0.0.0"), hex("00000000"));
  assertEquals(parseAddress("255.255.255.255"), hex("ffffffff"));
});

Deno.test("parseAddress() reads every form of RFC 4291 section 2.2", () => {
  assertEquals(
    parseAddress("ABCD:EF01:2345:6789:ABCD:EF01:2345:6789"),
    hex("abcdef0123456789abcdef0123456789"),
  );
  assertEquals(
    parseAddress("2001:DB8:0:0:8:800:200C:417A"),
    hex("20010db80000000000080800200c417a"),
  );
  assertEquals(
    parseAddress("2001:DB8::8:800:200C:417A"),
    hex("20010db80000000000080800200c417a"),
  );
  assertEquals(
    parseAddress("FF01::101"),
    hex("ff010000000000000000000000000101"),
  );
  assertEquals(parseAddress("::1"), hex("00000000000000000000000000000001"));
  assertEquals(parseAddress("::"), new Uint8Array(16));
  assertEquals(
    parseAddress("0:0:0:0:0:0:13.1.68.3"),
    hex("0000000000000000000000000d014403"),
  );
  assertEquals(
    parseAddress("::FFFF:129.144.52.38"),
    hex("00000000000000000000ffff81903426"),
  );
  assertEquals(
    parseAddress("64:ff9b::192.0.2.33"),
    hex("0064ff9b0000000000000000c0000221"),
  );
  assertEquals(
    parseAddress("1:2:3:4:5:6:7::"),
    hex("00010002000300040005000600070000"),
  );
  assertEquals(
    parseAddress("::2:3:4:5:6:7:8"),
    hex("00000002000300040005000600070008"),
  );
});

Deno.test("parseAddress() refuses what is no address", () => {
  for (
    const address of [
      ..."1 1.2 1.2.3 1.2.3.4.5 256.1.1.1 1.2.3.999 01.2.3.4 1.2.3.4. .1.2.3.4"
        .split(" "),
      ..."0x7f.0.0.1 1e1.2.3.4 127.0.0.1e-7 5e-8.0.0.1 +1.2.3.4 -1.2.3.4 1..2.3 example.com 1.2.3.4/24"
        .split(" "),
      ..."1.2.3.4%lo fe80::1%eth0 [::1] ::1/64 : ::: 1::2::3 1:2:3:4:5:6:7"
        .split(" "),
      ..."1:2:3:4:5:6:7:8:9 1:2:3:4:5:6:7::8 :1:2:3:4:5:6:7 1:2:3:4:5:6:7:"
        .split(" "),
      ..."12345:: g:: 1.2.3.4:: 1.2.3.4::1 ::1.2.3.4:5 1:2:3:4:5:6:7:1.2.3.4"
        .split(" "),
      ..."::1:2:3:4:5:6:1.2.3.4 ::1.2.3 ::1.2.3.04 ::ffff:256.0.0.1 1:".split(
        " ",
      ),
      "",
      " ",
      " 1.2.3.4",
      "1.2.3.4 ",
      "1.2.3.4\n",
      "::1\n",
      "١.٢.٣.٤",
    ]
  ) {
    assertEquals(parseAddress(address), undefined, JSON.stringify(address));
  }
});

Deno.test("formatAddress() writes the canonical form of RFC 5952", () => {
  for (
    const [written, expected] of [
      ["192.0.2.1", "192.0.2.1"],
      ["2001:0db8::0001", "2001:db8::1"],
      ["2001:db8:0:0:0:0:2:1", "2001:db8::2:1"],
      ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
      ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
      ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
      ["2001:DB8::ABCD", "2001:db8::abcd"],
      ["0:0:0:0:0:0:0:0", "::"],
      ["0:0:0:0:0:0:0:1", "::1"],
      ["1:0:0:0:0:0:0:0", "1::"],
      ["::ffff:c000:201", "::ffff:192.0.2.1"],
      ["::fffe:c000:201", "::fffe:c000:201"],
      ["::1:ffff:c000:201", "::1:ffff:c000:201"],
    ] as const
  ) {
    assertEquals(canonical(written), expected);
  }
});

Deno.test("formatAddress() refuses a wrong number of bytes", () => {
  assertThrows(
    () => formatAddress(new Uint8Array(5)),
    RangeError,
    "Cannot format address: 5 bytes is neither 4 nor 16",
  );
});

Deno.test("formatAddress() and parseAddress() are inverse, and agree with the URL standard", () => {
  const random = seeded(1);
  for (let round = 0; round < 5000; round++) {
    const bytes = new Uint8Array(16);
    for (let i = 0; i < 16; i += 2) {
      if (random(2) === 0) continue;
      bytes[i] = random(2) === 0 ? 0 : random(256);
      bytes[i + 1] = random(256);
    }
    const formatted = formatAddress(bytes);
    assertEquals(parseAddress(formatted), bytes, formatted);
    if (!formatted.includes(".")) {
      assertEquals(new URL(`http://[${formatted}]`).hostname, `[${formatted}]`);
    }
  }
});

Deno.test("isLinkLocal() and isUnspecified() know the addresses that are not what they seem", () => {
  const having = (is: (bytes: Uint8Array) => boolean) =>
    [
      ...["0.0.0.0", "::", "127.0.0.1", "254.128.0.1", "fe80::1", "febf::1"],
      ...["fec0::1", "ff01::1", "ff02::1", "ff12::1", "ff05::1", "2001:db8::"],
    ].filter((text) => is(parseAddress(text)!));
  assertEquals(having(isUnspecified), ["0.0.0.0", "::"]);
  assertEquals(
    having(isLinkLocal),
    ["fe80::1", "febf::1", "ff01::1", "ff02::1", "ff12::1"],
  );
});

Deno.test("fuzz parseAddress() accepts exactly what Node does", () => {
  const runs = Number(Deno.env.get("NETDIAG_FUZZ_RUNS") ?? 20_000);
  const random = seeded(2);
  const seeds = [
    "10.20.30.40",
    "2001:db8::8:800:200c:417a",
    "::ffff:1.2.3.4",
    "1:2:3:4:5:6:7:8",
    "::",
  ];
  const alphabet = "0123456789abcfgF:..::";
  for (let run = 0; run < runs; run++) {
    const characters = [...seeds[random(seeds.length)]!];
    for (let edits = 1 + random(4); edits > 0; edits--) {
      const character = alphabet[random(alphabet.length)]!;
      characters.splice(random(characters.length + 1), random(3), character);
    }
    const mutated = characters.join("");
    const bytes = parseAddress(mutated);
    const expected = isIPv4(mutated) ? 4 : isIPv6(mutated) ? 16 : undefined;
    assertEquals(bytes?.length, expected, mutated);
  }
});

Deno.test("AddressRange.network() leaves out the network and broadcast address", () => {
  const range = AddressRange.network("192.0.2.77/29");
  assertEquals(range.family, 4);
  assertEquals(addresses(range), [
    "192.0.2.73",
    "192.0.2.74",
    "192.0.2.75",
    "192.0.2.76",
    "192.0.2.77",
    "192.0.2.78",
  ]);
});

Deno.test("AddressRange.network() uses every address of a /31 and a /32", () => {
  assertEquals(addresses(AddressRange.network("192.0.2.9/31")), [
    "192.0.2.8",
    "192.0.2.9",
  ]);
  assertEquals(addresses(AddressRange.network("192.0.2.9/32")), ["192.0.2.9"]);
});

Deno.test("AddressRange.network() counts without holding the addresses", () => {
  const all = AddressRange.network("0.0.0.0/0");
  assertEquals(all.count, 2 ** 32 - 2);
  assertEquals(addresses(all, [0, 2 ** 31, all.count - 1]), [
    "0.0.0.1",
    "128.0.0.1",
    "255.255.255.254",
  ]);
  const slash16 = AddressRange.network("10.77.0.0/16");
  assertEquals(slash16.count, 65_534);
  assertEquals(addresses(slash16, [0, 254, 255, 256, 65_533]), [
    "10.77.0.1",
    "10.77.0.255",
    "10.77.1.0",
    "10.77.1.1",
    "10.77.255.254",
  ]);
});

Deno.test("AddressRange.network() uses every address of an IPv6 network", () => {
  assertEquals(addresses(AddressRange.network("2001:db8::77/126")), [
    "2001:db8::74",
    "2001:db8::75",
    "2001:db8::76",
    "2001:db8::77",
  ]);
  const big = AddressRange.network("2001:db8::/96");
  assertEquals(big.family, 6);
  assertEquals(big.count, 2 ** 32);
  assertEquals(addresses(big, [2 ** 32 - 1]), ["2001:db8::ffff:ffff"]);
});

Deno.test("AddressRange.network() says what is wrong with a network", () => {
  for (
    const [network, message] of [
      ["10.0.0.0", 'Cannot parse network "10.0.0.0": not ADDRESS/PREFIX'],
      ["10.0/8", 'Cannot parse network "10.0/8": not ADDRESS/PREFIX'],
      [
        "10.0.0.0/8/9",
        'Cannot parse network "10.0.0.0/8/9": not ADDRESS/PREFIX',
      ],
      ["", 'Cannot parse network "": not ADDRESS/PREFIX'],
      [
        "10.0.0.0/33",
        'Cannot parse network "10.0.0.0/33": prefix is not a number from 0 to 32',
      ],
      [
        "10.0.0.0/",
        'Cannot parse network "10.0.0.0/": prefix is not a number from 0 to 32',
      ],
      [
        "::/-1",
        'Cannot parse network "::/-1": prefix is not a number from 0 to 128',
      ],
      [
        "2001:db8::/95",
        'Cannot use network "2001:db8::/95": more than 2^32 addresses, use /96 or longer',
      ],
    ] as const
  ) {
    assertThrows(() => AddressRange.network(network), AddressError, message);
  }
});

Deno.test("AddressRange.between() includes both ends and carries across bytes", () => {
  assertEquals(addresses(AddressRange.between("10.0.255.254", "10.1.0.1")), [
    "10.0.255.254",
    "10.0.255.255",
    "10.1.0.0",
    "10.1.0.1",
  ]);
  assertEquals(addresses(AddressRange.between("::1", "::1")), ["::1"]);
  assertEquals(
    addresses(
      AddressRange.between("2001:db8::ffff:ffff:ffff", "2001:db8::1:0:0:1"),
    ),
    ["2001:db8::ffff:ffff:ffff", "2001:db8:0:0:1::", "2001:db8::1:0:0:1"],
  );
  const all = AddressRange.between("0.0.0.0", "255.255.255.255");
  assertEquals(addresses(all, [0, all.count - 1]), [
    "0.0.0.0",
    "255.255.255.255",
  ]);
});

Deno.test("AddressRange.between() says what is wrong with a range", () => {
  for (
    const [first, last, message] of [
      ["x", "::1", 'Cannot parse address "x": neither IPv4 nor IPv6'],
      ["::1", "1.2.3", 'Cannot parse address "1.2.3": neither IPv4 nor IPv6'],
      [
        "10.0.0.1",
        "::1",
        'Cannot use range "10.0.0.1" to "::1": one is IPv4, the other IPv6',
      ],
      [
        "10.0.0.2",
        "10.0.0.1",
        'Cannot use range "10.0.0.2" to "10.0.0.1": the last address is before the first',
      ],
      [
        "::",
        "::1:0:0",
        'Cannot use range "::" to "::1:0:0": more than 2^32 addresses',
      ],
    ] as const
  ) {
    assertThrows(
      () => AddressRange.between(first, last),
      AddressError,
      message,
    );
  }
});

Deno.test("AddressRange.write() refuses an index that is not in the range", () => {
  const range = AddressRange.network("10.0.0.0/30");
  for (const index of [-1, 2, 0.5, NaN]) {
    assertThrows(
      () => range.write(index, new Uint8Array(4)),
      RangeError,
      `index ${index} is not from 0 to 1`,
    );
  }
  assertThrows(() => range.write(0, new Uint8Array(3)), RangeError);
});

Deno.test("AddressRange.write() leaves what is behind the address alone", () => {
  const into = new Uint8Array(6).fill(7);
  AddressRange.network("10.0.0.0/30").write(1, into);
  assertEquals(into, hex("0a0000020707"));
});
