import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../src/errors.ts";
import { Xoshiro128 } from "../src/random.ts";

const seeds = fc.maxSafeNat();
const states = fc.array(fc.nat(0xffffffff), { minLength: 4, maxLength: 4 })
  .filter((words) => words.some((word) => word !== 0));

function draws(random: Xoshiro128, count: number): number[] {
  return Array.from({ length: count }, () => random.nextUint32());
}

/** xoshiro128** 1.1 line by line from the paper, in arithmetic that cannot overflow. */
function slowDraws(state: readonly number[], count: number): number[] {
  const modulus = 1n << 32n;
  const rotate = (x: bigint, k: bigint) => ((x << k) % modulus) + x / (1n << (32n - k));
  let [s0, s1, s2, s3] = state.map(BigInt) as [bigint, bigint, bigint, bigint];
  return Array.from({ length: count }, () => {
    const result = (rotate((s1 * 5n) % modulus, 7n) * 9n) % modulus;
    const t = (s1 << 9n) % modulus;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= t;
    s3 = rotate(s3, 11n);
    return Number(result);
  });
}

Deno.test("Xoshiro128 draws the published numbers of the reference implementation", () => {
  // From state 1, 2, 3, 4: printed by xoshiro128starstar.c, quoted in the tests of rand_xoshiro.
  assertEquals(draws(Xoshiro128.fromState([1, 2, 3, 4]), 10), [
    11520,
    0,
    5927040,
    70819200,
    2031721883,
    1637235492,
    1287239034,
    3734860849,
    3729100597,
    4258142804,
  ]);
});

Deno.test("Xoshiro128.nextUint32() equals a slow transcription from any state", () => {
  fc.assert(fc.property(states, (state) => {
    assertEquals(
      draws(Xoshiro128.fromState(state), 100),
      slowDraws(state, 100),
    );
  }));
});

Deno.test("Xoshiro128 expands the seed by the published outputs of SplitMix64", () => {
  // Seed 0 gives e220a8397b1dcdaf, 6e789e6aa1b965f4, low words first.
  assertEquals(new Xoshiro128(0).state(), [
    0x7b1dcdaf,
    0xe220a839,
    0xa1b965f4,
    0x6e789e6a,
  ]);
});

Deno.test("Xoshiro128 starts stream k at k · 2^64 draws after stream 0", () => {
  // The step is linear over GF(2): a matrix of 128 columns, squared 64 times.
  const toBits = (state: readonly number[]) =>
    state.reduceRight((bits, word) => (bits << 32n) | BigInt(word), 0n);
  const toWords = (bits: bigint) =>
    [0n, 32n, 64n, 96n].map((at) => Number(BigInt.asUintN(32, bits >> at)));
  let power = Array.from({ length: 128 }, (_, i) => {
    const random = Xoshiro128.fromState(toWords(1n << BigInt(i)));
    random.nextUint32();
    return toBits(random.state());
  });
  const product = (columns: readonly bigint[], vector: bigint) =>
    columns.reduce(
      (sum, column, i) => (vector >> BigInt(i)) & 1n ? sum ^ column : sum,
      0n,
    );
  for (let i = 0; i < 64; i++) {
    power = power.map((column) => product(power, column));
  }
  for (const seed of [0, 1, Number.MAX_SAFE_INTEGER]) {
    let bits = toBits(new Xoshiro128(seed).state());
    for (const stream of [1, 2, 3]) {
      bits = product(power, bits);
      assertEquals(new Xoshiro128(seed, stream).state(), toWords(bits));
    }
  }
});

Deno.test("Xoshiro128 has distinct states for seeds and streams, never all zero", () => {
  const seen = new Map<string, string>();
  const add = (seed: number, stream: number) => {
    const state = new Xoshiro128(seed, stream).state();
    assert(state.some((word) => word !== 0));
    const name = `${seed}/${stream}`;
    const earlier = seen.get(state.join());
    assert(
      earlier === undefined || earlier === name,
      `${name} is like ${earlier}`,
    );
    seen.set(state.join(), name);
  };
  for (let seed = 0; seed < 1000; seed++) {
    // Beside small seeds, those that differ only above bit 32, and the largest.
    for (
      const each of [seed, seed * 2 ** 32, Number.MAX_SAFE_INTEGER - seed]
    ) {
      add(each, 0);
      add(each, 1);
    }
  }
  for (let stream = 0; stream < 256; stream++) add(1, stream);
});

Deno.test("Xoshiro128.fromState() continues the sequence of state()", () => {
  fc.assert(
    fc.property(seeds, fc.nat(3), fc.nat(20), (seed, stream, before) => {
      const random = new Xoshiro128(seed, stream);
      for (let i = 0; i < before; i++) random.normal();
      const state = random.state();
      const restored = Xoshiro128.fromState(JSON.parse(JSON.stringify(state)));
      const next = (r: Xoshiro128) => [r.normal(), r.uniform(), r.nextUint32()];
      assertEquals(next(restored), next(random));
      assertEquals(restored.state(), random.state());
      // The state that was handed out is a copy.
      assertEquals(Xoshiro128.fromState(state).state(), state);
    }),
  );
});

Deno.test("Xoshiro128.uniform() takes the top bits of two draws", () => {
  fc.assert(fc.property(states, (state) => {
    const [high, low] = slowDraws(state, 2).map(BigInt) as [bigint, bigint];
    const bits = ((high >> 5n) << 26n) | (low >> 6n);
    assertEquals(
      Xoshiro128.fromState(state).uniform(),
      Number(bits) / 2 ** 53,
    );
  }));
});

/** The mean of `f` over a million draws. */
function mean(draw: () => number, f: (x: number) => number): number {
  let sum = 0;
  for (let i = 0; i < 1e6; i++) sum += f(draw());
  return sum / 1e6;
}

/** Fails unless `actual` is within five standard errors, for a deviation `sigma` of one draw. */
function assertMean(actual: number, expected: number, sigma: number): void {
  assertLess(Math.abs(actual - expected), 5 * sigma / 1e3);
}

Deno.test("Xoshiro128.uniform() has the moments of the uniform distribution", () => {
  const random = new Xoshiro128(7);
  const draw = () => {
    const x = random.uniform();
    assert(x >= 0 && x < 1);
    return x;
  };
  // E x^k = 1 / (k + 1); the variance of x^k is 1 / (2k + 1) − 1 / (k + 1)^2.
  for (const k of [1, 2, 3, 4]) {
    const sigma = Math.sqrt(1 / (2 * k + 1) - 1 / (k + 1) ** 2);
    assertMean(mean(draw, (x) => x ** k), 1 / (k + 1), sigma);
  }
  assertMean(mean(draw, (x) => x < 1 / 256 ? 1 : 0), 1 / 256, 1 / 16);
});

Deno.test("Xoshiro128.normal() has the moments and tails of the normal distribution", () => {
  const random = new Xoshiro128(7, 1);
  const draw = () => random.normal();
  // E x^k and the deviation of x^k, from E x^2k = (2k − 1)!!.
  assertMean(mean(draw, (x) => x), 0, 1);
  assertMean(mean(draw, (x) => x ** 2), 1, Math.sqrt(2));
  assertMean(mean(draw, (x) => x ** 3), 0, Math.sqrt(15));
  assertMean(mean(draw, (x) => x ** 4), 3, Math.sqrt(96));
  // P(x > z), from tables of the normal distribution.
  for (
    const [z, p] of [
      [0, 0.5],
      [1, 0.15865525],
      [2, 0.02275013],
      [3, 0.0013498980],
      [4, 0.0000316712],
    ] as const
  ) {
    const sigma = Math.sqrt(p * (1 - p));
    assertMean(mean(draw, (x) => x > z ? 1 : 0), p, sigma);
    assertMean(mean(draw, (x) => x < -z ? 1 : 0), p, sigma);
  }
});

Deno.test("Xoshiro128 streams of one seed are uncorrelated", () => {
  const first = new Xoshiro128(3, 0);
  const second = new Xoshiro128(3, 1);
  assertMean(mean(() => first.normal() * second.normal(), (x) => x), 0, 1);
});

Deno.test("Xoshiro128 rejects invalid seeds, streams and states", () => {
  for (const seed of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
    assertThrows(() => new Xoshiro128(seed), InputError, `not ${seed}`);
  }
  for (const stream of [-1, 0.5, NaN, 256]) {
    assertThrows(() => new Xoshiro128(1, stream), RangeError, `${stream}: `);
  }
  const wrong = [
    [],
    [1, 2, 3],
    [1, 2, 3, 4, 5],
    [0, 0, 0, 0],
    [1, 2, 3, 2 ** 32],
    [1, 2, 3, -1],
    [1, 2, 3, 0.5],
    [1, 2, 3, NaN],
    "1234",
    null,
  ];
  for (const state of wrong) {
    assertThrows(
      () => Xoshiro128.fromState(state as readonly number[]),
      RangeError,
      "four whole numbers",
    );
  }
});
