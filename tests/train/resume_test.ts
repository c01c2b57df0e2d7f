/** Stopping and resuming: the same bits as if training had never stopped. */
import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import { type Checkpoint, encodeCheckpoint } from "../../src/checkpoint/checkpoint.ts";
import { type ConfigInput, resolveConfig } from "../../src/model/resolve_config.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { formatMetrics, truncateMetrics } from "../../src/run/metrics.ts";
import type { TrainingMetrics } from "../../src/train/metrics.ts";
import type { TrainOptions } from "../../src/train/options.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { Trainer } from "../../src/train/trainer.ts";
import {
  assertResumesWithSameBits,
  configs,
  corpus,
  precisions,
  small,
  throughFile,
} from "./resumption.ts";
import { createTrainer, trainLatest } from "../trainers.ts";

const config = resolveConfig(small);

/** The bytes of a checkpoint, without the duration of the training. */
async function bytesOf(checkpoint: Checkpoint): Promise<Uint8Array> {
  const { progress } = checkpoint;
  return await encodeCheckpoint({ ...checkpoint, progress: { ...progress, elapsedSeconds: 0 } });
}

// Each precision with some of the configurations; resume_soak.ts tests all of them with all.
for (const [i, [name, input]] of Object.entries(configs).entries()) {
  const precision = precisions[i % precisions.length]!;
  Deno.test(`Trainer.fromCheckpoint() continues with the same bits: ${precision}, ${name}`, async () => {
    await assertResumesWithSameBits({ ...input, precision });
  });
}

Deno.test("Trainer.fromCheckpoint() draws no random numbers", () => {
  const { nextUint32 } = Xoshiro128.prototype;
  let draws = 0;
  Xoshiro128.prototype.nextUint32 = function () {
    draws++;
    return nextUint32.call(this);
  };
  try {
    using trainer = Trainer.create(corpus, config);
    assert(draws > 0);
    draws = 0;
    using _resumed = Trainer.fromCheckpoint(corpus, trainer.checkpoint());
    assertEquals(draws, 0);
  } finally {
    Xoshiro128.prototype.nextUint32 = nextUint32;
  }
});

/** A learning rate so high that the schedule lowers it again and again. */
const plateaus = { lrSchedule: "plateau", lrPatience: 1, optimizer: "sgd", lr: 2 } as const;

/** Everything that a run saves, without times and speeds. */
interface Saved {
  readonly metrics: string;
  readonly best: Uint8Array | null;
  readonly last: Uint8Array;
}

/** Where a run is stopped: at a step or soon after it, before or after its metrics. */
interface Stop {
  readonly step: number;
  readonly when: "onStatus" | "onLog";
}

/** Runs a training that is stopped several times, and resumed from its latest checkpoint. */
async function runWithStops(options: TrainOptions, stops: readonly Stop[]): Promise<Saved> {
  let metrics = "";
  let best: Uint8Array | null = null;
  let resume: Checkpoint | undefined;
  for (const stop of [...stops, null]) {
    const controller = new AbortController();
    const listen = (when: Stop["when"], step: number) => {
      if (stop?.when === when && step >= stop.step) controller.abort();
    };
    if (resume && !resume.progress.ended) metrics = truncateMetrics(metrics, resume.progress).kept;
    await trainLatest(corpus, {
      ...options,
      ...resume ? { resume, config: {} } : {},
      signal: controller.signal,
      onStatus: ({ step }) => listen("onStatus", step),
      onLog(logged) {
        metrics += formatMetrics({ ...logged, elapsedSeconds: 0, charsPerSecond: 0 });
        listen("onLog", logged.step);
      },
      async onCheckpoint(checkpoint, kind) {
        if (kind === "best") best = await bytesOf(checkpoint);
        else resume = await throughFile(checkpoint);
      },
    });
  }
  return { metrics, best, last: await bytesOf(resume!) };
}

/** Dropout in the middle of the run, and a cooldown over its second half. */
const fractions = {
  layers: 2,
  dropout: 0.5,
  dropoutFrom: 0.3,
  dropoutUntil: 0.7,
  cooldown: 0.5,
} as const;

for (
  const [name, more] of [
    ["plain", {}],
    ["with plateaus", plateaus],
    ["with dropout and cooldown", fractions],
    ["with a linear schedule", { lrSchedule: "linear", warmup: 20 }],
  ] as const
) {
  Deno.test(`train() logs and saves the same wherever it is stopped (${name})`, async () => {
    const config = resolveConfig({ ...small, valFraction: 0.02, ...more });
    const options = { config, steps: 150, logEvery: 7 };
    const whole = await runWithStops(options, []);
    const records: { step: number; val_loss: number | null }[] = whole.metrics.trim().split("\n")
      .map((line) => JSON.parse(line));
    assertEquals(records.length, 1 + 21 + 1);
    const validated = records.filter(({ val_loss }) => val_loss !== null).map(({ step }) => step);
    assertEquals(validated, [35, 70, 105, 140, 150]);
    // Around metrics with a validation, and anywhere else.
    const steps = fc.oneof(fc.constantFrom(35, 70, 105, 140), fc.integer({ min: 1, max: 150 }));
    const stops = fc.record({ step: steps, when: fc.constantFrom("onStatus", "onLog") });
    await fc.assert(
      fc.asyncProperty(
        fc.array(stops, { minLength: 1, maxLength: 4 }),
        async (stops) => assertEquals(await runWithStops(options, stops), whole),
      ),
      { numRuns: 40 },
    );
  });
}

Deno.test("train() can be resumed after it was aborted before its first step", async () => {
  const options = { config, steps: 20, logEvery: 5 };
  const resume = await trainLatest(corpus, { ...options, signal: AbortSignal.abort() });
  assertEquals(resume.progress.step, 0);
  const { progress: _, ...whole } = await trainLatest(corpus, options);
  const { progress: __, ...parts } = await trainLatest(corpus, { ...options, resume });
  assertEquals(parts, whole);
});

Deno.test("train() resumes a finished run as if it had had the higher limit from the start", async () => {
  for (const first of [20, 21, 40, 53]) {
    const options = { config, logEvery: 10, sampleEvery: 0 };
    let saved: Checkpoint | undefined;
    let metrics = "";
    const onLog = (logged: TrainingMetrics) => {
      metrics += formatMetrics({ ...logged, elapsedSeconds: 0, charsPerSecond: 0 });
    };
    const onCheckpoint = (checkpoint: Checkpoint, kind: string) => {
      if (kind === "latest") saved = checkpoint;
    };
    const ended = await trainLatest(corpus, { ...options, steps: first, onLog, onCheckpoint });
    assertEquals(JSON.parse(metrics.trim().split("\n").at(-1)!).step, first);
    assert(ended.progress.validationLoss !== null, "the end validates");
    metrics = truncateMetrics(metrics, saved!.progress).kept;
    const { resume: _, ...more } = { ...options, resume: undefined, steps: 80 };
    const parts = await trainLatest(corpus, { ...more, resume: saved!, onLog });
    const partsMetrics = metrics;
    metrics = "";
    const whole = await trainLatest(corpus, { ...more, onLog });
    assertEquals(await bytesOf(parts), await bytesOf(whole));
    assertEquals(partsMetrics, metrics);
  }
});

Deno.test("train() stops soon after the signal during a long validation", async () => {
  const controller = new AbortController();
  const long = corpusFromText("a long story of many words, read slowly. ".repeat(4000));
  const logged: TrainingMetrics[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const { progress } = await trainLatest(long, {
    config: { ...config, valFraction: 0.9, hidden: 200 },
    steps: 2,
    logEvery: 1,
    signal: controller.signal,
    onLog: (metrics) => void logged.push(metrics),
    onStatus({ step }) {
      if (step < 2) return;
      // The end validates 144,000 characters now, which takes seconds. What is given up has no loss.
      timer = setTimeout(() => controller.abort(), 50);
    },
  });
  clearTimeout(timer);
  assert(controller.signal.aborted);
  const losses = logged.map(({ step, validationLoss }) => [step, validationLoss]);
  assertEquals(losses, [[1, null], [2, null]]);
  assertEquals(progress.step, 2);
});

Deno.test("train() counts the time before it was resumed", async () => {
  const first = await trainLatest(corpus, { config, minutes: 0.003 });
  const { elapsedSeconds } = first.progress;
  assert(elapsedSeconds >= 0.18);
  assertEquals(await trainLatest(corpus, { resume: first, minutes: 0.003 }), first);
  const logged: TrainingMetrics[] = [];
  const steps = first.progress.step + 1;
  const onLog = (metrics: TrainingMetrics) => void logged.push(metrics);
  const more = await trainLatest(corpus, { resume: first, steps, onLog });
  assert(more.progress.elapsedSeconds > elapsedSeconds);
  assert(logged.every((metrics) => metrics.elapsedSeconds > elapsedSeconds));
});

Deno.test("train() returns a finished run as it is, and calls only onStart", async () => {
  const resume = await trainLatest(corpus, { config, steps: 12 });
  const calls: string[] = [];
  for (const limit of [{ steps: 12 }, { steps: 3 }, { steps: 0 }, { epochs: 0.01 }]) {
    const after = await trainLatest(corpus, {
      resume,
      ...limit,
      onStart: ({ steps }, limits) => void calls.push(`${steps} of ${limits.steps}`),
      onLog: () => void calls.push("log"),
      onCheckpoint: () => void calls.push("checkpoint"),
    });
    assertEquals(after, resume);
  }
  assertEquals(calls, ["12 of 12", "12 of 3", "12 of 0", "12 of 1"]);
});

Deno.test("train() can be resumed with another learning rate and gradient clipping", async () => {
  const resume = await trainLatest(corpus, { config, steps: 12 });
  const more = { resume, steps: 20 };
  const same = await trainLatest(corpus, more);
  assertEquals(same.config, resume.config);
  for (
    const change of [{ lr: 0.01 }, { gradClip: 0.0001 }, { preset: "min-char-rnn", hidden: 9 }]
  ) {
    const config = { ...change, seqLength: 10, batchSize: 2, init: resume.config.init };
    const other = await trainLatest(corpus, { ...more, config });
    const { preset: _, hidden: __, ...changed } = { preset: "", hidden: 9, ...change };
    const preset = "preset" in change ? { lr: 0.1, gradClip: 5 } : {};
    assertEquals(other.config, { ...resume.config, ...preset, ...changed });
    assertNotEquals(other.parameters, same.parameters);
    assertEquals(other.progress.step, 20);
  }
  // The values that the run has are not changes.
  assertEquals(
    (await trainLatest(corpus, { ...more, config: resume.config })).parameters,
    same.parameters,
  );
});

Deno.test("train() rejects changes that the saved state does not allow, and names them", async () => {
  const resume = await trainLatest(corpus, { config, steps: 3 });
  const rejection = async (config: ConfigInput) => {
    const onStart = () => {
      throw new Error("called");
    };
    const error = await assertRejects(
      () => trainLatest(corpus, { resume, config, steps: 9, onStart }),
      InputError,
    );
    assert(!error.message.includes("\n"));
    return error;
  };
  for (
    const [key, value] of [
      ["hidden", 8],
      ["seqLength", 11],
      ["batchSize", 1],
      ["optimizer", "sgd"],
      ["init", "normal:0.1"],
      ["cell", "gru"],
      ["layers", 2],
      ["precision", "f64"],
      ["seed", 2],
      ["valFraction", 0],
    ] as const
  ) {
    const { message, option } = await rejection({ [key]: value });
    assert(message.startsWith(`Cannot resume training with "${key}" ${value}: `), message);
    assertEquals(option, key);
  }
  const { message, option } = await rejection({ preset: "min-char-rnn" });
  assert(message.includes('with "hidden" 100: the run has 9'), message);
  assertEquals(option, "hidden");
  assert((await rejection({ lr: -1 })).message.includes('"lr" must be a finite number above 0'));
  assert((await rejection({ preset: "x" })).message.includes("one of min-char-rnn"));
});

Deno.test("train() rejects resuming on another text, whatever its path", async () => {
  const resume = await trainLatest(corpus, { config, steps: 3 });
  const text = corpus.vocabulary.decode(corpus.read(0, corpus.length));
  const same = corpusFromText(text, "another name");
  assertEquals((await trainLatest(same, { resume, steps: 4 })).corpus!.path, "another name");
  const other = corpusFromText(text.slice(0, -1) + "s", "changed.txt");
  const { message } = await assertRejects(
    () => trainLatest(other, { resume, steps: 4 }),
    InputError,
  );
  const [actual, expected] = [other, corpus].map(({ sha256 }) => sha256.slice(0, 12));
  for (const part of ['on "changed.txt": ', '"text"', `${actual}…, not ${expected}…`]) {
    assert(message.includes(part), message);
  }
  // Without the identity of the text, only the vocabulary is compared.
  const foreign = { ...resume, corpus: null };
  assertEquals((await trainLatest(other, { resume: foreign, steps: 4 })).progress.step, 4);
  assertThrows(
    () => Trainer.fromCheckpoint(corpusFromText("entirely ".repeat(50)), foreign),
    InputError,
    "is not among the 16 characters of the vocabulary",
  );
});

Deno.test("Trainer.fromCheckpoint() rejects a checkpoint without what training needs", () => {
  using trainer = createTrainer(corpus, small);
  const untrained = { ...trainer.checkpoint(), optimizerState: null };
  assertEquals(Trainer.fromCheckpoint(corpus, untrained).step(), trainer.step());
  const checkpoint = trainer.checkpoint();
  assertThrows(
    () => Trainer.fromCheckpoint(corpus, { ...checkpoint, optimizerState: null }),
    InputError,
    "the checkpoint of step 1 has no optimizer state of adagrad",
  );
  const { progress } = checkpoint;
  const lost = { ...checkpoint, progress: { ...progress, position: 10 ** 6 } };
  const before = trainer.checkpoint();
  assertThrows(() => trainer.restore(lost), InputError, "position 1000000");
  assertEquals(trainer.checkpoint(), before);
});
