import { assert } from "@std/assert";

/** What {@linkcode verify} compares, and how closely. */
export interface VerifyOptions {
  /** Names the numbers in the error. */
  readonly name: string;
  /** The largest error allowed, relative to the largest expected magnitude. */
  readonly tolerance: number;
}

/**
 * Verifies results before the code that computes them is timed.
 *
 * @throws {AssertionError} if the lengths differ or a number is off by more than the tolerance.
 */
export function verify(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { name, tolerance }: VerifyOptions,
): void {
  assert(
    actual.length === expected.length,
    `${name}: ${actual.length} numbers instead of ${expected.length}`,
  );
  let scale = 0;
  for (let i = 0; i < expected.length; i++) scale = Math.max(scale, Math.abs(expected[i]!));
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!) / scale;
    assert(error <= tolerance, `${name}: element ${i} has a relative error of ${error}`);
  }
}
