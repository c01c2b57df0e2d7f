/** Checks of what is passed to exported functions, which JavaScript calls without types. */

import * as v from "valibot";
import { InputError, withContext } from "./errors.ts";
import { findProblem, quote, validate } from "./json.ts";

/** The entries of a schema of options; all of them may be left out. */
type Entries = Record<string, v.GenericSchema>;

/**
 * The schema of an object of options: the keys that are not required may be left out or
 * `undefined`, and there are no others.
 *
 * @example
 * ```ts
 * import { checkOptions, optionsSchema } from "./arguments.ts";
 * import { wholeNumber } from "./schemas.ts";
 *
 * const schema = optionsSchema({ count: wholeNumber(1) });
 * try {
 *   checkOptions({ cuont: 2 }, { schema, context: "Cannot sample" });
 * } catch (error) {
 *   console.log((error as Error).message);
 *   // Cannot sample: "cuont" is not a known key; did you mean "count"
 * }
 * ```
 */
export function optionsSchema(optional: Entries, required: Entries = {}): v.GenericSchema {
  const entries = Object.entries(optional).map(([key, schema]) => [key, v.optional(schema)]);
  return v.strictObject({ ...required, ...Object.fromEntries(entries) });
}

/** How {@linkcode checkOptions} checks. */
export interface OptionsCheck {
  /** From {@linkcode optionsSchema}. */
  readonly schema: v.GenericSchema;
  /** What is being done, for example `Cannot sample`. */
  readonly context: string;
}

/**
 * Checks an object of options.
 *
 * @returns A copy without the keys that are `undefined`. Getters of the object were called once, so
 * that what was checked is what is used.
 * @throws {InputError} if it is not an object, a key is unknown, or a value is wrong. Its `option`
 * is the key.
 */
export function checkOptions<T extends object>(options: T, { schema, context }: OptionsCheck): T {
  return withContext(context, () => validate(schema, copyOptions(options)) as T);
}

/**
 * Copies an object of options, whose keys and values the caller checks, without the keys that are
 * `undefined`.
 *
 * @throws {InputError} without a context, if it is not an object.
 */
export function copyOptions<T extends object>(options: T): T {
  const copy = copyOf(options);
  if (copy !== null) return copy as T;
  throw new InputError(`the options must be an object, not ${quote(options)}`);
}

/**
 * Checks an object of options as {@linkcode checkOptions} does, for calls whose options are numbers
 * to compute with, not the configuration of a user.
 *
 * @throws {RangeError} if a value is out of range.
 * @throws {TypeError} if it is not an object, a key is unknown, or a value has a wrong type.
 */
export function checkArguments<T extends object>(
  options: T,
  { schema, context }: OptionsCheck,
): T {
  let copy: object | null;
  try {
    copy = copyOf(options);
  } catch (error) {
    throw new TypeError(`${context}: ${(error as Error).message}`, { cause: error });
  }
  if (copy === null) {
    throw new TypeError(`${context}: the options must be an object, not ${quote(options)}`);
  }
  const result = findProblem(schema, copy);
  if ("output" in result) return result.output as T;
  const message = `${context}: ${result.message}`;
  throw result.isOutOfRange ? new RangeError(message) : new TypeError(message);
}

/** A copy of a plain object, without the keys that are `undefined`; `null` for another value. */
function copyOf(value: unknown): object | null {
  // An array, a map, or a promise that was not awaited has no options, and would seem to be empty.
  try {
    if (typeof value !== "object" || value === null) return null;
    if (Object.prototype.toString.call(value) !== "[object Object]") return null;
    const copy: Record<string, unknown> = {};
    for (const key in value) {
      const entry = (value as Record<string, unknown>)[key];
      if (entry === undefined) continue;
      // Assigned, this key would set the prototype.
      if (key === "__proto__") Object.defineProperty(copy, key, { value: entry, enumerable: true });
      else copy[key] = entry;
    }
    return copy;
  } catch (cause) {
    throw new InputError("the options cannot be read: a getter or proxy throws", { cause });
  }
}

/** A wrong argument of a call. */
export interface WrongArgument {
  /** What is being done, for example `Cannot sample`. */
  readonly context: string;
  /** The name of the argument. */
  readonly name: string;
  /** What it must be, for example `a string`. */
  readonly expected: string;
  /** What it is. */
  readonly value: unknown;
}

/** The error for an argument that is of a wrong type. */
export function wrongType(argument: WrongArgument): TypeError {
  return new TypeError(describe(argument));
}

/** The error for an argument that is of the right type, but out of range. */
export function wrongRange(argument: WrongArgument): RangeError {
  return new RangeError(describe(argument));
}

function describe({ context, name, expected, value }: WrongArgument): string {
  return `${context}: "${name}" must be ${expected}, not ${quote(value)}`;
}

/**
 * Checks that an argument is a string.
 *
 * @throws {TypeError} if it is not.
 */
export function checkString(
  value: unknown,
  { context, name }: Pick<WrongArgument, "context" | "name">,
): asserts value is string {
  if (typeof value !== "string") throw wrongType({ context, name, expected: "a string", value });
}

/**
 * Checks the path of a folder. An empty one would stand for the root of the file system, once the
 * names of files are appended.
 *
 * @throws {TypeError} if it is not a string.
 * @throws {InputError} if it is empty, or has a NUL character.
 */
export function checkFolderPath(
  value: unknown,
  { context, name, option }: Pick<WrongArgument, "context" | "name"> & { readonly option?: string },
): asserts value is string {
  checkString(value, { context, name });
  const wrong = value === ""
    ? "is empty"
    : value.includes("\0")
    ? "has a NUL character"
    : undefined;
  if (wrong === undefined) return;
  const message = `${context}: ${quote(name)} ${wrong}; it must be the path of a folder`;
  throw new InputError(message, option === undefined ? {} : { option });
}

/** The range of {@linkcode checkWholeNumber}. */
export interface WholeNumberCheck extends Pick<WrongArgument, "context" | "name"> {
  /** The least number. */
  readonly min: number;
  /** The largest number. Default: 2^53 − 1. */
  readonly max?: number;
}

/**
 * Checks that an argument is a whole number in a range.
 *
 * @throws {TypeError} if it is no number.
 * @throws {RangeError} if it has a fraction, or is out of range.
 */
export function checkWholeNumber(
  value: unknown,
  { context, name, min, max = Number.MAX_SAFE_INTEGER }: WholeNumberCheck,
): asserts value is number {
  if (Number.isSafeInteger(value) && value as number >= min && value as number <= max) return;
  const argument = { context, name, expected: `a whole number from ${min} to ${max}`, value };
  throw typeof value === "number" ? wrongRange(argument) : wrongType(argument);
}

/**
 * Checks that an argument is an object with some properties of given types. This finds a missing
 * `await` and swapped arguments, not every object that is made by hand.
 *
 * @param value The argument.
 * @param check What is being done, what the argument is, and the `typeof` of its properties.
 * @throws {TypeError} if it is not.
 */
export function checkShape(
  value: unknown,
  { shape, ...argument }: Omit<WrongArgument, "value"> & {
    readonly shape: Readonly<Record<string, "function" | "number" | "object" | "string">>;
  },
): void {
  if (!hasShape(value, shape)) throw wrongType({ ...argument, value });
}

function hasShape(value: unknown, shape: Readonly<Record<string, string>>): boolean {
  if (typeof value !== "object" || value === null) return false;
  try {
    return Object.entries(shape).every(([key, type]) => {
      const property = (value as Record<string, unknown>)[key];
      return typeof property === type && property !== null;
    });
  } catch {
    return false;
  }
}
