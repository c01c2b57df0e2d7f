import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { drawIndex, type SamplingFilters, samplingWeights } from "../../src/generate/sampling.ts";
import { Xoshiro128 } from "../../src/random.ts";

const anyLogits = fc.array(fc.double({ min: -20, max: 20, noNaN: true }), {
  minLength: 1,
  maxLength: 12,
}).map((logits) => Float64Array.from(logits));
const anyTemperature = fc.double({ min: 0.05, max: 5, noNaN: true });

/** Weights divided by their sum. */
function normalized(weights: ArrayLike<number>): number[] {
  const sum = Array.from(weights).reduce((a, b) => a + b, 0);
  return Array.from(weights, (weight) => weight / sum);
}

/** The distribution by definition: softmax(logits / temperature), filtered step by step. */
function definition(
  logits: Float64Array,
  { temperature = 1, topK, topP }: SamplingFilters,
): number[] {
  const scaled = Array.from(logits, (y) => y / temperature);
  const maximum = Math.max(...scaled);
  let kept = normalized(scaled.map((y) => Math.exp(y - maximum)))
    .map((probability, id) => ({ probability, id }))
    .toSorted((a, b) => logits[b.id]! - logits[a.id]! || a.id - b.id);
  if (topK !== undefined) kept = kept.slice(0, topK);
  const shares = normalized(kept.map(({ probability }) => probability));
  if (topP !== undefined && topP < 1) {
    let sum = 0;
    kept = kept.filter((_, i) => {
      const isNeeded = sum < topP;
      sum += shares[i]!;
      return isNeeded;
    });
  }
  const result = new Array<number>(logits.length).fill(0);
  const probabilities = normalized(kept.map(({ probability }) => probability));
  kept.forEach(({ id }, i) => result[id] = probabilities[i]!);
  return result;
}

function assertNear(actual: readonly number[], expected: readonly number[]): void {
  actual.forEach((p, id) =>
    assert(Math.abs(p - expected[id]!) < 1e-12, `${actual}, not ${expected}`)
  );
}

Deno.test("samplingWeights() applies temperature, then top-k, then top-p", () => {
  const anyShare = fc.double({ min: 0.001, max: 1, noNaN: true });
  fc.assert(
    fc.property(
      anyLogits,
      anyTemperature,
      fc.option(fc.integer({ min: 1, max: 15 }), { nil: undefined }),
      fc.option(anyShare, { nil: undefined }),
      (logits, temperature, topK, topP) => {
        const filters = {
          temperature,
          ...(topK !== undefined && { topK }),
          ...(topP !== undefined && { topP }),
        };
        assertNear(normalized(samplingWeights(logits, filters)), definition(logits, filters));
      },
    ),
    { numRuns: 2000 },
  );
});

Deno.test("samplingWeights() agrees with distributions computed by hand", () => {
  // Sixteenths, so that sums are exact.
  const logits = Float64Array.from([2, 8, 1, 4, 1], (x) => Math.log(x / 16));
  const of = (filters: SamplingFilters) => normalized(samplingWeights(logits, filters));
  assertNear(of({}), [2 / 16, 8 / 16, 1 / 16, 4 / 16, 1 / 16]);
  assertNear(of({ topK: 1 }), [0, 1, 0, 0, 0]);
  assertNear(of({ topK: 2 }), [0, 8 / 12, 0, 4 / 12, 0]);
  // Of the two that are equal, the lower id is kept.
  assertNear(of({ topK: 4 }), [2 / 15, 8 / 15, 1 / 15, 4 / 15, 0]);
  assertNear(of({ topK: 99, topP: 1 }), [2 / 16, 8 / 16, 1 / 16, 4 / 16, 1 / 16]);
  assertNear(of({ topP: 1e-9 }), [0, 1, 0, 0, 0]);
  assertNear(of({ topP: 0.49 }), [0, 1, 0, 0, 0]);
  assertNear(of({ topP: 0.51 }), [0, 8 / 12, 0, 4 / 12, 0]);
  assertNear(of({ topP: 0.76 }), [2 / 14, 8 / 14, 0, 4 / 14, 0]);
  assertNear(of({ topP: 0.88 }), [2 / 15, 8 / 15, 1 / 15, 4 / 15, 0]);
  assertNear(of({ topP: 0.95 }), [2 / 16, 8 / 16, 1 / 16, 4 / 16, 1 / 16]);
  // Top-k keeps 8, 4 and 2 of 14; the first has more than half.
  assertNear(of({ topK: 3, topP: 0.55 }), [0, 1, 0, 0, 0]);
  assertNear(of({ topK: 3, topP: 0.6 }), [0, 8 / 12, 0, 4 / 12, 0]);
  // At temperature 1/2 the probabilities are squared: 4, 64, 1, 16 and 1 of 86.
  assertNear(of({ temperature: 0.5, topP: 0.74 }), [0, 1, 0, 0, 0]);
  assertNear(of({ temperature: 0.5, topP: 0.75 }), [0, 64 / 80, 0, 16 / 80, 0]);
});

Deno.test("samplingWeights() handles extreme logits, temperatures and shares", () => {
  const logits = Float64Array.of(1e300, -1e300, 1e300, 0);
  assertEquals([...samplingWeights(logits, { temperature: 1e-300 })], [1, 0, 1, 0]);
  assertEquals([...samplingWeights(logits, { temperature: 1e-300, topK: 1 })], [1, 0, 0, 0]);
  assertEquals([...samplingWeights(logits, { temperature: 1e-300, topP: 0.5 })], [1, 0, 0, 0]);
  assertEquals([...samplingWeights(new Float64Array(4), { topP: 1, topK: 4 })], [1, 1, 1, 1]);
  assertEquals([...samplingWeights(Float64Array.of(0, -800), { topP: 1 })], [1, 0]);
  // With a top-p of 1 it is kept, although it does not change the sum.
  assertEquals([...samplingWeights(Float64Array.of(0, -40), { topP: 1 })], [1, Math.exp(-40)]);
});

Deno.test("drawIndex() returns each id for its share of the interval from 0 to 1", () => {
  const weights = Float64Array.of(0, 3, 0, 1, 4, 0);
  for (let i = 0; i < 8; i++) {
    const expected = i < 3 ? 1 : i < 4 ? 3 : 4;
    assertEquals(drawIndex(weights, i / 8), expected);
    assertEquals(drawIndex(weights, (i + 1) / 8 - 2 ** -53), expected);
  }
  const random = new Xoshiro128(1);
  fc.assert(fc.property(anyLogits, anyTemperature, (logits, temperature) => {
    const drawn = drawIndex(samplingWeights(logits, { temperature, topK: 3 }), random.uniform());
    assert(samplingWeights(logits, { temperature, topK: 3 })[drawn]! > 0);
  }));
});
