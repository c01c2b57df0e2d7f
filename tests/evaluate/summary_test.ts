import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { evaluate } from "../../src/evaluate/evaluate.ts";
import { Evaluator } from "../../src/evaluate/evaluator.ts";
import { type PartSummary, summarize } from "../../src/evaluate/summary.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import type { Trainer } from "../../src/train/trainer.ts";
import type { Split } from "../../src/text/split.ts";
import { modelOf, referenceLoss } from "../generate/models.ts";
import { createTrainer } from "../trainers.ts";

const corpus = corpusFromText("how much wood would a woodchuck chuck? ".repeat(60));

async function summaryOf(trainer: Trainer): Promise<PartSummary[]> {
  const { corpus, split } = trainer;
  return (await summarize(trainer.model(), corpus, { split }))!;
}

Deno.test("summarize() measures each part, with the losses of the evaluator", async () => {
  for (const holdout of ["end", "streams"] as const) {
    const config = {
      hidden: 16,
      seqLength: 8,
      batchSize: 3,
      valFraction: 0.1,
      testFraction: 0.2,
      holdout,
    };
    using trainer = createTrainer(corpus, config);
    for (let step = 0; step < 300; step++) trainer.step();
    const [training, validation, test] = await summaryOf(trainer);
    assertEquals([training!.part, validation!.part, test!.part], [
      "training",
      "validation",
      "test",
    ]);
    for (const { spans, chars, partChars, model } of [training!, validation!, test!]) {
      assertEquals(chars, partChars);
      const evaluation = await evaluate(trainer.model(), corpus, { spans });
      assertEquals([evaluation.chars, evaluation.natsPerChar], [chars, model]);
    }
    assertEquals(validation!.model, trainer.validate()!.loss);
    const model = trainer.model();
    using evaluator = new Evaluator(model);
    const { parameters } = model;
    assertEquals(test!.model, evaluator.loss(corpus, { parameters, spans: trainer.split.test }));
    for (const part of [training!, validation!, test!]) {
      assert(part.model < part.bigram && part.bigram < part.unigram && part.unigram < part.uniform);
      assert(part.gzip > 0);
    }
  }
});

Deno.test("summarize() returns the training part alone if nothing is held out", async () => {
  using trainer = createTrainer(corpus, { hidden: 4, seqLength: 8, batchSize: 1, valFraction: 0 });
  const summary = await summaryOf(trainer);
  assertEquals(summary.map(({ part, chars }) => [part, chars]), [["training", corpus.length - 1]]);
});

Deno.test("summarize() measures the last 50,000 training characters, or as many as validated", async () => {
  const long = corpusFromText("how much wood would a woodchuck chuck? ".repeat(4000));
  for (const [valFraction, measured] of [[0.05, 50_000], [0.4, 62_400]] as const) {
    using trainer = createTrainer(long, { hidden: 4, seqLength: 8, batchSize: 2, valFraction });
    const [training, validation] = await summaryOf(trainer);
    const end = trainer.split.train[0]![1];
    assertEquals(training!.spans, [[end - measured, end]]);
    assertEquals([training!.chars, training!.partChars], [measured - 1, end - 1]);
    assertEquals(validation!.chars, validation!.partChars);
  }
});

Deno.test("summarize() reads a corpus of another vocabulary by the model's", async () => {
  const model = modelOf(corpus.vocabulary.characters, { hidden: 5 }, 0.5);
  const part = corpusFromText("how much wood? ".repeat(20));
  const split: Split = { train: [[0, 200]], validation: [[200, 300]], test: [] };
  const ids = corpus.vocabulary.encode("how much wood? ".repeat(20)).subarray(200);
  const [, validation] = (await summarize(model, part, { split }))!;
  assertAlmostEquals(validation!.model, referenceLoss(model, ids), 1e-5);
  assertEquals(validation!.uniform, Math.log(corpus.vocabulary.size));
});

Deno.test("summarize() is finite for the shortest text and for a single distinct character", async () => {
  for (const text of ["abc", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]) {
    using trainer = createTrainer(corpusFromText(text), { hidden: 4, seqLength: 1, batchSize: 1 });
    for (const part of await summaryOf(trainer)) {
      for (const nats of [part.model, part.bigram, part.unigram, part.uniform, part.gzip]) {
        assert(Number.isFinite(nats) && nats >= 0);
      }
    }
  }
});

Deno.test("summarize() yields to the event loop, and stops at the signal", async () => {
  const long = corpusFromText("how much wood would a woodchuck chuck? ".repeat(3000));
  const config = { hidden: 128, seqLength: 8, batchSize: 3, valFraction: 0.5 };
  using trainer = createTrainer(long, config);
  const model = trainer.model();
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 1);
  const options = { split: trainer.split, signal: controller.signal };
  assertEquals(await summarize(model, long, options), undefined);
  assert(controller.signal.aborted);
});
