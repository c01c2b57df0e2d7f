/** Divergence: training stops, and nothing that is not finite is returned or saved. */
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { resolveConfig } from "../../src/model/resolve_config.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { DivergenceError } from "../../src/train/divergence.ts";
import { train } from "../../src/train/train.ts";
import { createTrainer } from "../trainers.ts";

const corpus = corpusFromText("round and round the rugged rocks ".repeat(20));
const config = resolveConfig({ hidden: 6, seqLength: 8, batchSize: 2, lr: 1e300 });
const start = "Training diverged at step 1: a weight is ";

Deno.test("Trainer methods throw a DivergenceError after a weight diverged, until restore()", () => {
  using trainer = createTrainer(corpus, config);
  const before = trainer.checkpoint();
  for (const use of ["step", "model", "checkpoint", "validate", "checkNextStep"] as const) {
    const error = assertThrows(() => trainer[use](), DivergenceError);
    assertMatch(
      error.message,
      /^Training diverged at step 1: a weight is (NaN|-?Infinity); .*"lr"/,
    );
    assertEquals([error.step, error.details], [1, null]);
    assertEquals(trainer.steps, 0);
  }
  trainer.restore(before);
  assertEquals(trainer.checkpoint(), before);
});

Deno.test("train() throws if the last step diverges, and saves nothing of it", async () => {
  for (const valFraction of [0, 0.1]) {
    const saved: number[] = [];
    const onCheckpoint = () => void saved.push(1);
    const options = { config: { ...config, valFraction }, steps: 1, onCheckpoint };
    const error = await assertRejects(() => train(corpus, options), DivergenceError);
    assert(error.message.startsWith(start), error.message);
    assertEquals(error.details, { savedStep: null, rollbacks: 0 });
    assert(!(error instanceof InputError));
    assertEquals(saved, []);
  }
});
