import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { BigramModel } from "../../../src/evaluate/baselines/bigram.ts";
import { runToEnd } from "../../../src/event_loop.ts";
import type { Span } from "../../../src/text/split.ts";
import { textOf } from "../../text/ids.ts";

const anyIds = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 2, maxLength: 60 });

/** A model of a vocabulary of 6 characters, the last of which is never counted. */
function modelOf(ids: readonly number[]): BigramModel {
  const model = new BigramModel(6);
  runToEnd(model.countInSlices(textOf(ids), [0, ids.length]));
  return model;
}

/** −Σ p ln p of the frequencies of values. */
function entropy(values: readonly unknown[]): number {
  const counts = Map.groupBy(values, (value) => value).values();
  return Array.from(counts, ({ length }) => length / values.length)
    .reduce((sum, p) => sum - p * Math.log(p), 0);
}

Deno.test("BigramModel distributions sum to 1 and give unseen characters some probability", () => {
  fc.assert(fc.property(anyIds, (ids) => {
    const model = modelOf(ids);
    const vocabulary = [0, 1, 2, 3, 4, 5];
    const assertDistribution = (p: (b: number) => number) => {
      const probabilities = vocabulary.map(p);
      assert(Math.abs(probabilities.reduce((a, b) => a + b) - 1) < 1e-12);
      assert(probabilities.every((probability) => probability > 0));
    };
    assertDistribution((b) => model.unigram(b));
    for (const a of vocabulary) assertDistribution((b) => model.bigram(a, b));
  }));
});

Deno.test("BigramModel.lossInSlices() is the mean of −ln P by the formulas, span by span", () => {
  fc.assert(fc.property(anyIds, anyIds, anyIds, (training, first, second) => {
    const ids = [...training, ...first, ...second];
    const middle = training.length + first.length;
    const spans: Span[] = [[training.length, middle], [middle, ids.length]];
    const losses = runToEnd(modelOf(training).lossInSlices(textOf(ids), spans));

    const pairs = training.slice(1).map((b, i) => [training[i]!, b] as const);
    const unigramOf = (b: number) =>
      (training.filter((id) => id === b).length + 1) / (training.length + 6);
    const bigramOf = (a: number, b: number) => {
      const after = pairs.filter(([first]) => first === a).map(([, second]) => second);
      const distinct = new Set(after).size;
      if (distinct === 0) return unigramOf(b);
      const count = after.filter((id) => id === b).length;
      return (count + distinct * unigramOf(b)) / (after.length + distinct);
    };
    const predicted = [first, second]
      .flatMap((span) => span.slice(1).map((b, i) => [span[i]!, b] as const));
    const mean = (p: (a: number, b: number) => number) =>
      predicted.reduce((sum, [a, b]) => sum - Math.log(p(a, b)), 0) / predicted.length;
    assert(Math.abs(losses.unigram - mean((_, b) => unigramOf(b))) < 1e-12);
    assert(Math.abs(losses.bigram - mean(bigramOf)) < 1e-12);
  }));
});

Deno.test("BigramModel.conditionalEntropy() is the entropy of pairs less that of their firsts", () => {
  fc.assert(fc.property(anyIds, (ids) => {
    const model = modelOf(ids);
    const nats = model.conditionalEntropy();
    const pairs = ids.slice(1).map((id, i) => `${ids[i]} ${id}`);
    assert(Math.abs(nats - (entropy(pairs) - entropy(ids.slice(0, -1)))) < 1e-12);
    // By the chain rule it is at most the entropy of the predicted characters.
    assert(nats >= 0 && nats <= entropy(ids.slice(1)) + 1e-12);
    // Smoothing raises the loss on the counted text itself.
    const { bigram } = runToEnd(model.lossInSlices(textOf(ids), [[0, ids.length]]));
    assert(bigram >= nats - 1e-12);
  }));
});

Deno.test("BigramModel.conditionalEntropy() throws without a counted pair", () => {
  assertThrows(() => modelOf([3]).conditionalEntropy(), RangeError, "at least 2 characters");
});

Deno.test("BigramModel generators yield after each block of characters", () => {
  const ids = Array.from({ length: 200_000 }, (_, i) => i % 7 % 5);
  const model = new BigramModel(5);
  const counting = [...model.countInSlices(textOf(ids), [0, ids.length])];
  const measuring = [...model.lossInSlices(textOf(ids), [[0, ids.length]])];
  assertEquals([counting.length, measuring.length], [4, 4]);
  const { bigram, unigram } = runToEnd(model.lossInSlices(textOf(ids), [[0, ids.length]]));
  assert(bigram < unigram);
});
