/** Modules with memory for the tests of single kernels. */

import { assertEquals } from "@std/assert";
import { type Constants, instantiate, type Kernels } from "../../src/engine/kernels/instance.ts";
import type { Precision, RealArray } from "../../src/model/parameters.ts";
import { Xoshiro128 } from "../../src/random.ts";

/** Every precision. */
export const precisions = ["f32", "f32-strict", "f64"] as const;

/** `count` numbers of a precision in memory. */
export function realsAt(
  buffer: ArrayBufferLike,
  { precision, address = 0, count }: {
    readonly precision: Precision;
    readonly address?: number;
    readonly count?: number;
  },
): RealArray {
  return precision === "f64"
    ? new Float64Array(buffer, address, count)
    : new Float32Array(buffer, address, count);
}

/** The number in every place of an {@linkcode Arena} that no kernel may write. */
export const GUARD = -12345;
/** Guards before and behind every area. */
const GUARDS = 16;
/** Numbers of an arena. */
const CAPACITY = 2 ** 20;
/** The constants of a module lie below this address. */
const FIRST_ADDRESS = 4096;

/** Memory of a module for areas of numbers, each between guards. */
export class Arena {
  readonly kernels: Kernels;
  readonly constants: Constants;
  readonly precision: Precision;
  /** The whole memory. */
  readonly numbers: RealArray;
  /** Bytes of a number. */
  readonly real: number;
  /** Numbers of a vector. */
  readonly lanes: number;
  readonly #random = new Xoshiro128(1);
  #next = 0;

  constructor(precision: Precision) {
    // The hidden states of so many steps reserve the memory; no kernel that is tested uses them.
    const sizes = { inputs: 1, hidden: 64, outputs: 1, seqLength: CAPACITY / 64, batchSize: 1 };
    const { kernels, constants, memory } = instantiate(precision, sizes);
    this.kernels = kernels;
    this.constants = constants;
    this.precision = precision;
    this.numbers = realsAt(memory.buffer, { precision });
    this.real = this.numbers.BYTES_PER_ELEMENT;
    this.lanes = 16 / this.real;
    this.#next = this.numbers.length;
    this.clear();
  }

  /** Frees all areas. */
  clear(): void {
    const first = FIRST_ADDRESS / this.real;
    this.numbers.fill(GUARD, first, Math.min(this.#next + 2 * GUARDS, this.numbers.length));
    this.#next = first;
  }

  /** Reserves `count` numbers and returns the index of the first. */
  space(count: number): number {
    const index = this.#next + GUARDS;
    this.#next = index + Math.ceil((count + GUARDS) / GUARDS) * GUARDS;
    if (this.#next > this.numbers.length) throw new Error(`No space for ${count} numbers`);
    return index;
  }

  /** Reserves `count` numbers, fills them with random ones, and returns the index of the first. */
  random(count: number): number {
    const index = this.space(count);
    for (let i = 0; i < count; i++) this.numbers[index + i] = this.#random.normal();
    return index;
  }

  /** The address of an index, or the bytes of a count. */
  bytes(index: number): number {
    return index * this.real;
  }

  /** Space for a packed block of A; the address. */
  scratchA(): number {
    return this.bytes(this.space(this.constants.PACKED_A_BYTES / this.real));
  }

  /** Asserts that `count` numbers from an index on are guards. */
  assertGuards(index: number, count: number, what: string): void {
    for (let i = 0; i < count; i++) assertEquals(this.numbers[index + i], GUARD, what);
  }

  /** Asserts that the guards around an area are intact. */
  assertGuarded(index: number, count: number, what: string): void {
    this.assertGuards(index - GUARDS, GUARDS, `before ${what}`);
    this.assertGuards(index + count, GUARDS, `behind ${what}`);
  }
}
