/**
 * Types of the parts of Deno's standard library that this project uses.
 *
 * `deno.json` maps `@std/*` to a package without types. This file is not needed when it maps them to
 * the original registry.
 */

declare module "@std/assert" {
  /** Fails unless `condition` holds. */
  export function assert(
    condition: unknown,
    message?: string,
  ): asserts condition;
  /** Fails unless the two are deeply equal. */
  export function assertEquals<T>(
    actual: T,
    expected: T,
    message?: string,
  ): void;
  /** Fails unless the two differ by at most `tolerance`. */
  export function assertAlmostEquals(
    actual: number,
    expected: number,
    tolerance?: number,
    message?: string,
  ): void;
  /** Fails if the two are deeply equal. */
  export function assertNotEquals<T>(
    actual: T,
    expected: T,
    message?: string,
  ): void;
  /** Fails unless `actual` is less than `expected`. */
  export function assertLess<T>(actual: T, expected: T, message?: string): void;
  /** Fails unless `actual` matches `expected`. */
  export function assertMatch(
    actual: string,
    expected: RegExp,
    message?: string,
  ): void;
  /** Fails unless `actual` contains `expected`. */
  export function assertStringIncludes(
    actual: string,
    expected: string,
    message?: string,
  ): void;
  /** Fails unless `fn` throws an `ErrorClass` whose message contains `messageIncludes`. */
  export function assertThrows<E extends Error = Error>(
    fn: () => unknown,
    // deno-lint-ignore no-explicit-any -- a constructor of any arguments
    ErrorClass?: new (...args: any[]) => E,
    messageIncludes?: string,
    message?: string,
  ): E;
  /** Fails unless `fn` rejects with an `ErrorClass` whose message contains `messageIncludes`. */
  export function assertRejects<E extends Error = Error>(
    fn: () => PromiseLike<unknown>,
    // deno-lint-ignore no-explicit-any -- a constructor of any arguments
    ErrorClass?: new (...args: any[]) => E,
    messageIncludes?: string,
    message?: string,
  ): Promise<E>;
}

declare module "@std/cli/parse-args" {
  /** Options of {@linkcode parseArgs}. */
  export interface ParseArgsOptions {
    /** Options that take no value. */
    readonly boolean?: readonly string[];
    /** Options whose value stays a string; `_` keeps operands strings. */
    readonly string?: readonly string[];
  }
  /** Options by name, and operands under `_`. */
  export interface ParsedArgs {
    readonly _: (string | number)[];
    readonly [option: string]: unknown;
  }
  /** Splits a command line into options and operands. */
  export function parseArgs(
    args: readonly string[],
    options?: ParseArgsOptions,
  ): ParsedArgs;
}

declare module "@std/fmt/colors" {
  /** The text in bold, unless NO_COLOR is set. */
  export function bold(text: string): string;
  /** The text dimmed, unless NO_COLOR is set. */
  export function dim(text: string): string;
}

declare module "@std/path/glob-to-regexp" {
  /** How a pattern is read. */
  export interface GlobOptions {
    /** Whether `{a,b}`, `+(a|b)` and the like have a meaning. */
    readonly extended?: boolean;
    /** Whether `**` stands for any number of folders. */
    readonly globstar?: boolean;
    /** Whether capitals match small letters. */
    readonly caseInsensitive?: boolean;
  }
  /** A regular expression that matches the paths that a pattern stands for. */
  export function globToRegExp(glob: string, options?: GlobOptions): RegExp;
}

declare module "@std/yaml" {
  /** Parses one YAML document. Throws a SyntaxError for text that is none. */
  export function parse(content: string): unknown;
}
