/** What depends on the fraction of a run that is done: dropout and cooldown. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { Checkpoint } from "../../src/checkpoint/checkpoint.ts";
import { type ConfigInput, resolveConfig } from "../../src/model/resolve_config.ts";
import { type Corpus, corpusFromText } from "../../src/text/corpus.ts";
import type { LimitOptions } from "../../src/train/limits.ts";
import type { TrainingMetrics } from "../../src/train/metrics.ts";
import { prepareTraining } from "../../src/train/train.ts";
import type { Trainer } from "../../src/train/trainer.ts";
import { trainLatest } from "../trainers.ts";

const corpus = corpusFromText("row, row, row your boat, gently down the stream. ".repeat(20));
const network = { layers: 2, hidden: 8, seqLength: 7, batchSize: 2, seed: 3 } as const;
const withDropout: ConfigInput = { ...network, dropout: 0.4 };

/** Trains a new model, or resumes from a checkpoint. */
async function trained(config: ConfigInput, limits: LimitOptions, resume?: Checkpoint) {
  const options = resume === undefined ? { config: resolveConfig(config) } : { config, resume };
  return await trainLatest(corpus, { ...limits, ...options, threads: 1 });
}

function assertSameWeights(one: Checkpoint, other: Checkpoint) {
  assertEquals(one.progress.step, other.progress.step);
  assertEquals(one.parameters, other.parameters);
}

for (const [from, until] of [[0, 0.1], [0, 0.76], [0.5, 1], [0.26, 0.74]] as const) {
  Deno.test(`train() has dropout from ${from} to ${until} of 40 steps`, async () => {
    const before = await trained(network, { steps: Math.ceil(from * 40) });
    const middle = await trained({ dropout: 0.4 }, { steps: Math.ceil(until * 40) }, before);
    const parts = await trained({ dropout: 0 }, { steps: 40 }, middle);
    const config = { ...withDropout, dropoutFrom: from, dropoutUntil: until };
    assertSameWeights(await trained(config, { steps: 40 }), parts);
    for (const other of [network, withDropout]) {
      assertNotEquals((await trained(other, { steps: 40 })).parameters, parts.parameters);
    }
  });
}

Deno.test("train() has dropout in the same fraction of epochs as of steps", async () => {
  const half = { ...withDropout, dropoutUntil: 0.5 };
  const all = await trained(half, { epochs: 1 });
  assertSameWeights(await trained(half, { steps: all.progress.step }), all);
});

Deno.test("train() begins and ends dropout by the clock if time is limited", async () => {
  // A fraction so small that it is over before the first step, and a time so long that it never is.
  const soon = { minutes: 10, steps: 2 };
  const never = { minutes: 1e6, steps: 2 };
  const ended = await trained({ ...withDropout, dropoutUntil: 1e-9 }, soon);
  const plain = await trained(network, { steps: 2 });
  assertSameWeights(ended, plain);
  const begun = await trained({ ...withDropout, dropoutFrom: 1e-9 }, soon);
  const whole = await trained(withDropout, { steps: 2 });
  assertSameWeights(begun, whole);
  assertNotEquals(plain.parameters, whole.parameters);
  // With a far time limit the steps decide, of which the first is in the first half.
  const one = await trained(withDropout, { steps: 1 });
  const until = await trained({ ...withDropout, dropoutUntil: 0.5 }, never);
  assertSameWeights(until, await trained({ dropout: 0 }, { steps: 2 }, one));
  const from = await trained({ ...withDropout, dropoutFrom: 0.5 }, never);
  const plainOne = await trained(network, { steps: 1 });
  assertSameWeights(from, await trained({ dropout: 0.4 }, { steps: 2 }, plainOne));
});

Deno.test("train() has dropout again after its limit was raised", async () => {
  const ended = await trained({ ...withDropout, dropoutUntil: 0.5 }, { steps: 20 });
  const more = await trained({}, { steps: 100 }, ended);
  const dropped = await trained({ dropoutUntil: 1 }, { steps: 50 }, ended);
  assertSameWeights(more, await trained({ dropout: 0 }, { steps: 100 }, dropped));
});

/** The learning rate of each step. */
async function rates(
  config: ConfigInput,
  limits: LimitOptions,
  resume?: Checkpoint,
): Promise<number[]> {
  let trainer: Trainer | undefined;
  const rates: number[] = [];
  await trainLatest(corpus, {
    ...limits,
    ...resume ? { config, resume } : { config: resolveConfig({ ...network, lr: 0.01, ...config }) },
    logEvery: 1,
    threads: 1,
    onStart: (started) => void (trainer = started),
    onLog: () => void rates.push(trainer!.lr!),
  });
  return rates;
}

Deno.test("train() cools the learning rate down at the end of the run, on top of any schedule", async () => {
  const steps = 8;
  assertEquals(await rates({}, { steps }), Array(8).fill(0.01));
  const half = [1, 1, 1, 1, 1, 0.75, 0.5, 0.25].map((left) => 0.01 * left);
  assertEquals(await rates({ cooldown: 0.5 }, { steps }), half);
  const decaying = { lrSchedule: "inverse-sqrt", warmup: 2 } as const;
  const without = await rates(decaying, { steps });
  assertEquals(
    await rates({ ...decaying, cooldown: 0.5 }, { steps }),
    without.map((rate, i) => rate * (half[i]! / 0.01)),
  );
  // By the clock: at the start of a long run, and at nine tenths of it.
  const late = { minutes: 1e6, steps: 2 };
  assertEquals((await rates({ cooldown: 0.9 }, late))[0], 0.01);
  const ended = await trained({ ...network, lr: 0.01 }, { steps: 1 });
  const { progress } = ended;
  const resume = { ...ended, progress: { ...progress, elapsedSeconds: 0.9 * 60e6 } };
  const [rate] = await rates({ cooldown: 0.4 }, { ...late, steps: 3 }, resume);
  assert(Math.abs(rate! / 0.0025 - 1) < 1e-4, `${rate}`);
});

Deno.test("train() ends in time with the last validation, and has then used its time", async () => {
  // A clock on which a millisecond passes whenever it is asked, and seconds in a validation, fewer in
  // each, so that the last is shorter than expected.
  let [now, duration] = [0, 12_000];
  const { performance } = globalThis;
  const fast = corpusFromText("row, row, row your boat, gently down the stream. ".repeat(200));
  const slow: Corpus = {
    ...fast,
    read(start, count, options) {
      if (start >= 0.95 * fast.length) now += duration *= 0.9;
      return fast.read(start, count, options);
    },
  };
  const clock = Object.create(performance, { now: { value: () => now++ } });
  globalThis.performance = clock;
  try {
    const logged: TrainingMetrics[] = [];
    const limits = { minutes: 2, threads: 1, patience: 1e6 } as const;
    const latest = await trainLatest(slow, {
      ...{ ...limits, config: resolveConfig(network) },
      onLog: (metrics) => void logged.push(metrics),
    });
    const { elapsedSeconds, validationLoss } = logged.at(-1)!;
    assert(validationLoss !== null);
    assert(elapsedSeconds > 105 && elapsedSeconds < 121, `${elapsedSeconds}`);
    assert(latest.progress.elapsedSeconds >= 120);
    using resumed = await prepareTraining(slow, { ...limits, resume: latest });
    assert(resumed.isFinished);
  } finally {
    globalThis.performance = performance;
  }
});
