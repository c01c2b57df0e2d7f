/** Schemas of the values that options and configurations have, with messages of what is right. */

import * as v from "valibot";

/** A whole number from `low` to `high`; by default any that is not below `low`. */
export function wholeNumber(
  low: number,
  high: number = Number.MAX_SAFE_INTEGER,
): v.GenericSchema<number> {
  const expected = `must be a whole number from ${low} to ${high}`;
  return v.pipe(
    v.number(expected),
    v.check((n) => Number.isSafeInteger(n) && n >= low && n <= high, expected),
  );
}

/** A finite number of some range, which `expected` describes, for example "a number above 0". */
export function real(accepts: (x: number) => boolean, expected: string): v.GenericSchema<number> {
  const message = `must be ${expected}`;
  return v.pipe(
    v.number(message),
    v.check((x) => Number.isFinite(x) && accepts(x), message),
  );
}

/** One of some names. */
export function oneOf<const Names extends readonly string[]>(
  names: Names,
): v.GenericSchema<Names[number]> {
  return v.picklist(names, `must be one of ${names.join(", ")}`);
}

/** A finite number above 0. */
export const positive = real((x) => x > 0, "a finite number above 0");

/** `true` or `false`. */
export const flag: v.GenericSchema<boolean> = v.boolean("must be true or false");

/** A string. */
export const text: v.GenericSchema<string> = v.string("must be a string");

/** A function that the callee calls. */
// deno-lint-ignore no-explicit-any -- each use declares the arguments in its own type
export const callback: v.GenericSchema<any> = v.custom<any>(
  (value) => typeof value === "function",
  "must be a function",
);

/** The signal of an `AbortController`. */
export const signal: v.GenericSchema<AbortSignal> = v.instance(
  AbortSignal,
  "must be an AbortSignal",
);

/** Any value: the callee checks it by itself. */
// deno-lint-ignore no-explicit-any -- each use declares its own type
export const unchecked: v.GenericSchema<any> = v.any();
