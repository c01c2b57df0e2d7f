import { assert, assertEquals } from "@std/assert";
import { Evaluator } from "../../src/evaluate/evaluate.ts";
import { type PartSummary, summarize } from "../../src/evaluate/summary.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import type { Trainer } from "../../src/train/trainer.ts";
import { createTrainer } from "../trainers.ts";

const corpus = corpusFromText("how much wood would a woodchuck chuck? ".repeat(60));

function summaryOf(trainer: Trainer): PartSummary[] {
  const pieces = summarize(trainer.model(), trainer.corpus, trainer.split);
  for (;;) {
    const { done, value } = pieces.next();
    if (done) return value;
  }
}

Deno.test("each part that there is is summed up, and the model's figures are the evaluator's", () => {
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
    const [training, validation, test] = summaryOf(trainer);
    assertEquals([training!.part, validation!.part, test!.part], [
      "training",
      "validation",
      "test",
    ]);
    assertEquals(training!.chars, validation!.chars);
    assertEquals(validation!.model, trainer.validate()!.loss);
    const model = trainer.model();
    assertEquals(
      test!.model,
      new Evaluator(model).natsPerChar(model.parameters, corpus, ...trainer.split.test),
    );
    for (const part of [training!, validation!, test!]) {
      assert(part.model < part.bigram && part.bigram < part.unigram && part.unigram < part.uniform);
      assert(part.gzip > 0);
    }
  }
});

Deno.test("without anything held out only the training is summed up", () => {
  using trainer = createTrainer(corpus, { hidden: 4, seqLength: 8, batchSize: 1, valFraction: 0 });
  const summary = summaryOf(trainer);
  assertEquals(summary.map(({ part, chars }) => [part, chars]), [["training", corpus.length]]);
});

Deno.test("the shortest text and one of a single character have a summary", () => {
  for (const text of ["abc", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]) {
    using trainer = createTrainer(corpusFromText(text), { hidden: 4, seqLength: 1, batchSize: 1 });
    for (const part of summaryOf(trainer)) {
      for (const figure of [part.model, part.bigram, part.unigram, part.uniform, part.gzip]) {
        assert(Number.isFinite(figure) && figure >= 0);
      }
    }
  }
});
