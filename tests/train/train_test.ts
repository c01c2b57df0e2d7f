import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { resolveConfig } from "../../src/model/resolve_config.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import type { TrainingMetrics, TrainingStatus } from "../../src/train/metrics.ts";
import type { TrainOptions } from "../../src/train/options.ts";
import { train } from "../../src/train/train.ts";
import { createTrainer } from "../trainers.ts";

const corpus = corpusFromText("she sells sea shells by the sea shore. ".repeat(30));
const config = resolveConfig({ hidden: 8, seqLength: 10, batchSize: 2 });

Deno.test("reports come at the first step, at the interval, and at the end", async () => {
  const reports: TrainingMetrics[] = [];
  const kept: [string, number][] = [];
  const checkpoint = await train(corpus, {
    config,
    steps: 17,
    logEvery: 5,
    onLog: (report) => void reports.push(report),
    onCheckpoint: ({ progress }, kind) => void kept.push([kind, progress.step]),
  });
  assertEquals(reports.map(({ step }) => step), [1, 5, 10, 15, 17]);
  const trainer = createTrainer(corpus, config);
  for (const report of reports) {
    let batchLoss = NaN;
    while (trainer.steps < report.step) batchLoss = trainer.step();
    assertEquals(report.batchLoss, batchLoss);
    assertEquals(report.loss, trainer.loss);
    assertEquals(report.chars, report.step * 20);
    assertEquals(report.epoch, report.step / trainer.stepsPerEpoch);
    assert(report.charsPerSecond > 0 && report.elapsedSeconds > 0);
  }
  // Validation: at the end at the latest.
  assertEquals(reports.at(-1)!.validationLoss, trainer.validate()!.loss);
  assertEquals(checkpoint.parameters, trainer.model().parameters);
  assertEquals(checkpoint.progress.step, 17);
  assertEquals(kept.at(-1), ["latest", 17]);
  assert(kept.some(([kind]) => kind === "best"));
});

Deno.test("telling more or less often changes no weight", async () => {
  const run = async (options: TrainOptions) =>
    (await train(corpus, { config, steps: 60, ...options })).parameters;
  const quiet = await run({});
  const talkative = await run({
    logEvery: 1,
    sampleEvery: 3,
    onLog: () => {},
    onSample: () => {},
    onStatus: () => {},
    onCheckpoint: () => {},
  });
  assertEquals(talkative, quiet);
});

Deno.test("samples come at their interval, another each time", async () => {
  const samples = new Map<number, string>();
  const onSample = (text: string, step: number) => void samples.set(step, text);
  await train(corpus, { config, steps: 20, sampleEvery: 8, onSample });
  assertEquals([...samples.keys()], [8, 16]);
  for (const text of samples.values()) assertEquals([...text].length, 200);
  assertEquals(new Set(samples.values()).size, 2);
  samples.clear();
  await train(corpus, { config, steps: 20, sampleEvery: 0, onSample });
  assertEquals(samples.size, 0);
});

Deno.test("the run ends at whichever limit comes first", async () => {
  const stepsOf = async (options: TrainOptions) =>
    (await train(corpus, { config, ...options })).progress.step;
  const { stepsPerEpoch } = createTrainer(corpus, config);
  assertEquals(await stepsOf({ steps: 0 }), 0);
  assertEquals(await stepsOf({ steps: 3, epochs: 2, minutes: 10 }), 3);
  assertEquals(await stepsOf({ steps: 10 ** 9, epochs: 1.5 }), Math.ceil(1.5 * stepsPerEpoch));
  const begin = performance.now();
  await stepsOf({ steps: 10 ** 9, minutes: 0.003 });
  assert(performance.now() - begin >= 180);
});

Deno.test("an aborted run keeps what it has", async () => {
  const controller = new AbortController();
  const kept: number[] = [];
  const { progress } = await train(corpus, {
    config,
    steps: 10 ** 9,
    logEvery: 50,
    signal: controller.signal,
    onLog: ({ step }) => {
      if (step === 100) controller.abort();
    },
    onCheckpoint: ({ progress }, kind) => {
      if (kind === "latest") kept.push(progress.step);
    },
  });
  assertEquals(progress.step, 100);
  assertEquals(kept, [100]);
});

Deno.test("the live line counts up to the end", async () => {
  const lives: TrainingStatus[] = [];
  await train(corpus, { config, steps: 200, onStatus: (live) => lives.push(live) });
  assert(lives.length > 0);
  for (const [i, live] of lives.entries()) {
    assert(live.done >= (lives[i - 1]?.done ?? 0) && live.done <= 1);
    assertEquals(live.done, live.step / 200);
    assert(live.secondsLeft >= 0 && live.charsPerSecond > 0);
  }
});

Deno.test("nothing is called when an option or the text is wrong", async () => {
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
    await assertRejects(() => train(corpus, { onStart, ...wrong }), InputError);
  }
});
