import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import type { Config } from "../../src/model/config.ts";
import { baseConfig } from "../../src/model/presets.ts";
import { type ConfigInput, resolveConfig } from "../../src/model/resolve_config.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { splitCorpus } from "../../src/text/split.ts";
import { evaluate } from "../../src/evaluate/evaluate.ts";
import type { ParameterSet } from "../../src/model/parameters.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { autoConfig } from "../../src/train/auto_config.ts";
import type { TextSize } from "../../src/train/cost.ts";
import type { LimitOptions } from "../../src/train/limits.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { trainLatest } from "../trainers.ts";

/** A text with an ordinary alphabet, or another one. */
function ofLength(length: number, size = 65): TextSize {
  return { length, vocabulary: { size } };
}

/** The configuration for a text of a million characters. */
function pick(input: ConfigInput = {}, limits: LimitOptions = {}) {
  return autoConfig(ofLength(1e6), input, limits).config;
}

Deno.test("autoConfig() picks a larger model for a longer text and for more time", () => {
  const units = (chars: number, limits: LimitOptions = {}) => {
    const { layers, hidden } = autoConfig(ofLength(chars), {}, limits).config;
    assertEquals(layers, 2);
    return hidden;
  };
  const lengths = [1e3, 9_999, 10_000, 29_999, 30_000, 299_999, 300_000, 1e6, 1e8];
  assertEquals(lengths.map((chars) => units(chars)), [64, 64, 96, 96, 128, 128, 128, 192, 160]);
  assertEquals([0.1, 1, 2, 3, 10].map((minutes) => units(1e6, { minutes })), [
    96,
    128,
    128,
    192,
    256,
  ]);
  assertEquals(units(5e3, { minutes: 600 }), 64);
  // A text that is read less than five times in three minutes.
  assertEquals(units(1.2e6, { minutes: 3 }), 160);
  // A shorter text needs as many characters of training, which it has only with a time limit.
  const mediumUnits = (limits: LimitOptions) =>
    [249_999, 250_000, 499_999, 500_000].map((chars) => units(chars, limits));
  assertEquals(mediumUnits({ minutes: 2 }), [128, 128, 128, 128]);
  assertEquals(mediumUnits({ minutes: 3 }), [128, 192, 192, 192]);
  assertEquals(mediumUnits({ minutes: 60 }), [128, 192, 192, 256]);
  for (const limits of [{}, { epochs: 50 }, { steps: 10 }]) {
    assertEquals(mediumUnits(limits), [128, 128, 128, 192]);
  }
});

Deno.test("autoConfig() keeps given keys and picks the others to go with them", () => {
  assertEquals(pick({ hidden: 7, cell: "lstm" }).cell, "lstm");
  assertEquals(pick({ hidden: 7 }).hidden, 7);
  const { lrSchedule, weightAverage, lr } = pick({ optimizer: "adagrad" });
  assertEquals([lrSchedule, weightAverage, lr], ["constant", 0, 0.05]);
  assertEquals(pick({ optimizer: "adam" }).weightDecay, 0);
  assertEquals([512, 513].map((hidden) => pick({ hidden }).init), ["orthogonal", "xavier"]);
  // The rate of a schedule that does not fall to 0 is lower.
  const once = (input: ConfigInput) => pick({ hidden: 128, ...input }, { epochs: 1 });
  for (const lrSchedule of ["constant", "inverse-sqrt"] as const) {
    const { lr, warmup } = once({ lrSchedule });
    assertEquals([lr, warmup > 0], [0.006, true]);
    assertEquals(once({ lrSchedule, cooldown: 0.2 }).lr, 0.012);
  }
  assertEquals(once({ warmup: 0 }).lrSchedule, "linear");
  // Nor is a schedule picked for many epochs of a long text that another option excludes.
  const long = (input: ConfigInput) => pick(input, { minutes: 10 });
  const { lrSchedule: longSchedule, warmup, cooldown } = long({});
  assertEquals([longSchedule, warmup, cooldown], ["inverse-sqrt", 1000, 0.2]);
  assertEquals([long({ warmup: 0 }).lrSchedule, long({ cooldown: 0 }).lr], ["linear", 0.006]);
  assertEquals(long({ dropoutFrom: 0.9 }).dropoutUntil, 1);
  assertEquals(long({ dropoutUntil: 0.5 }).dropoutFrom, 0);
});

/** Valid values of each key of a configuration. */
const valuesOf: { readonly [K in keyof Config]: fc.Arbitrary<Config[K]> } = {
  cell: fc.constantFrom("rnn", "gru", "lstm"),
  layers: fc.integer({ min: 1, max: 16 }),
  hidden: fc.integer({ min: 1, max: 2000 }),
  seqLength: fc.integer({ min: 1, max: 2000 }),
  batchSize: fc.integer({ min: 1, max: 2000 }),
  dropout: fc.constantFrom(0, 0.1, 0.5, 0.99),
  dropoutFrom: fc.constantFrom(0, 0.5, 0.7, 0.8, 0.85, 0.9, 0.99),
  dropoutUntil: fc.constantFrom(0.01, 0.5, 0.7, 0.8, 0.85, 0.9, 1),
  lr: fc.constantFrom(1e-9, 0.01, 10),
  lrSchedule: fc.constantFrom("constant", "step", "linear", "cosine", "inverse-sqrt", "plateau"),
  lrDecay: fc.constantFrom(0.1, 1),
  lrDecayAfter: fc.constantFrom(0.1, 100),
  lrDecayEvery: fc.constantFrom(0.1, 100),
  lrPatience: fc.integer({ min: 1, max: 100 }),
  warmup: fc.constantFrom(0, 1, 10, 1e6),
  cooldown: fc.constantFrom(0, 0.2, 0.99),
  optimizer: fc.constantFrom("adagrad", "sgd", "rmsprop", "adam", "adamw"),
  momentum: fc.constantFrom(0, 0.99),
  beta1: fc.constantFrom(0, 0.99),
  beta2: fc.constantFrom(0, 0.99),
  confidencePenalty: fc.constantFrom(0, 0.1, 2),
  weightDecay: fc.constantFrom(0, 0.1, 10),
  gradClip: fc.constantFrom(0, 5),
  gradClipMode: fc.constantFrom("value", "norm"),
  weightAverage: fc.constantFrom(0, 0.5, 1),
  init: fc.constantFrom("normal:0.01", "uniform:0.1", "xavier", "orthogonal", "pytorch"),
  precision: fc.constantFrom("f32", "f32-strict", "f64"),
  seed: fc.maxSafeNat(),
  valFraction: fc.constantFrom(0, 0.5, 0.99),
  testFraction: fc.constantFrom(0, 0.5),
  resetEvery: fc.constantFrom(0, 1, 1000),
  holdout: fc.constantFrom("end", "streams", "lines"),
};

/** What keys require that have no effect without another one. */
const required: Readonly<Record<string, ConfigInput>> = {
  lrDecay: { lrSchedule: "step" },
  lrDecayAfter: { lrSchedule: "step" },
  lrDecayEvery: { lrSchedule: "step" },
  lrPatience: { lrSchedule: "plateau" },
  momentum: { optimizer: "sgd" },
  dropoutFrom: { dropout: 0.2 },
  dropoutUntil: { dropout: 0.2 },
};

/** One key of a configuration with a valid value, and what it requires. */
const oneKey: fc.Arbitrary<ConfigInput> = fc.oneof(
  ...Object.entries(valuesOf).map(([key, values]) =>
    (values as fc.Arbitrary<unknown>).map((value): ConfigInput => ({
      ...required[key],
      [key]: value,
    }))
  ),
);

/** Limits of a run, or none. */
const anyLimits = fc.record({
  steps: fc.integer({ min: 1, max: 1e6 }),
  epochs: fc.constantFrom(0.1, 1, 10, 1000),
  minutes: fc.constantFrom(0.1, 1, 3, 9, 10, 60, 1e4),
}, { requiredKeys: [] });

/** Texts from three characters on, with ordinary and large alphabets. */
const anyText = fc.record({
  length: fc.integer({ min: 3, max: 1e9 }),
  vocabulary: fc.record({ size: fc.constantFrom(1, 65, 500, 30_000) }),
});

/** Checks that what is picked keeps what is given, and has reasons for nothing else. */
function checkPicked(text: TextSize, input: ConfigInput, limits: LimitOptions): void {
  const { config, reasons } = autoConfig(text, input, limits);
  assertEquals({ ...config, ...input }, config);
  for (const { choice, reason, keys } of reasons) {
    assert(keys.every((key) => input[key] === undefined));
    for (const words of [choice, reason]) {
      assert(!/NaN|undefined|Infinity|^$/.test(words), `${choice}: ${reason}`);
    }
  }
}

Deno.test("autoConfig() goes with any single key, for any text and any limits", () => {
  fc.assert(fc.property(anyText, oneKey, anyLimits, checkPicked), { numRuns: 3000 });
});

Deno.test("autoConfig() goes with any two keys, or names one that conflicts", () => {
  fc.assert(
    fc.property(anyText, oneKey, oneKey, anyLimits, (text, one, other, limits) => {
      const input = { ...one, ...other };
      try {
        checkPicked(text, input, limits);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        assert(Object.keys(input).some((key) => error.message.includes(`"${key}"`)));
      }
    }),
    { numRuns: 3000 },
  );
});

Deno.test("autoConfig() picks dropout by epochs and weight decay by steps, of any limit", () => {
  const picked = (limits: LimitOptions, input: ConfigInput = {}, chars = 1e5) => {
    const { dropout, weightDecay } = autoConfig(ofLength(chars), input, limits).config;
    return [dropout, weightDecay];
  };
  // 600 characters a step.
  assertEquals(picked({ epochs: 3 }), [0, 0.3]);
  assertEquals(picked({ epochs: 3, minutes: 9, steps: 1e6 }), [0, 0.3]);
  assertEquals(picked({ epochs: 8 }), [0.2, 0.19]);
  assertEquals(picked({ steps: 1333 }), [0.2, 0.19]);
  assertEquals([17, 18, 59, 60].map((epochs) => picked({ epochs })[0]), [0.2, 0.3, 0.3, 0.5]);
  // From ten epochs on, the number of epochs counts.
  for (const limits of [{ epochs: 100 }, { epochs: 1000 }, { minutes: 30 }]) {
    assertEquals(picked(limits), [0.5, 0.15]);
  }
  // A long text is overfitted later, and then needs more weight decay.
  assertEquals(picked({ epochs: 3 }, {}, 1e6), [0, 0.05]);
  assertEquals([7, 8, 19, 20, 40].map((epochs) => picked({ epochs }, {}, 1e6)), [
    [0, 0.1],
    [0.1, 0.1],
    [0.1, 0.1],
    [0.2, 0.1],
    [0.3, 0.1],
  ]);
  // Three minutes of a medium text in wide layers, as they were measured.
  assertEquals(picked({ minutes: 3 }, {}, 3e5), [0.3, 0.1]);
  assertEquals(picked({ epochs: 3 }, {}, 1e7), [0, 0.02]);
  assertEquals(picked({ epochs: 100 }, { layers: 1 }), [0, 0.15]);
  assertEquals(picked({ epochs: 100 }, { dropout: 0.1, weightDecay: 0 }), [0.1, 0]);
});

Deno.test("autoConfig() picks a rate that falls early for many epochs of a long text", () => {
  const schedule = (chars: number, limits: LimitOptions) => {
    const { lrSchedule, cooldown } = autoConfig(ofLength(chars), {}, limits).config;
    return `${lrSchedule} ${cooldown}`;
  };
  const [early, straight] = ["inverse-sqrt 0.2", "linear 0"];
  for (const limits of [{ epochs: 5 }, { steps: 9000 }, { minutes: 3 }, { minutes: 10 }, {}]) {
    assertEquals(schedule(1e6, limits), early);
  }
  // Fewer epochs of a long text, and a short text.
  for (const limits of [{ epochs: 4.9 }, { steps: 8000 }, { minutes: 1 }]) {
    assertEquals(schedule(1e6, limits), straight);
  }
  assertEquals(schedule(4.3e6, { minutes: 10 }), straight);
  assertEquals(schedule(499_999, { epochs: 50 }), straight);
  // A medium text in wide layers.
  assertEquals(schedule(250_000, { minutes: 3 }), early);
  assertEquals(schedule(249_999, { minutes: 3 }), straight);
  assertEquals(schedule(250_000, { minutes: 1 }), straight);
});

Deno.test("autoConfig() picks the learning rate by cell and width", () => {
  const lr = (input: ConfigInput, epochs = 1) => pick({ hidden: 128, ...input }, { epochs }).lr;
  assertEquals([lr({}), lr({ layers: 1 })], [0.012, 0.012]);
  assertEquals([160, 192, 512].map((hidden) => lr({ hidden })), [0.0096, 0.008, 0.003]);
  assertEquals([lr({ cell: "lstm" }), lr({ cell: "rnn" })], [0.016, 0.006]);
  assertEquals(lr({ cell: "lstm", lrSchedule: "constant" }), 0.01);
  // The rate of many epochs falls early, and starts higher.
  assertEquals([192, 256, 512].map((hidden) => lr({ hidden }, 5)), [0.012, 0.012, 0.006]);
  const constant = (hidden: number) => lr({ hidden, lrSchedule: "constant" });
  assertEquals([192, 256, 512].map(constant), [0.006, 0.006, 0.003]);
});

Deno.test("autoConfig() picks a smaller model for a large alphabet, in the time that there is", () => {
  const units = (chars: number, size: number, minutes?: number) => {
    const limits = minutes === undefined ? {} : { minutes };
    const { layers, hidden } = autoConfig(ofLength(chars, size), {}, limits).config;
    assertEquals(layers, 2);
    return hidden;
  };
  // Ordinary alphabets are alike, whatever the time.
  for (const minutes of [0.1, 1, 2, 3, 60]) {
    for (const chars of [1e3, 1e5, 4e5, 2e6]) {
      const picked = [1, 5, 60, 80, 120].map((size) => units(chars, size, minutes));
      assertEquals(new Set(picked).size, 1);
    }
  }
  assertEquals([3000, 30_000].map((size) => units(1e6, size)), [128, 64]);
  assertEquals(units(1e6, 30_000, 60), 128);
});

Deno.test("autoConfig() returns the reasons for its choices", () => {
  const choices = (text: TextSize, input: ConfigInput = {}, limits: LimitOptions = {}) =>
    autoConfig(text, input, limits).reasons.map(({ choice }) => choice);
  assertEquals(choices(ofLength(1e6), {}, { minutes: 10 }), [
    "gru, 2 layers of 256 hidden units",
    "dropout 0.1 from 0.7 to 0.85 of the run",
    "12 streams of 50 characters",
    "adamw, lr 0.012, weight decay 0.1",
    "inverse-sqrt, cooldown 0.2, weight average 0.1",
  ]);
  assertEquals(choices(ofLength(30), { hidden: 1024 }).slice(0, 3), [
    "gru, 2 layers",
    "dropout 0.5",
    "1 stream of 3 characters",
  ]);
  const [model] = autoConfig(ofLength(1e6), {}, { minutes: 10 }).reasons;
  assertEquals(model!.reason, "1,000,000 characters and 10 minutes are enough for this size");
  const reason = (chars: number, size = 65) => autoConfig(ofLength(chars, size)).reasons[0]!.reason;
  assert(reason(1e6).includes("minutes or more"), reason(1e6));
  assert(reason(1e4).includes("10,000 characters are too few"), reason(1e4));
  const [, dropout] = autoConfig(ofLength(1e5), {}, { epochs: 100 }).reasons;
  assert(dropout!.reason.includes("about 100 epochs"));
  assert(reason(1e6, 30_000).includes("30,000 of them distinct"), reason(1e6, 30_000));
});

/** A value for each key that is not the automatic one, and can be given with all others. */
const givenValues: Partial<Config> = {
  cell: "lstm",
  layers: 13,
  hidden: 1023,
  batchSize: 17,
  seqLength: 23,
  optimizer: "adam",
  lr: 0.0123,
  lrSchedule: "constant",
  weightDecay: 0.0456,
  weightAverage: 0.0789,
};

Deno.test("autoConfig() gives reasons only for what was not given, and true ones", () => {
  const keys = fc.subarray(Object.keys(givenValues) as (keyof Config)[]);
  const lengths = fc.constantFrom(30, 500, 3420, 29_999, 84_891, 310_000, 620_000, 5_000_000);
  const sizes = fc.constantFrom(1, 2, 5, 65, 128, 3500, 30_000);
  const times = fc.constantFrom(undefined, 0.1, 1, 2.5, 10, 60);
  fc.assert(
    fc.property(keys, lengths, sizes, times, (keys, length, size, minutes) => {
      const input = Object.fromEntries(keys.map((key) => [key, givenValues[key]])) as ConfigInput;
      const limits = minutes === undefined ? {} : { minutes };
      const text = ofLength(length, size);
      const { config, reasons } = autoConfig(text, input, limits);
      const all = reasons.map(({ choice, reason }) => `${choice}: ${reason}`).join("\n");
      // Epochs and minutes that would be enough are estimates, and may be any number.
      const certain = all.replaceAll(/about [\d,]+ epochs?|with [\d,]+ minutes? or more/g, "");
      const choices = reasons.map(({ choice }) => choice).join("; ");
      for (const key of keys) {
        const value = givenValues[key]!;
        if (key === "cell") continue; // The learning rate is that of the cell.
        const number = new RegExp(
          `(?<![\\d,.])${value.toLocaleString("en", digits)}(?![\\d,.]*\\d)`,
        );
        assert(!number.test(certain), `${key}: ${all}`);
      }
      if (keys.includes("cell")) assert(!/\b(gru|rnn|lstm)\b/.test(choices), all);
      // Each number that is stated is one of the text, the time, the configuration or a rule.
      const known = [
        ...Object.values(config),
        ...[length, size, minutes, 1, 2, 8, 128, 256],
      ].map((value) => typeof value === "number" ? value.toLocaleString("en", digits) : value);
      for (const [number] of certain.matchAll(/\d[\d,.]*\d|\d/g)) {
        assert(known.includes(number), `${number} in ${all}`);
      }
      // What is said of more time is what happens.
      const more = /with ([\d,]+) minutes? or more/.exec(all);
      if (more !== null) {
        const time = Number(more[1]!.replaceAll(",", ""));
        assert(time > (minutes ?? 0));
        const weights = (limits: LimitOptions) => {
          const { layers, hidden } = autoConfig(text, {}, limits).config;
          return layers * hidden;
        };
        assert(weights({ minutes: time }) > weights(limits), all);
        assert(time === 1 || weights({ minutes: time - 1 }) <= weights(limits), all);
      }
      if (length < 400 && !keys.includes("seqLength")) {
        assert(/short, as the text has only/.test(all));
      }
    }),
    { numRuns: 2000 },
  );
});

/** All digits of a number. */
const digits = { maximumFractionDigits: 20 };

Deno.test("autoConfig() picks nothing if a preset or a complete configuration is given", () => {
  const preset = autoConfig(ofLength(1e6), { preset: "min-char-rnn" });
  assertEquals([preset.config.hidden, preset.reasons], [100, []]);
  const config = resolveConfig({ preset: "char-rnn", optimizer: "adagrad" });
  assertEquals(autoConfig(ofLength(1e6), config), { config, reasons: [] });
});

Deno.test("autoConfig() holds out at most a million characters, unless a fraction is given", () => {
  const heldOut = (chars: number, input: ConfigInput = {}) =>
    splitCorpus(chars, { ...autoConfig(ofLength(chars), input).config, minTrainChars: 2 })
      .validation.map((
        [a, b],
      ) => b - a);
  assertEquals([1e6, 2e7].map((chars) => heldOut(chars)), [[5e4], [1e6]]);
  assertEquals([4e7, 2 ** 31].map((chars) => heldOut(chars)), [[1e6], [1e6]]);
  assertEquals(heldOut(4e7, { preset: "min-char-rnn" }), [1e6]);
  assertEquals(heldOut(4e7, { preset: "torch-rnn" }), [4e6]);
  assertEquals(heldOut(4e7, { valFraction: 0.05 }), [2e6]);
  assertEquals(baseConfig.valFraction, 0.05);
});

Deno.test("autoConfig() can train every text of three characters or more", () => {
  fc.assert(fc.property(fc.integer({ min: 3, max: 100_000 }), (length) => {
    const corpus = corpusFromText("abc".repeat(length).slice(0, length));
    const { config } = autoConfig(corpus, { hidden: 4 });
    using trainer = Trainer.create(corpus, config, { threads: 1 });
    assert(Number.isFinite(trainer.step()));
  }));
});

Deno.test("train() without a configuration gives the weights of autoConfig()'s", async () => {
  const corpus = corpusFromText("she sells sea shells by the sea shore. ".repeat(60));
  const limits = { steps: 20, threads: 1 };
  const { config, reasons } = autoConfig(corpus, {}, { steps: 20 });
  assertEquals(reasons.length, 4);
  assertEquals(reasons.map(({ keys }) => keys), [
    ["cell", "layers", "hidden"],
    ["batchSize", "seqLength"],
    ["optimizer", "lr", "weightDecay"],
    ["lrSchedule", "cooldown", "warmup", "weightAverage"],
  ]);
  const { reasons: others } = autoConfig(corpus, { hidden: 32, lr: 0.01 }, { steps: 20 });
  assertEquals(others.map(({ keys }) => keys.join(" ")), [
    "cell layers",
    "batchSize seqLength",
    "optimizer weightDecay",
    "lrSchedule cooldown warmup weightAverage",
  ]);
  const automatic = await trainLatest(corpus, limits);
  assertEquals(automatic.config, config);
  assertEquals(automatic.parameters, (await trainLatest(corpus, { ...limits, config })).parameters);
  using trainer = Trainer.create(corpus, config, { threads: 1 });
  while (trainer.steps < 20) trainer.step({ fractionDone: trainer.steps / 20 });
  assertEquals(automatic.parameters, trainer.model().parameters);
});

Deno.test("autoConfig() learns a short text", async () => {
  const corpus = corpusFromText("she sells sea shells by the sea shore. ".repeat(60));
  const { progress } = await trainLatest(corpus, { steps: 600, threads: 1 });
  assert(progress.validationLoss! < 0.15, `${progress.validationLoss}`);
});

Deno.test("train() leaves a better model than its last weights when it is interrupted", async () => {
  const random = new Xoshiro128(1);
  const words = ["the", "hare", "ran", "from", "red", "hounds", "over", "old", "hills", "again"];
  const text = Array.from({ length: 4000 }, () => words[random.nextUint32() % words.length]).join(
    " ",
  );
  const corpus = corpusFromText(text);
  const interruption = new AbortController();
  const { config, ...latest } = await trainLatest(corpus, {
    ...{ config: { hidden: 24 }, steps: 800, logEvery: 100, threads: 1 },
    signal: interruption.signal,
    onLog: ({ step }) => step === 400 ? interruption.abort() : undefined,
  });
  assertEquals([latest.progress.step, config.lrSchedule], [400, "linear"]);
  const spans = splitCorpus(corpus.length, { ...config, minTrainChars: 2 }).validation;
  const lossOf = async (parameters: ParameterSet) =>
    (await evaluate({ ...latest, config, parameters }, corpus, { spans })).natsPerChar;
  const [averaged, last] = await Promise.all([
    lossOf(latest.parameters),
    lossOf(latest.trainingParameters!),
  ]);
  assert(averaged < last, `${averaged}, ${last}`);
});
