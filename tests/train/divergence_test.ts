/** Training whose last update makes the weights useless, before any loss could show it. */
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { train } from "../../src/train/train.ts";
import { Trainer } from "../../src/train/trainer.ts";

const corpus = corpusFromText("round and round the rugged rocks ".repeat(20));
const config = { hidden: 6, seq: 8, batch: 2, lr: 1e300 };
const line =
  /^Training diverged at step 1: a weight is (NaN|-?Infinity); a lower --lr or --clip keeps it finite$/;

Deno.test("a model with weights that are not finite is given to nobody", () => {
  const trainer = new Trainer(corpus, config);
  trainer.model();
  trainer.step();
  for (const use of ["model", "checkpoint", "validate"] as const) {
    const error = assertThrows(() => trainer[use](), Error);
    assert(!(error instanceof InputError));
    assertMatch(error.message, line);
  }
});

Deno.test("a run that diverges at its last step fails, and keeps nothing of it", async () => {
  for (const val of [0, 0.1]) {
    const kept: number[] = [];
    const onCheckpoint = () => void kept.push(1);
    const options = { config: { ...config, val }, steps: 1, onCheckpoint };
    const error = await assertRejects(() => train(corpus, options), Error);
    assertMatch(error.message, line);
    assert(!(error instanceof InputError));
    assertEquals(kept, []);
  }
});
