import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { BigramModel } from "../../src/evaluate/baselines.ts";

function finish<T>(work: Iterator<unknown, T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

const anyIds = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 2, maxLength: 60 });
const textOf = (ids: readonly number[]) => ({
  read: (start: number, count: number) => Uint32Array.from(ids.slice(start, start + count)),
});

Deno.test("every distribution sums to 1, and leaves something to what was never seen", () => {
  fc.assert(fc.property(anyIds, (ids) => {
    const frequencies = new BigramModel(6);
    finish(frequencies.count(textOf(ids), [0, ids.length]));
    const kinds = [0, 1, 2, 3, 4, 5];
    const sum = (p: (b: number) => number) => kinds.reduce((sum, b) => sum + p(b), 0);
    assert(Math.abs(sum((b) => frequencies.unigram(b)) - 1) < 1e-12);
    assert(frequencies.unigram(5) > 0);
    for (const a of kinds) {
      assert(Math.abs(sum((b) => frequencies.bigram(a, b)) - 1) < 1e-12);
      assert(kinds.every((b) => frequencies.bigram(a, b) > 0));
    }
  }));
});

Deno.test("cross-entropies are those of the formulas, stretch by stretch", () => {
  fc.assert(fc.property(anyIds, anyIds, anyIds, (trained, one, other) => {
    const ids = [...trained, ...one, ...other];
    const frequencies = new BigramModel(5);
    finish(frequencies.count(textOf(ids), [0, trained.length]));
    const middle = trained.length + one.length;
    const spans = [[trained.length, middle], [middle, ids.length]] as const;
    const measured = finish(frequencies.measure(textOf(ids), spans));
    // The same by looking through the whole text for each character.
    const count = (a: number | null, b: number | null) =>
      trained.filter((id, i) => {
        if (a === null) return b === null || id === b;
        return i > 0 && trained[i - 1] === a && (b === null || id === b);
      }).length;
    let [unigram, bigram, n] = [0, 0, 0];
    for (const part of [one, other]) {
      for (let i = 1; i < part.length; i++) {
        const [a, b] = [part[i - 1]!, part[i]!];
        const p = (count(null, b) + 1) / (trained.length + 5);
        const kinds = [0, 1, 2, 3, 4].filter((kind) => count(a, kind) > 0).length;
        unigram -= Math.log(p);
        bigram -= Math.log(
          kinds === 0 ? p : (count(a, b) + kinds * p) / (count(a, null) + kinds),
        );
        n++;
      }
    }
    assert(Math.abs(measured.unigram - unigram / n) < 1e-12);
    assert(Math.abs(measured.bigram - bigram / n) < 1e-12);
  }));
});

Deno.test("the conditional entropy is that of pairs less that of their first characters", () => {
  const entropy = (of: readonly unknown[]) => {
    const counts = new Map<unknown, number>();
    for (const each of of) counts.set(each, (counts.get(each) ?? 0) + 1);
    return [...counts.values()].reduce(
      (sum, c) => sum - c / of.length * Math.log(c / of.length),
      0,
    );
  };
  fc.assert(fc.property(anyIds, (ids) => {
    const frequencies = new BigramModel(5);
    finish(frequencies.count(textOf(ids), [0, ids.length]));
    const nats = frequencies.conditionalEntropy();
    const pairs = ids.slice(1).map((id, i) => `${ids[i]} ${id}`);
    assert(Math.abs(nats - (entropy(pairs) - entropy(ids.slice(0, -1)))) < 1e-12);
    // The chain rule leaves it no more than the entropy of the characters predicted.
    assert(nats >= 0 && nats <= entropy(ids.slice(1)) + 1e-12);
    // Smoothing costs something on the very text that was counted.
    const { bigram } = finish(frequencies.measure(textOf(ids), [[0, ids.length]]));
    assert(bigram >= nats - 1e-12);
  }));
});

Deno.test("what has no pair has no conditional entropy", () => {
  const frequencies = new BigramModel(5);
  finish(frequencies.count(textOf([3]), [0, 1]));
  assertThrows(
    () => frequencies.conditionalEntropy(),
    RangeError,
    "at least 2 characters in a row",
  );
});

Deno.test("counting and measuring pause after each piece", () => {
  const ids = Array.from({ length: 200_000 }, (_, i) => i % 7 % 5);
  const frequencies = new BigramModel(5);
  let pauses = 0;
  for (const _ of frequencies.count(textOf(ids), [0, ids.length])) pauses++;
  assertEquals(pauses, 4);
  const { bigram, unigram } = finish(frequencies.measure(textOf(ids), [[0, ids.length]]));
  assert(bigram < unigram);
});
