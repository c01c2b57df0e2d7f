/** Rollbacks: to a good state, and the same each time. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import type { Checkpoint } from "../../src/checkpoint/checkpoint.ts";
import { resolveConfig } from "../../src/model/resolve_config.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { DivergenceError } from "../../src/train/divergence.ts";
import type { Rollback } from "../../src/train/metrics.ts";
import type { TrainOptions } from "../../src/train/options.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { createTrainer, trainLatest } from "../trainers.ts";

const corpus = corpusFromText(
  "round and round the rugged rocks the ragged rascal ran. ".repeat(30),
);
/** Gradient descent whose loss is worse than uniform guessing from step 2 on, and overflows at 25. */
const config = resolveConfig({
  hidden: 16,
  seqLength: 20,
  batchSize: 2,
  optimizer: "sgd",
  lr: 1e36,
  gradClip: 5,
  seed: 3,
  valFraction: 0.1,
});

/** Runs a training, and collects rollbacks, logged steps and latest checkpoints. */
async function run(options: TrainOptions) {
  const rollbacks: Rollback[] = [];
  const logged: number[] = [];
  const saved: Checkpoint[] = [];
  const last = await trainLatest(corpus, {
    ...options,
    onRollback: (rollback) => void rollbacks.push(rollback),
    onLog: ({ step }) => void logged.push(step),
    onCheckpoint: (checkpoint, kind) => {
      if (kind === "latest") saved.push(checkpoint);
    },
  });
  return { rollbacks, logged, saved, last };
}

Deno.test("train() rolls back to the last healthy metrics, and continues with half the learning rate", async () => {
  const options = { config, logEvery: 10, steps: 60, onDivergence: "rollback" } as const;
  const { rollbacks, logged, saved, last } = await run(options);
  assertEquals(rollbacks[0], {
    divergedAt: 25,
    reason: "the loss is NaN",
    step: 1,
    lrBefore: 1e36,
    lrAfter: 5e35,
  });
  assertEquals(logged, [1, 10, 20, 10, 20, 30, 40, 50, 60]);
  assertEquals(last.progress.step, 60);
  assertEquals(last.config.lr, rollbacks.at(-1)!.lrAfter);
  // The checkpoint saved at the rollback is that state, with the new learning rate.
  using trainer = createTrainer(corpus, config);
  while (trainer.steps < 1) trainer.step();
  const { parameters, hiddenState } = trainer.checkpoint();
  assertEquals([saved[0]!.progress.step, saved[0]!.config.lr], [1, 5e35]);
  assertEquals([saved[0]!.parameters, saved[0]!.hiddenState], [parameters, hiddenState]);
  // From there on it is the run of a trainer that is resumed from that state.
  using byHand = Trainer.fromCheckpoint(corpus, trainer.checkpoint(), { config: { lr: 5e35 } });
  const next = rollbacks[1]?.step ?? 60;
  while (byHand.steps < next) byHand.step();
  const same = saved.find(({ progress }) => progress.step === next)!;
  assertEquals(same.parameters, byHand.model().parameters);
});

Deno.test("train() rolls back to the same bits however often it saves and samples", async () => {
  const options = { config, logEvery: 10, steps: 60, onDivergence: "rollback" } as const;
  const one = await run(options);
  const other = await run({ ...options, checkpointEvery: 1, sampleEvery: 3, onSample: () => {} });
  assertEquals(other.rollbacks, one.rollbacks);
  assertEquals(other.logged, one.logged);
  assertEquals(other.last.parameters, one.last.parameters);
});

Deno.test("train() rolls back to the state that it started with if there are no metrics yet", async () => {
  // The update of step 1 leaves finite weights that give no finite loss.
  const doomed = { ...config, optimizer: "adagrad", lr: 5e37 } as const;
  const options = { config: doomed, logEvery: 10, steps: 12, onDivergence: "rollback" } as const;
  const { rollbacks, last } = await run(options);
  const places = rollbacks.map(({ divergedAt, step }) => [divergedAt, step]);
  // At the third one there are metrics of step 1.
  assertEquals(places.slice(0, 3), [[2, 0], [2, 0], [3, 1]]);
  assertEquals([last.progress.step, last.config.lr], [12, rollbacks.at(-1)!.lrAfter]);
  // The same for a run that is resumed from a checkpoint.
  const resume = await trainLatest(corpus, { config: { ...config, lr: 0.1 }, steps: 5 });
  const resumed = await run({ ...options, resume, config: { lr: 1e39 }, steps: 8 });
  assert(resumed.rollbacks.length > 0 && resumed.rollbacks.every(({ step }) => step === 5));
  assertEquals(resumed.last.progress.step, 8);
});

Deno.test("train() throws after ten consecutive rollbacks", async () => {
  const hopeless = { ...config, lr: 1e300 };
  const rollbacks: Rollback[] = [];
  const saved: Checkpoint[] = [];
  const error = await assertRejects(
    () =>
      trainLatest(corpus, {
        config: hopeless,
        steps: 5,
        onDivergence: "rollback",
        onRollback: (rollback) => void rollbacks.push(rollback),
        onCheckpoint: (checkpoint) => void saved.push(checkpoint),
      }),
    DivergenceError,
  );
  assertEquals(rollbacks.length, 10);
  assertEquals(rollbacks.at(-1)!.lrAfter, 1e300 / 1024);
  assertEquals(error.details, { savedStep: 0, rollbacks: 10 });
  assert(error.message.startsWith(`Training diverged at step 1: ${error.reason}; 10 rollbacks`));
  assert(error.message.includes("the last checkpoint is of step 0"), error.message);
  for (const { progress } of saved) assertEquals(progress.step, 0);
});

Deno.test("train() can be resumed from a checkpoint before a divergence, with a lower learning rate", async () => {
  for (const [lr, optimizer, savedStep] of [[1e36, "sgd", 1], [5e37, "adagrad", null]] as const) {
    const saved: Checkpoint[] = [];
    const error = await assertRejects(
      () =>
        trainLatest(corpus, {
          config: { ...config, lr, optimizer },
          steps: 50,
          checkpointEvery: 1,
          onCheckpoint: (checkpoint, kind) => {
            if (kind === "latest") saved.push(checkpoint);
          },
        }),
      DivergenceError,
    );
    assertEquals(error.details, { savedStep, rollbacks: 0 });
    if (savedStep === null) {
      assertEquals(saved, []);
      continue;
    }
    assertEquals(saved.map(({ progress }) => progress.step), saved.map((_, i) => i + 1));
    const resume = saved.at(-1)!;
    assertEquals(resume.progress.step, savedStep);
    const more = await trainLatest(corpus, { resume, config: { lr: 0.1 }, steps: savedStep + 5 });
    assertEquals(more.progress.step, savedStep + 5);
  }
});

Deno.test("Trainer.validate() throws a DivergenceError if the loss is not finite", async () => {
  // Only the validation part has the character whose weights overflow.
  const held = corpusFromText("ab".repeat(200) + "abz".repeat(20));
  const start = createTrainer(held, { hidden: 4, seqLength: 5, batchSize: 1, valFraction: 0.13 })
    .checkpoint();
  const { parameters } = start;
  parameters.Wxh.forEach((_, i) => {
    if (i % 3 === 2) parameters.Wxh[i] = 3e38;
  });
  parameters.Why.fill(3e38, 0, 4);
  using trainer = Trainer.fromCheckpoint(held, start);
  const error = await assertRejects(async () => {
    await Promise.resolve();
    trainer.validate();
  }, DivergenceError);
  assert(
    /^Training diverged at step 0: the validation loss is (NaN|Infinity); /.test(error.message),
  );
});

Deno.test("train() rejects an unknown onDivergence", async () => {
  // deno-lint-ignore no-explicit-any -- as from a program without types
  const options: any = { config, steps: 1, onDivergence: "ignore" };
  const { option } = await assertRejects(() => trainLatest(corpus, options), InputError);
  assertEquals(option, "onDivergence");
});
