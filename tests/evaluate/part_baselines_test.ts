import { assertEquals, assertRejects } from "@std/assert";
import {
  corpusFromText,
  InputError,
  measureBaselines,
  type Part,
  resolveConfig,
  summarize,
  Trainer,
} from "../../src/mod.ts";

const corpus = corpusFromText("to be or not to be, that is the question. ".repeat(60));
const config = resolveConfig({ hidden: 8, seqLength: 10, batchSize: 2, testFraction: 0.1 });
using trainer = Trainer.create(corpus, config);
const { split } = trainer;
const model = trainer.model();

Deno.test("measureBaselines() measures what summarize() does, without a model", async () => {
  const summary = (await summarize(model, corpus, { split }))!;
  assertEquals(
    await measureBaselines(corpus, { split }),
    summary.map(({ model: _, ...baselines }) => baselines),
  );
});

Deno.test("measureBaselines() measures the parts that are asked for", async () => {
  const measured = await measureBaselines(corpus, { split, parts: ["test", "validation"] });
  assertEquals(measured!.map(({ part }) => part), ["validation", "test"]);
  const parts = ["nothing"] as unknown as Part[];
  await assertRejects(() => measureBaselines(corpus, { split, parts }), InputError, "parts");
});

Deno.test("measureBaselines() is stopped by its signal", async () => {
  const options = { split, signal: AbortSignal.abort() };
  assertEquals(await measureBaselines(corpus, options), undefined);
});
