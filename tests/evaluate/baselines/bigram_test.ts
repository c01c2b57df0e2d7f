import { assert, assertEquals } from "@std/assert";
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

Deno.test("BigramModel.adaptiveLossInSlices() counts each character after it is predicted", () => {
  fc.assert(fc.property(anyIds, anyIds, (first, second) => {
    const ids = [...first, ...second];
    const spans: Span[] = [[0, first.length], [first.length, ids.length]];
    const model = new BigramModel(6);
    const losses = runToEnd(model.adaptiveLossInSlices(textOf(ids), spans));
    let unigram = 0;
    let bigram = 0;
    for (const [start, end] of spans) {
      for (let i = start + 1; i < end; i++) {
        const before = new BigramModel(6);
        for (const span of spans.filter(([from]) => from < i)) {
          const until: Span = [span[0], Math.min(i, span[1])];
          runToEnd(before.countInSlices(textOf(ids), until));
        }
        unigram -= Math.log(before.unigram(ids[i]!)) / (ids.length - 2);
        bigram -= Math.log(before.bigram(ids[i - 1]!, ids[i]!)) / (ids.length - 2);
      }
    }
    assert(Math.abs(losses.unigram - unigram) < 1e-12);
    assert(Math.abs(losses.bigram - bigram) < 1e-12);
  }));
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
