/** Stopping and resuming: to the bit as if training had never stopped. */
import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
} from "../../src/checkpoint/checkpoint.ts";
import { type ConfigInput, resolveConfig } from "../../src/model/resolve_config.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { formatMetrics, truncateMetrics } from "../../src/run/metrics.ts";
import type { TrainingMetrics } from "../../src/train/metrics.ts";
import type { TrainOptions } from "../../src/train/options.ts";
import { train } from "../../src/train/train.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { createTrainer } from "../trainers.ts";

const corpus = corpusFromText("she sells sea shells by the sea shore, surely – 🐚. ".repeat(30));
const small = { hidden: 9, seqLength: 10, batchSize: 2 } as const;
const config = resolveConfig(small);

/** What a file keeps of a checkpoint. */
async function throughFile(checkpoint: Checkpoint): Promise<Checkpoint> {
  return await decodeCheckpoint(await encodeCheckpoint(checkpoint));
}

/** The bytes of a file, but for the time that training took. */
async function bytesOf(checkpoint: Checkpoint): Promise<Uint8Array> {
  const { progress } = checkpoint;
  return await encodeCheckpoint({ ...checkpoint, progress: { ...progress, elapsedSeconds: 0 } });
}

/** Every rule of updating, with cells, layers, dropout and schedules among them. */
const rules: Readonly<Record<string, ConfigInput>> = {
  adagrad: { optimizer: "adagrad" },
  sgd: { optimizer: "sgd" },
  "sgd with momentum, gru": { optimizer: "sgd", momentum: 0.9, cell: "gru" },
  "adagrad, fresh states": { cell: "lstm", resetEvery: 3 },
  "adam, average": { optimizer: "adam", weightAverage: 0.1, lrSchedule: "inverse-sqrt", warmup: 5 },
  "rmsprop, lstm, step": {
    optimizer: "rmsprop",
    cell: "lstm",
    lrSchedule: "step",
    lrDecayAfter: 1,
  },
  "adam, two layers, dropout": { optimizer: "adam", layers: 2, dropout: 0.3, warmup: 20 },
  "adamw, lstm, dropout, norm": {
    ...{
      optimizer: "adamw",
      cell: "lstm",
      layers: 2,
      dropout: 0.5,
      gradClip: 0.1,
      gradClipMode: "norm",
    },
  },
};

for (const precision of ["f32", "f32-strict", "f64"] as const) {
  for (const [rule, more] of Object.entries(rules)) {
    Deno.test(`${precision}, ${rule}: N steps, a file, and M more are N + M steps`, async () => {
      for (const batchSize of [1, 3]) {
        const config: ConfigInput = { ...small, batchSize, precision, seed: 5, ...more };
        using whole = createTrainer(corpus, config);
        // Some of them before the text starts again, some after.
        const ends = [0, 1, 7, whole.stepsPerEpoch - 1, whole.stepsPerEpoch, 2 * 80 + 3];
        let threads = 1;
        let parts = createTrainer(corpus, config, { threads });
        for (const end of ends) {
          while (whole.steps < end) whole.step();
          while (parts.steps < end) assert(Number.isFinite(parts.step()));
          const state = await throughFile(parts.checkpoint());
          parts.close();
          // From each number of threads to another.
          threads = threads % 3 + 1;
          parts = Trainer.fromCheckpoint(corpus, state, { threads });
          const [one, other] = [whole.checkpoint(), parts.checkpoint()];
          assertEquals(other, one);
          assertEquals(await encodeCheckpoint(other), await encodeCheckpoint(one));
        }
        parts.close();
      }
    });
  }
}

/** A rate so high that it is lowered again and again. */
const lrReductions = { lrSchedule: "plateau", lrPatience: 1, optimizer: "sgd", lr: 2 } as const;

/** All that a run keeps, but for times and speeds. */
interface Story {
  readonly metrics: string;
  readonly best: Uint8Array | null;
  readonly last: Uint8Array;
}

/** Where a run is stopped: at a step or soon after it, before or after its report. */
interface Stop {
  readonly step: number;
  readonly when: "onStatus" | "onLog";
}

/** A run that is stopped some times, and resumed from what a file keeps of it. */
async function story(options: TrainOptions, stops: readonly Stop[]): Promise<Story> {
  let metrics = "";
  let best: Uint8Array | null = null;
  let resume: Checkpoint | undefined;
  for (const stop of [...stops, null]) {
    const controller = new AbortController();
    const listen = (when: Stop["when"], step: number) => {
      if (stop?.when === when && step >= stop.step) controller.abort();
    };
    if (resume && !resume.progress.ended) metrics = truncateMetrics(metrics, resume.progress).kept;
    await train(corpus, {
      ...options,
      ...resume ? { resume, config: {} } : {},
      signal: controller.signal,
      onStatus: ({ step }) => listen("onStatus", step),
      onLog(report: TrainingMetrics) {
        metrics += formatMetrics({ ...report, elapsedSeconds: 0, charsPerSecond: 0 });
        listen("onLog", report.step);
      },
      async onCheckpoint(checkpoint, kind) {
        if (kind === "best") best = await bytesOf(checkpoint);
        else resume = await throughFile(checkpoint);
      },
    });
  }
  return { metrics, best, last: await bytesOf(resume!) };
}

/** Drops in the middle of the run alone, and cools down over its end. */
const parts = {
  layers: 2,
  dropout: 0.5,
  dropoutFrom: 0.3,
  dropoutUntil: 0.7,
  cooldown: 0.5,
} as const;

for (
  const [what, more] of [
    ["stopped", {}],
    ["on plateaus", lrReductions],
    ["in every part of the run", parts],
  ] as const
) {
  Deno.test(`a run that is stopped anywhere tells and keeps what one that is not stopped does (${what})`, async () => {
    const config = resolveConfig({ ...small, valFraction: 0.02, ...more });
    const options = { config, steps: 150, logEvery: 7 };
    const whole = await story(options, []);
    const reports: { step: number; val_loss: number | null }[] = whole.metrics.trim().split("\n")
      .map((line) => JSON.parse(line));
    assertEquals(reports.length, 1 + 21 + 1);
    const validated = reports.filter(({ val_loss }) => val_loss !== null).map(({ step }) => step);
    assertEquals(validated, [35, 70, 105, 140, 150]);
    // Before a report that validates, in the middle of it, and wherever else.
    const steps = fc.oneof(fc.constantFrom(35, 70, 105, 140), fc.integer({ min: 1, max: 150 }));
    const stops = fc.record({ step: steps, when: fc.constantFrom("onStatus", "onLog") });
    await fc.assert(
      fc.asyncProperty(
        fc.array(stops, { minLength: 1, maxLength: 4 }),
        async (stops) => assertEquals(await story(options, stops), whole),
      ),
      { numRuns: 40 },
    );
  });
}

Deno.test("a run that is stopped by an abort from the start goes on all the same", async () => {
  const options = { config, steps: 20, logEvery: 5 };
  const resume = await train(corpus, { ...options, signal: AbortSignal.abort() });
  assertEquals(resume.progress.step, 0);
  const { progress: _, ...whole } = await train(corpus, options);
  const { progress: __, ...parts } = await train(corpus, { ...options, resume });
  assertEquals(parts, whole);
});

Deno.test("a run that ended goes on as if its limit had been the later one", async () => {
  for (const first of [20, 21, 40, 53]) {
    const options = { config, logEvery: 10, sampleEvery: 0 };
    let kept: Checkpoint | undefined;
    let metrics = "";
    const onLog = (report: TrainingMetrics) => {
      metrics += formatMetrics({ ...report, elapsedSeconds: 0, charsPerSecond: 0 });
    };
    const onCheckpoint = (checkpoint: Checkpoint, kind: string) => {
      if (kind === "latest") kept = checkpoint;
    };
    const ended = await train(corpus, { ...options, steps: first, onLog, onCheckpoint });
    assertEquals(JSON.parse(metrics.trim().split("\n").at(-1)!).step, first);
    assert(ended.progress.validationLoss !== null, "the end is validated");
    metrics = truncateMetrics(metrics, kept!.progress).kept;
    const { resume: _, ...more } = { ...options, resume: undefined, steps: 80 };
    const parts = await train(corpus, { ...more, resume: kept!, onLog });
    const partsMetrics = metrics;
    metrics = "";
    const whole = await train(corpus, { ...more, onLog });
    assertEquals(await bytesOf(parts), await bytesOf(whole));
    assertEquals(partsMetrics, metrics);
  }
});

Deno.test("a long validation does not hold up a stop", async () => {
  const controller = new AbortController();
  const long = corpusFromText("a long tale of many words, told slowly. ".repeat(4000));
  const reports: TrainingMetrics[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let begin = 0;
  const { progress } = await train(long, {
    config: { ...config, valFraction: 0.9, hidden: 200 },
    steps: 2,
    logEvery: 1,
    signal: controller.signal,
    onLog: (report) => void reports.push(report),
    onStatus({ step }) {
      if (step < 2) return;
      // The end validates 144,000 characters next, which takes seconds.
      begin = performance.now();
      timer = setTimeout(() => controller.abort(), 50);
    },
  });
  clearTimeout(timer);
  assert(controller.signal.aborted && performance.now() - begin < 1000);
  assertEquals(reports.map(({ step, validationLoss }) => [step, validationLoss]), [[1, null], [
    2,
    null,
  ]]);
  assertEquals(progress.step, 2);
});

Deno.test("the time that it took is carried on, and counts for the limit", async () => {
  const first = await train(corpus, { config, minutes: 0.003 });
  const { elapsedSeconds } = first.progress;
  assert(elapsedSeconds >= 0.18 && elapsedSeconds < 10);
  assertEquals(await train(corpus, { resume: first, minutes: 0.003 }), first);
  const reports: TrainingMetrics[] = [];
  const steps = first.progress.step + 1;
  const onLog = (report: TrainingMetrics) => void reports.push(report);
  const more = await train(corpus, { resume: first, steps, onLog });
  assert(more.progress.elapsedSeconds > elapsedSeconds);
  assert(reports.every((report) => report.elapsedSeconds > elapsedSeconds));
});

Deno.test("a run at its limit is left as it is, and nothing is called but the start", async () => {
  const resume = await train(corpus, { config, steps: 12 });
  const calls: string[] = [];
  for (const limit of [{ steps: 12 }, { steps: 3 }, { steps: 0 }, { epochs: 0.01 }]) {
    const after = await train(corpus, {
      resume,
      ...limit,
      onStart: ({ steps }, lrSchedule) => void calls.push(`${steps} of ${lrSchedule.steps}`),
      onLog: () => void calls.push("report"),
      onCheckpoint: () => void calls.push("checkpoint"),
    });
    assertEquals(after, resume);
  }
  assertEquals(calls, ["12 of 12", "12 of 3", "12 of 0", "12 of 1"]);
});

Deno.test("rate and clip may change, from the next step on", async () => {
  const resume = await train(corpus, { config, steps: 12 });
  const more = { resume, steps: 20 };
  const same = await train(corpus, more);
  assertEquals(same.config, resume.config);
  for (
    const change of [{ lr: 0.01 }, { gradClip: 0.0001 }, { preset: "min-char-rnn", hidden: 9 }]
  ) {
    const config = { ...change, seqLength: 10, batchSize: 2, init: resume.config.init };
    const other = await train(corpus, { ...more, config });
    const { preset: _, hidden: __, ...changed } = { preset: "", hidden: 9, ...change };
    const preset = "preset" in change ? { lr: 0.1, gradClip: 5 } : {};
    assertEquals(other.config, { ...resume.config, ...preset, ...changed });
    assertNotEquals(other.parameters, same.parameters);
    assertEquals(other.progress.step, 20);
  }
  // The values that the run has are no change.
  assertEquals(
    (await train(corpus, { ...more, config: resume.config })).parameters,
    same.parameters,
  );
});

Deno.test("what gives the state its meaning may not change", async () => {
  const resume = await train(corpus, { config, steps: 3 });
  const refused = async (config: ConfigInput) => {
    const calls = () => {
      throw new Error("called");
    };
    const error = await assertRejects(
      () => train(corpus, { resume, config, steps: 9, onStart: calls }),
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
    const { message, option } = await refused({ [key]: value });
    assert(message.startsWith(`Cannot resume training with "${key}" ${value}: `), message);
    assertEquals(option, key);
  }
  const { message, option } = await refused({ preset: "min-char-rnn" });
  assert(message.includes('with "hidden" 100: the run has 9'), message);
  assertEquals(option, "hidden");
  assert((await refused({ lr: -1 })).message.includes('"lr" must be a finite number above 0'));
  assert((await refused({ preset: "x" })).message.includes("one of min-char-rnn"));
});

Deno.test("a text that is another one is refused, whatever it is called", async () => {
  const resume = await train(corpus, { config, steps: 3 });
  const text = corpus.vocabulary.decode(corpus.read(0, corpus.length));
  const same = corpusFromText(text, "another name");
  assertEquals((await train(same, { resume, steps: 4 })).corpus!.name, "another name");
  const other = corpusFromText(text.slice(0, -1) + "s", "changed.txt");
  const { message } = await assertRejects(() => train(other, { resume, steps: 4 }), InputError);
  const [actual, expected] = [other, corpus].map(({ sha256 }) => sha256.slice(0, 12));
  for (const part of ['on "changed.txt": ', '"text"', `${actual}…, not ${expected}…`]) {
    assert(message.includes(part), message);
  }
  // A checkpoint that does not know its text needs at least its characters.
  const foreign = { ...resume, corpus: null };
  assertEquals((await train(other, { resume: foreign, steps: 4 })).progress.step, 4);
  assertThrows(
    () => Trainer.fromCheckpoint(corpusFromText("entirely ".repeat(50)), foreign),
    InputError,
    "its characters are not the model's vocabulary",
  );
});

Deno.test("a checkpoint that lacks what training needs is refused", () => {
  const trainer = createTrainer(corpus, small);
  const fresh = { ...trainer.checkpoint(), optimizerState: null };
  assertEquals(Trainer.fromCheckpoint(corpus, fresh).step(), trainer.step());
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
