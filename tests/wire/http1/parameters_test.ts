import { assertEquals } from "@std/assert";
import {
  areParameters,
  listItems,
  tokenEnd,
} from "../../../lib/wire/http1/parameters.ts";

Deno.test("listItems() heeds commas but in quoted strings, and leaves empty items out", () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["", []],
    [" , ,\t", []],
    ["gzip , chunked", ["gzip", "chunked"]],
    ['a;b="c,d\\",e", f', ['a;b="c,d\\",e"', "f"]],
    ['a, "b, c', ["a", '"b, c']],
    ['"a\\', ['"a\\']],
    ["\xa0", ["\xa0"]],
  ];
  for (const [text, items] of cases) assertEquals(listItems(text), items, text);
});

Deno.test("areParameters() takes what RFC 9112 sections 7 and 7.1.1 have", () => {
  const both = ["", ";a=b", " ; a = b ;c=d", ';a="b;\\"c"', ';a=""'];
  const bare = [";a", ";a ;b", ';a;b="c"'];
  const neither = [
    ...[";", "a", ";a=", ";a= ;b=c", ";a=b ", ';a="b', ';a="b\\"', ";=b"],
    ...[";a=b c", ';a="b"c', ";\xe9=b", ";a=\xe9"],
  ];
  for (const text of [...both, ...bare, ...neither]) {
    assertEquals(areParameters(text, 0, false), both.includes(text), text);
    assertEquals(areParameters(text, 0, true), !neither.includes(text), text);
    assertEquals(areParameters(`x${text}`, 1, true), !neither.includes(text));
  }
});

Deno.test("tokenEnd() ends where a token does", () => {
  assertEquals(tokenEnd("chunked;a=b", 0), 7);
  assertEquals(tokenEnd("a,b", 2), 3);
  assertEquals(tokenEnd("", 0), 0);
});
