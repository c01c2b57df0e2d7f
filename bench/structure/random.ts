/** Random choices of the generators of text. */
import { Xoshiro128 } from "../../src/random.ts";

/** Draws whole numbers and choices by a seed. */
export class Choices {
  readonly #random: Xoshiro128;

  /** Starts at the beginning of a seed's stream. */
  constructor(seed: number) {
    this.#random = new Xoshiro128(seed);
  }

  /** A whole number from `low` to `high`. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.#random.uniform() * (high - low + 1));
  }

  /** One of some values. */
  one<T>(values: readonly T[]): T {
    return values[this.integer(0, values.length - 1)]!;
  }

  /** Whether an event of this probability happens. */
  happens(probability: number): boolean {
    return this.#random.uniform() < probability;
  }
}
