import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { resolveConfig } from "../../src/model/resolve_config.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import type { TrainingMetrics, TrainingStatus } from "../../src/train/metrics.ts";
import type { TrainOptions } from "../../src/train/options.ts";
import { prepareTraining } from "../../src/train/train.ts";
import { createTrainer, trainLatest } from "../trainers.ts";

const corpus = corpusFromText("she sells sea shells by the sea shore. ".repeat(30));
const config = resolveConfig({ hidden: 8, seqLength: 10, batchSize: 2 });

Deno.test("train() logs the first step, every logEvery steps, and the end", async () => {
  const logged: TrainingMetrics[] = [];
  const saved: [string, number][] = [];
  const checkpoint = await trainLatest(corpus, {
    config,
    steps: 17,
    logEvery: 5,
    onLog: (metrics) => void logged.push(metrics),
    onCheckpoint: ({ progress }, kind) => void saved.push([kind, progress.step]),
  });
  assertEquals(logged.map(({ step }) => step), [1, 5, 10, 15, 17]);
  using trainer = createTrainer(corpus, config);
  for (const metrics of logged) {
    let batchLoss = NaN;
    while (trainer.steps < metrics.step) batchLoss = trainer.step();
    assertEquals(metrics.batchLoss, batchLoss);
    assertEquals(metrics.loss, trainer.loss);
    assertEquals(metrics.chars, metrics.step * 20);
    assertEquals(metrics.lr, trainer.nextLearningRate({ fractionDone: metrics.step / 17 }));
    assertEquals(metrics.epoch, metrics.step / trainer.stepsPerEpoch);
    assert(metrics.charsPerSecond > 0 && metrics.elapsedSeconds > 0);
  }
  // The end validates too.
  assertEquals(logged.at(-1)!.validationLoss, trainer.validate()!.loss);
  assertEquals(checkpoint.parameters, trainer.model().parameters);
  assertEquals(checkpoint.progress.step, 17);
  assertEquals(saved.at(-1), ["latest", 17]);
  assert(saved.some(([kind]) => kind === "best"));
});

Deno.test("train() gives the same weights however often it logs, samples and saves", async () => {
  const run = async (options: TrainOptions) =>
    (await trainLatest(corpus, { config, steps: 60, ...options })).parameters;
  const rare = await run({});
  const frequent = await run({
    logEvery: 1,
    sampleEvery: 3,
    onLog: () => {},
    onSample: () => {},
    onStatus: () => {},
    onCheckpoint: () => {},
  });
  assertEquals(frequent, rare);
});

Deno.test("train() samples every sampleEvery steps, another text each time", async () => {
  const samples = new Map<number, string>();
  const onSample = (text: string, step: number) => void samples.set(step, text);
  await trainLatest(corpus, { config, steps: 20, sampleEvery: 8, onSample });
  assertEquals([...samples.keys()], [8, 16]);
  for (const text of samples.values()) assertEquals([...text].length, 200);
  assertEquals(new Set(samples.values()).size, 2);
  samples.clear();
  await trainLatest(corpus, { config, steps: 20, sampleEvery: 0, onSample });
  assertEquals(samples.size, 0);
});

Deno.test("train() samples by time and at the end without sampleEvery, and changes no bit", async () => {
  const samples: number[] = [];
  const onSample = (_: string, step: number) => void samples.push(step);
  const { now } = performance;
  let offset = 0;
  performance.now = () => now.call(performance) + offset;
  try {
    const sampled = await trainLatest(corpus, {
      config,
      steps: 20,
      logEvery: 5,
      onSample,
      // Twenty seconds pass in the first steps.
      onLog: ({ step }) => void (offset += step === 5 ? 20_000 : 0),
    });
    const plain = await trainLatest(corpus, { config, steps: 20 });
    assertEquals(sampled.parameters, plain.parameters);
  } finally {
    performance.now = now;
  }
  assertEquals(samples.length, 2);
  assertEquals(samples.at(-1), 20);
  assert(samples[0]! >= 5 && samples[0]! < 20);
});

Deno.test("train() ends at the limit that is reached first", async () => {
  const stepsOf = async (options: TrainOptions) =>
    (await trainLatest(corpus, { config, ...options })).progress.step;
  const { stepsPerEpoch } = createTrainer(corpus, config);
  assertEquals(await stepsOf({ steps: 0 }), 0);
  assertEquals(await stepsOf({ steps: 3, epochs: 2, minutes: 10 }), 3);
  assertEquals(await stepsOf({ steps: 10 ** 9, epochs: 1.5 }), Math.ceil(1.5 * stepsPerEpoch));
  const begin = performance.now();
  await stepsOf({ steps: 10 ** 9, minutes: 0.003 });
  // What the last validation is estimated to take is left out.
  assert(performance.now() - begin >= 90);
});

Deno.test("train() saves a checkpoint when it is aborted", async () => {
  const controller = new AbortController();
  const saved: number[] = [];
  const { progress } = await trainLatest(corpus, {
    config,
    steps: 10 ** 9,
    logEvery: 50,
    signal: controller.signal,
    onLog: ({ step }) => {
      if (step === 100) controller.abort();
    },
    onCheckpoint: ({ progress }, kind) => {
      if (kind === "latest") saved.push(progress.step);
    },
  });
  assertEquals(progress.step, 100);
  assertEquals(saved, [100]);
});

Deno.test("train() passes a status that rises to the end", async () => {
  const statuses: TrainingStatus[] = [];
  await trainLatest(corpus, {
    config,
    steps: 200,
    onStatus: (status) => void statuses.push(status),
  });
  assert(statuses.length > 0);
  for (const [i, status] of statuses.entries()) {
    assert(status.fractionDone >= (statuses[i - 1]?.fractionDone ?? 0) && status.fractionDone <= 1);
    assertEquals(status.fractionDone, status.step / 200);
    assert(status.secondsLeft >= 0 && status.charsPerSecond > 0);
  }
});

Deno.test("train() counts the last validation in the time that is left", async () => {
  for (const valFraction of [0, 0.5]) {
    let secondsLeft = NaN;
    await trainLatest(corpus, {
      config: { ...config, valFraction },
      steps: 3,
      onStatus: (status) => void ({ secondsLeft } = status),
    });
    assertEquals(secondsLeft > 0, valFraction > 0);
  }
});

Deno.test("train() rejects invalid options before it calls anything", async () => {
  const onStart = () => {
    throw new Error("called");
  };
  for (
    const wrong of [
      { steps: -1 },
      { epochs: 0 },
      { minutes: NaN },
      { logEvery: 0 },
      { sampleEvery: 1.5 },
      { config: { hidden: 0 } },
      { config: { seqLength: 5000 } },
      { config: { hidden: 16384, batchSize: 100, seqLength: 1 } },
    ]
  ) {
    await assertRejects(() => trainLatest(corpus, { onStart, ...wrong }), InputError);
  }
});

Deno.test("prepareTraining() takes no step until run(), whose callbacks replace the others", async () => {
  const calls: string[] = [];
  using prepared = await prepareTraining(corpus, {
    config,
    steps: 3,
    onLog: () => void calls.push("old"),
  });
  assertEquals([prepared.trainer.steps, prepared.limits.steps, prepared.isFinished], [0, 3, false]);
  const last = await prepared.run({ onLog: ({ step }) => void calls.push(`${step}`) });
  assertEquals(calls, ["1", "2", "3"]);
  using resumed = await prepareTraining(corpus, { resume: last, steps: 3 });
  assert(resumed.isFinished);
  assertEquals(await resumed.run(), last);
});
