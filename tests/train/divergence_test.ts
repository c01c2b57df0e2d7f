/** Divergence: training stops, and nothing that is not finite is returned or saved. */
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { type ConfigInput, resolveConfig } from "../../src/model/resolve_config.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import {
  type BadSteps,
  countBadSteps,
  DivergenceError,
  maxBadSteps,
  remediesOf,
} from "../../src/train/divergence.ts";
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

/** The greatest count of bad steps for a curve of batch losses, with the trainer's smoothing. */
function mostBadSteps(losses: Iterable<number>, vocabularySize = 65, charsPerStep = 400): number {
  const kept = 0.999 ** (charsPerStep / 25);
  let smoothedLoss = Math.log(vocabularySize);
  let most = 0;
  let bad: BadSteps = { count: 0, loss: null };
  for (const batchLoss of losses) {
    bad = countBadSteps(bad, { batchLoss, smoothedLoss, vocabularySize, charsPerStep });
    most = Math.max(most, bad.count);
    if (most === maxBadSteps(charsPerStep)) break;
    smoothedLoss = kept * smoothedLoss + (1 - kept) * batchLoss;
  }
  return most;
}

/** A curve of so many steps. */
function curve(steps: number, loss: (step: number) => number): number[] {
  return Array.from({ length: steps }, (_, step) => loss(step));
}

const long = maxBadSteps(400);
const random = new Xoshiro128(1);
/** Noise of batches, about 1. */
const noise = () => Math.exp(0.1 * random.normal());
/** Noise of batches of a wild run. */
const wildNoise = () => Math.exp(0.4 * random.normal());

Deno.test("countBadSteps() finds losses that stay worse than uniform, from the start or later", () => {
  const uniform = Math.log(65);
  const stuck = [7.5, 55_888, 2.2e9].map((loss) => curve(3 * long, () => loss * wildNoise()));
  const late = curve(5 * long, (step) => step < long ? 4 - step / long : 7 * noise());
  const rising = curve(3 * long, (step) => uniform * (1 + step / long));
  for (const losses of [...stuck, late, rising]) assert(mostBadSteps(losses) >= long);
});

Deno.test("countBadSteps() lets ordinary beginnings and slow learners be", () => {
  const uniform = Math.log(65);
  const curves = [
    // A slow learner, near ln V for ever, with noisy batches.
    curve(20 * long, () => uniform * noise() ** 0.5),
    // A spike of a first large step, and its recovery.
    curve(3 * long, (step) => 2 + 50 * Math.exp(-step / 100)),
    // A warm-up that overshoots in the middle.
    curve(3 * long, (step) => step > 200 && step < 500 ? 9 : 3),
    // Large initial weights, which training shrinks.
    curve(3 * long, (step) => 3 + 20 * Math.exp(-step / 200)),
    curve(5 * long, (step) => 2 + 20 * Math.exp(-step / 1000)),
    // A loss that jumps now and then.
    curve(10 * long, (step) => step % 10 === 0 ? 40 : 2),
  ];
  for (const losses of curves) assert(mostBadSteps(losses) < long, `${mostBadSteps(losses)}`);
  // Tiny vocabularies: every character may be as good as the other.
  assertEquals(mostBadSteps(curve(10_000, () => 0), 1), 0);
  assert(mostBadSteps(curve(10_000, () => Math.LN2 * noise() ** 0.5), 2, 2) < maxBadSteps(2));
});

Deno.test("maxBadSteps() is a number of characters, in not too few and not too many steps", () => {
  assertEquals([1, 25, 400, 5000, 100_000].map(maxBadSteps), [4000, 4000, 1250, 100, 100]);
});

Deno.test("remediesOf() names what is wrong with the options of the run", () => {
  const keys = (input: ConfigInput) => remediesOf(resolveConfig(input)).map(({ key }) => key);
  assertEquals(keys({ lr: 1 }), ["lr"]);
  assertEquals(keys({ optimizer: "sgd", lr: 50, gradClip: 0 }), ["lr", "gradClip"]);
  assertEquals(keys({ optimizer: "sgd", momentum: 0.99 }), ["lr", "momentum"]);
  assertEquals(keys({ init: "normal:1" }), ["init", "lr"]);
  const { value } = remediesOf(resolveConfig({ optimizer: "rmsprop", lr: 1 }))[0]!;
  assert(Number(value) < 0.01);
});

/** Training that is stuck in finite weights. */
const stuck = resolveConfig({
  ...{ hidden: 6, seqLength: 40, batchSize: 10, gradClip: 0, valFraction: 0.1 },
  ...{ optimizer: "rmsprop", lr: 50 },
});
const longer = corpusFromText("round and round the rugged rocks ".repeat(200));

for (const precision of ["f32", "f64"] as const) {
  Deno.test(`train() ends at finite losses worse than uniform for long, and rolls back, in ${precision}`, async () => {
    const saved: number[] = [];
    const options = { config: { ...stuck, precision }, steps: 10_000, threads: 1 };
    const error = await assertRejects(
      () =>
        train(longer, {
          ...options,
          checkpointEvery: 10,
          onCheckpoint: ({ progress }) => void saved.push(progress.step),
        }),
      DivergenceError,
    );
    assert(error.isFinite && error.reason.includes("uniform"), error.message);
    assert(error.step >= maxBadSteps(400) && error.step < 10_000);
    assert(error.message.includes('a lower "lr"') && error.message.includes('"gradClip" 5'));
    assertEquals(saved, []);
    const lowered: number[] = [];
    const { latest } = await train(longer, {
      ...options,
      steps: 3000,
      onDivergence: "rollback",
      onRollback: ({ lrAfter }) => void lowered.push(lrAfter),
    });
    assert(lowered.length > 0 && latest.config.lr === lowered.at(-1));
    // The loss of the first rate was above 100.
    assert(latest.progress.loss! < 10);
  });
}
