/**
 * Types of the functions in use from Deno's standard library. The npm package
 * `deno-std`, to which `deno.json` maps `@std/...`, holds the library's code
 * without its types; without this file everything from it would be `any`.
 * What is not declared here cannot be imported: declare it first.
 */

declare module "@std/assert" {
  // deno-lint-ignore no-explicit-any
  type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;
  // deno-lint-ignore no-explicit-any
  type AnyConstructor = abstract new (...args: any[]) => any;

  export class AssertionError extends Error {
    constructor(message: string, options?: ErrorOptions);
  }
  export function assert(expr: unknown, msg?: string): asserts expr;
  export function assertAlmostEquals(
    actual: number,
    expected: number,
    tolerance?: number,
    msg?: string,
  ): void;
  export function assertArrayIncludes<T>(
    actual: ArrayLike<T>,
    expected: ArrayLike<T>,
    msg?: string,
  ): void;
  export function assertEquals<T>(actual: T, expected: T, msg?: string): void;
  export function assertExists<T>(
    actual: T,
    msg?: string,
  ): asserts actual is NonNullable<T>;
  export function assertFalse(expr: unknown, msg?: string): asserts expr is
    | false
    | 0
    | 0n
    | ""
    | null
    | undefined;
  export function assertGreater<T>(actual: T, expected: T, msg?: string): void;
  export function assertGreaterOrEqual<T>(
    actual: T,
    expected: T,
    msg?: string,
  ): void;
  export function assertInstanceOf<T extends AnyConstructor>(
    actual: unknown,
    expectedType: T,
    msg?: string,
  ): asserts actual is InstanceType<T>;
  export function assertIsError<E extends Error = Error>(
    error: unknown,
    errorClass?: ErrorClass<E>,
    msgMatches?: string | RegExp,
    msg?: string,
  ): asserts error is E;
  export function assertLess<T>(actual: T, expected: T, msg?: string): void;
  export function assertLessOrEqual<T>(
    actual: T,
    expected: T,
    msg?: string,
  ): void;
  export function assertMatch(
    actual: string,
    expected: RegExp,
    msg?: string,
  ): void;
  export function assertNotEquals<T>(
    actual: T,
    expected: T,
    msg?: string,
  ): void;
  export function assertNotInstanceOf<A, T>(
    actual: A,
    unexpectedType: abstract new (...args: never[]) => T,
    msg?: string,
  ): asserts actual is Exclude<A, T>;
  export function assertNotMatch(
    actual: string,
    expected: RegExp,
    msg?: string,
  ): void;
  export function assertNotStrictEquals<T>(
    actual: T,
    expected: T,
    msg?: string,
  ): void;
  export function assertObjectMatch(
    // deno-lint-ignore no-explicit-any
    actual: Record<PropertyKey, any>,
    expected: Record<PropertyKey, unknown>,
    msg?: string,
  ): void;
  export function assertRejects(
    fn: () => PromiseLike<unknown>,
    msg?: string,
  ): Promise<unknown>;
  export function assertRejects<E extends Error = Error>(
    fn: () => PromiseLike<unknown>,
    errorClass: ErrorClass<E>,
    msgIncludes?: string,
    msg?: string,
  ): Promise<E>;
  export function assertStrictEquals<T>(
    actual: unknown,
    expected: T,
    msg?: string,
  ): asserts actual is T;
  export function assertStringIncludes(
    actual: string,
    expected: string,
    msg?: string,
  ): void;
  export function assertThrows(fn: () => unknown, msg?: string): unknown;
  export function assertThrows<E extends Error = Error>(
    fn: () => unknown,
    errorClass: ErrorClass<E>,
    msgIncludes?: string,
    msg?: string,
  ): E;
  export function equal(a: unknown, b: unknown): boolean;
  export function fail(msg?: string): never;
  export function unreachable(msg?: string): never;
}

declare module "@std/cli/parse-args" {
  export interface ParseOptions {
    /** Put what follows `--` into the result's `"--"` instead of `_`. */
    readonly "--"?: boolean;
    readonly alias?: Readonly<Record<string, string | readonly string[]>>;
    readonly boolean?: boolean | string | readonly string[];
    readonly collect?: string | readonly string[];
    readonly default?: Readonly<Record<string, unknown>>;
    readonly negatable?: string | readonly string[];
    /** Everything after the first argument that is no option goes to `_`. */
    readonly stopEarly?: boolean;
    /** Never turned into numbers; `"_"` stands for the arguments that are no options. */
    readonly string?: string | readonly string[];
    /** Called for what was not declared; `false` leaves it out of the result. */
    readonly unknown?: (arg: string, key?: string, value?: unknown) => unknown;
  }

  export interface Args {
    readonly _: (string | number)[];
    readonly "--"?: string[];
    readonly [name: string]: unknown;
  }

  export function parseArgs(
    args: readonly string[],
    options?: ParseOptions,
  ): Args;
}

declare module "@std/fmt/bytes" {
  /** `1.34 kB`: the number of bytes in the decimal unit that suits it. */
  export function format(bytes: number): string;
}

declare module "@std/fmt/colors" {
  export function red(str: string): string;
  export function green(str: string): string;
  export function yellow(str: string): string;
}

declare module "@std/fmt/duration" {
  export interface FormatOptions {
    readonly style?: "narrow" | "full" | "digital";
    /** Leave out the units that are zero. */
    readonly ignoreZero?: boolean;
  }

  export function format(ms: number, options?: FormatOptions): string;
}

declare module "@std/streams/limited-bytes-transform-stream" {
  export class LimitedBytesTransformStream
    extends TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
    /** `error`: fail with a RangeError in place of ending early. */
    constructor(size: number, options?: { readonly error?: boolean });
  }
}

declare module "@std/streams/text-line-stream" {
  export class TextLineStream extends TransformStream<string, string> {
    /** `allowCR`: a lone carriage return ends a line, too. */
    constructor(options?: { readonly allowCR?: boolean });
  }
}

declare module "@std/streams/to-text" {
  export function toText(stream: ReadableStream): Promise<string>;
}
