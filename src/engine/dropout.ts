import { checkArguments, checkWholeNumber, optionsSchema } from "../arguments.ts";
import { real, wholeNumber } from "../schemas.ts";

/** Dropout of a forward pass and of the backward pass that follows. */
export interface Dropout {
  /** The probability with which a number is dropped between layers: 0 to below 1. */
  readonly probability: number;
  /** Determines which numbers are dropped: a whole number from 0 to 2^53 − 1. */
  readonly seed: number;
}

const schema = optionsSchema({}, {
  probability: real((x) => x >= 0 && x < 1, "a number from 0 up to, not including, 1"),
  seed: wholeNumber(0),
});

/**
 * Checks the dropout of a forward pass.
 *
 * @throws {RangeError} If a number is out of range.
 * @throws {TypeError} If it is not an object of the two numbers.
 */
export function checkDropout(dropout: Dropout): Dropout {
  return checkArguments(dropout, { schema, context: "Cannot run a forward pass with dropout" });
}

/**
 * The dropout seed of a step, so that a repeated or resumed step drops the same numbers.
 *
 * The kernels take a seed of 53 bits, the whole numbers that a double holds exactly. Its upper 21 bits
 * are the lowest of the run's seed, its lower 32 bits those of the step.
 *
 * @param seed The seed of the run: a whole number, 0 or above.
 * @param step The step, from 0.
 * @throws {RangeError} If one is out of range.
 * @throws {TypeError} If one is not a number.
 *
 * @example
 * ```ts
 * import { dropoutSeed } from "./dropout.ts";
 *
 * console.log(dropoutSeed(1, 2)); // 4294967298
 * ```
 */
export function dropoutSeed(seed: number, step: number): number {
  const context = "Cannot make a dropout seed";
  checkWholeNumber(seed, { context, name: "seed", min: 0 });
  checkWholeNumber(step, { context, name: "step", min: 0 });
  return seed % 2 ** 21 * 2 ** 32 + step % 2 ** 32;
}
