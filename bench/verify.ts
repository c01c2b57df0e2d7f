import { assert } from "@std/assert";

/** Asserts that what is about to be timed is right: equal to what is known, up to rounding. */
export function verify(
  what: string,
  actual: ArrayLike<number>,
  wanted: ArrayLike<number>,
  tolerance: number,
): void {
  let size = 0;
  for (let i = 0; i < wanted.length; i++) size = Math.max(size, Math.abs(wanted[i]!));
  assert(actual.length === wanted.length, `${what}: ${actual.length} numbers`);
  for (let i = 0; i < wanted.length; i++) {
    const error = Math.abs(actual[i]! - wanted[i]!) / size;
    assert(error <= tolerance, `${what}: number ${i} is off by ${error}`);
  }
}
