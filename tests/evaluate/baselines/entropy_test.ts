import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { uniformEntropy, unigramEntropy } from "../../../src/evaluate/baselines/entropy.ts";

Deno.test("uniformEntropy() is the logarithm of the number of characters that occur", () => {
  assertEquals(uniformEntropy([5]), 0);
  assertAlmostEquals(uniformEntropy([1, 9, 1]), 1.0986122886681098, 1e-14); // ln 3
  assertAlmostEquals(uniformEntropy([1, 0, 9, 0]), 0.6931471805599453, 1e-14); // ln 2
});

Deno.test("unigramEntropy() is −Σ p ln p", () => {
  assertEquals(unigramEntropy([7]), 0);
  assertAlmostEquals(unigramEntropy([3, 3]), 0.6931471805599453, 1e-14); // ln 2
  assertAlmostEquals(unigramEntropy([2, 1, 1]), 1.0397207708399179, 1e-14); // 1.5 ln 2
  assertAlmostEquals(unigramEntropy([3, 1]), 0.5623351446188083, 1e-14); // ln 4 − 0.75 ln 3
  assertAlmostEquals(unigramEntropy([0, 3, 0, 1]), 0.5623351446188083, 1e-14);
});

Deno.test("unigramEntropy() is between 0 and uniformEntropy(), and equal for equal counts", () => {
  const anyCounts = fc.array(fc.nat(1e9), { minLength: 1, maxLength: 300 })
    .filter((counts) => counts.some((count) => count > 0));
  fc.assert(fc.property(anyCounts, (counts) => {
    const nats = unigramEntropy(counts);
    assert(nats >= 0 && nats <= uniformEntropy(counts) + 1e-12);
  }));
  fc.assert(fc.property(fc.integer({ min: 1, max: 300 }), (V) => {
    const counts = new Array<number>(V).fill(4);
    assertAlmostEquals(unigramEntropy(counts), uniformEntropy(counts), 1e-12);
  }));
});

Deno.test("uniformEntropy() and unigramEntropy() throw without a positive count", () => {
  for (const counts of [[], [0], [0, 0]]) {
    assertThrows(() => uniformEntropy(counts), RangeError, "at least one count");
    assertThrows(() => unigramEntropy(counts), RangeError, "at least one count");
  }
});
