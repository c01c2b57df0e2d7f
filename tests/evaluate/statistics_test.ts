import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import fc from "fast-check";
import { uniformNats, unigramNats } from "../../src/evaluate/statistics.ts";

function assertNear(actual: number, expected: number) {
  assertLess(Math.abs(actual - expected), 1e-14);
}

Deno.test("uniform nats are the logarithm of the number of characters", () => {
  assertEquals(uniformNats([5]), 0);
  assertNear(uniformNats([1, 9, 1]), 1.0986122886681098); // ln 3
  assertNear(uniformNats([1, 0, 9, 0]), 0.6931471805599453); // ln 2
});

Deno.test("unigram nats are the entropy of the counts", () => {
  assertEquals(unigramNats([7]), 0);
  assertNear(unigramNats([3, 3]), 0.6931471805599453); // ln 2
  assertNear(unigramNats([2, 1, 1]), 1.0397207708399179); // 1.5 ln 2
  assertNear(unigramNats([3, 1]), 0.5623351446188083); // ln 4 − 0.75 ln 3
  assertNear(unigramNats([0, 3, 0, 1]), 0.5623351446188083);
});

Deno.test("unigram nats lie between 0 and uniform nats, and are equal for equal counts", () => {
  const counts = fc.array(fc.nat(1e9), { minLength: 1, maxLength: 300 })
    .filter((each) => each.some((count) => count > 0));
  fc.assert(fc.property(counts, (counts) => {
    const nats = unigramNats(counts);
    assert(nats >= 0 && nats <= uniformNats(counts) + 1e-12);
  }));
  fc.assert(fc.property(fc.integer({ min: 1, max: 300 }), (V) => {
    const counts = new Array<number>(V).fill(4);
    assertLess(Math.abs(unigramNats(counts) - uniformNats(counts)), 1e-12);
  }));
});

Deno.test("a text without characters has no statistics", () => {
  for (const counts of [[], [0], [0, 0]]) {
    assertThrows(() => uniformNats(counts), RangeError, "at least one count");
    assertThrows(() => unigramNats(counts), RangeError, "at least one count");
  }
});
