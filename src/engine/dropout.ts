/** Dropout of a forward pass and of the backward pass that follows. */
export interface Dropout {
  /** The probability with which a number is dropped between layers: 0 to below 1. */
  readonly probability: number;
  /** Determines which numbers are dropped: a whole number from 0 to 2^53 − 1. */
  readonly seed: number;
}

/**
 * The dropout seed of a step, so that a repeated or resumed step drops the same numbers.
 *
 * The kernels take a seed of 53 bits, the whole numbers that a double holds exactly. Its upper 21 bits
 * are the lowest of the run's seed, its lower 32 bits those of the step.
 *
 * @example
 * ```ts
 * import { dropoutSeed } from "./dropout.ts";
 *
 * console.log(dropoutSeed(1, 2)); // 4294967298
 * ```
 */
export function dropoutSeed(seed: number, step: number): number {
  return seed % 2 ** 21 * 2 ** 32 + step % 2 ** 32;
}
