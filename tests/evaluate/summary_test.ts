import { assert, assertEquals } from "@std/assert";
import { Evaluator } from "../../src/evaluate/evaluate.ts";
import { type PartSummary, summarize } from "../../src/evaluate/summary.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import type { Trainer } from "../../src/train/trainer.ts";
import { createTrainer } from "../trainers.ts";

const corpus = corpusFromText("how much wood would a woodchuck chuck? ".repeat(60));

async function summaryOf(trainer: Trainer): Promise<PartSummary[]> {
  const { corpus, split } = trainer;
  return (await summarize(trainer.model(), corpus, { split }))!;
}

Deno.test("each part that there is is summed up, and the model's figures are the evaluator's", async () => {
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

Deno.test("without anything held out only the training is summed up", async () => {
  using trainer = createTrainer(corpus, { hidden: 4, seqLength: 8, batchSize: 1, valFraction: 0 });
  const summary = await summaryOf(trainer);
  assertEquals(summary.map(({ part, chars }) => [part, chars]), [["training", corpus.length]]);
});

Deno.test("the shortest text and one of a single character have a summary", async () => {
  for (const text of ["abc", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]) {
    using trainer = createTrainer(corpusFromText(text), { hidden: 4, seqLength: 1, batchSize: 1 });
    for (const part of await summaryOf(trainer)) {
      for (const figure of [part.model, part.bigram, part.unigram, part.uniform, part.gzip]) {
        assert(Number.isFinite(figure) && figure >= 0);
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
