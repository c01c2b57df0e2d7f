import { InputError } from "./errors.ts";
import { quote } from "./json.ts";
import { log } from "./math.ts";

/** Streams of one seed; making the last takes 255 jumps, 3 ms. */
const MAX_STREAMS = 256;

/**
 * The jump polynomial of xoshiro128 (D. Blackman and S. Vigna, `xoshiro128starstar.c` 1.1,
 * `jump()`): x^(2^64) modulo the characteristic polynomial of the generator, lowest power first.
 */
const JUMP_POLYNOMIAL = [0x8764000b, 0xf542d2d3, 0x6fa035c3, 0x77f2db5b];

/**
 * The seeded random generator: xoshiro128** 1.1, with the period 2^128 − 1 (D. Blackman and S.
 * Vigna, "Scrambled linear pseudorandom number generators", 2018, arXiv:1805.01407).
 *
 * A seed is expanded to the 128-bit state by two outputs of SplitMix64, as the authors recommend
 * (G. Steele, D. Lea and C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
 * The output of SplitMix64 is a bijection of its counter. So each seed has a different first
 * output, and at most one of two outputs is zero: the state is never all zero.
 *
 * Stream k of a seed starts k · 2^64 draws after stream 0 of the same sequence. Two streams do not
 * overlap before one of them has made 2^64 draws.
 *
 * The state is four numbers, from which {@linkcode Xoshiro128.fromState} continues the sequence
 * exactly.
 *
 * @example
 * ```ts
 * import { Xoshiro128 } from "./random.ts";
 *
 * const random = new Xoshiro128(1);
 * const weight = 0.01 * random.normal();
 * const same = Xoshiro128.fromState(random.state());
 * console.log(weight, random.uniform() === same.uniform()); // …, true
 * ```
 */
export class Xoshiro128 {
  readonly #s: Uint32Array = new Uint32Array(4);

  /**
   * Creates a generator at the start of a stream.
   *
   * @param seed A whole number from 0 to 2^53 − 1.
   * @param stream The stream of the seed: a whole number from 0 to 255.
   * @throws {InputError} if the seed is not such a number: it is part of configurations.
   * @throws {RangeError} if the stream is not such a number.
   */
  constructor(seed: number, stream = 0) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new InputError(
        'Cannot seed the random generator: "seed" must be a whole number from 0 to ' +
          `${Number.MAX_SAFE_INTEGER}, not ${quote(seed)}`,
        { option: "seed" },
      );
    }
    if (!Number.isInteger(stream) || stream < 0 || stream >= MAX_STREAMS) {
      throw new RangeError(
        `Cannot make random stream ${quote(stream)}: it must be a whole number from 0 to ` +
          `${MAX_STREAMS - 1}`,
      );
    }
    const first = splitMix64(BigInt(seed), 1n);
    const second = splitMix64(BigInt(seed), 2n);
    this.#s.set(
      [first, first >> 32n, second, second >> 32n].map((word) => Number(BigInt.asUintN(32, word))),
    );
    for (let k = 0; k < stream; k++) this.jump();
  }

  /**
   * Creates a generator that continues from a state, as {@linkcode Xoshiro128.state} returns it.
   *
   * @throws {RangeError} unless the state is four whole numbers from 0 to 2^32 − 1, not all 0.
   */
  static fromState(state: readonly number[]): Xoshiro128 {
    const isValid = Array.isArray(state) && state.length === 4 &&
      state.every((word) => Number.isInteger(word) && word === word >>> 0) &&
      state.some((word) => word !== 0);
    if (!isValid) {
      throw new RangeError(
        "Cannot restore the random generator: its state must be four whole numbers from 0 to " +
          "4294967295, not all 0",
      );
    }
    const generator = new Xoshiro128(0);
    generator.#s.set(state);
    return generator;
  }

  /** Returns a copy of the state: four whole numbers from 0 to 2^32 − 1, not all 0. */
  state(): readonly number[] {
    return [...this.#s];
  }

  /** Draws a whole number from 0 to 2^32 − 1. */
  nextUint32(): number {
    const s = this.#s;
    const s1 = s[1]!;
    const c = s[2]! ^ s[0]!;
    const d = s[3]! ^ s1;
    s[0]! ^= d;
    s[1] = s1 ^ c;
    s[2] = c ^ (s1 << 9);
    s[3] = rotateLeft(d, 11);
    return Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0;
  }

  /**
   * Draws a number in [0, 1), uniformly among the multiples of 2^-53. It takes two draws of 32
   * bits: 27 bits of the first above 26 of the second (M. Matsumoto's `genrand_res53`, 2002).
   */
  uniform(): number {
    const high = this.nextUint32() >>> 5;
    const low = this.nextUint32() >>> 6;
    return (high * 2 ** 26 + low) * 2 ** -53;
  }

  /**
   * Draws a number from the standard normal distribution, by the polar method (G. Marsaglia and
   * T. Bray, "A convenient method for generating normal variables", SIAM Review 6, 1964).
   *
   * The method yields two numbers. The second is dropped, as it would become part of the state.
   */
  normal(): number {
    while (true) {
      const x = 2 * this.uniform() - 1;
      const y = 2 * this.uniform() - 1;
      const r = x * x + y * y;
      if (r > 0 && r < 1) return x * Math.sqrt(-2 * log(r) / r);
    }
  }

  /**
   * Jumps 2^64 draws ahead: from the start of a stream to the start of the next one, of which there
   * may be any number.
   */
  jump(): void {
    // Evaluates the jump polynomial at the transition of the state.
    const sum = new Uint32Array(4);
    for (const coefficients of JUMP_POLYNOMIAL) {
      for (let bit = 0; bit < 32; bit++) {
        if ((coefficients >>> bit) & 1) {
          this.#s.forEach((word, i) => sum[i]! ^= word);
        }
        this.nextUint32();
      }
    }
    this.#s.set(sum);
  }
}

/**
 * The n-th output of SplitMix64 for a seed, counted from 1 (constants: S. Vigna's `splitmix64.c`).
 */
function splitMix64(seed: bigint, n: bigint): bigint {
  let z = BigInt.asUintN(64, seed + n * 0x9e3779b97f4a7c15n);
  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return z ^ (z >> 31n);
}

/** Rotates the low 32 bits of a word. */
function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
