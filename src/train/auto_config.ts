import { withContext } from "../errors.ts";
import { type Config, parseConfig } from "../model/config.ts";
import { optimizers } from "../model/optimizers.ts";
import { baseConfig } from "../model/presets.ts";
import { type ConfigInput, defaultBatchSize, resolveConfig } from "../model/resolve_config.ts";
import type { LimitOptions } from "./limits.ts";

/** A configuration that was picked for a text; see {@linkcode autoConfig}. */
export interface AutoConfig {
  /** The complete configuration. */
  readonly config: Config;
  /** What was picked, and why; empty if a preset or all keys were given. */
  readonly reasons: readonly AutoConfigReason[];
}

/** A part of a configuration, and the reason for it, in plain English. */
export interface AutoConfigReason {
  /** What was picked, for example `gru, 192 hidden units`. */
  readonly choice: string;
  /** Why. */
  readonly reason: string;
}

/** A model size, and what a run must have for it to be picked. */
interface ModelSize {
  readonly layers: number;
  readonly hidden: number;
  readonly batchSize: number;
  /** Steps of the learning rate's warm-up. */
  readonly warmup: number;
  /** Characters that the text must have: a shorter one is overfitted by so many parameters. */
  readonly minChars: number;
  /** Characters that the run must train on: in fewer, a smaller model learns more. */
  readonly minTrainedChars: number;
}

/** From the largest to the smallest; docs/experiments.md has the measurements. */
const modelSizes: readonly ModelSize[] = [
  {
    layers: 2,
    hidden: 256,
    batchSize: 12,
    warmup: 1000,
    minChars: 500_000,
    minTrainedChars: 3_000_000,
  },
  { layers: 1, hidden: 192, batchSize: 16, warmup: 1000, minChars: 300_000, minTrainedChars: 0 },
  { layers: 1, hidden: 128, batchSize: 8, warmup: 500, minChars: 30_000, minTrainedChars: 0 },
  { layers: 1, hidden: 64, batchSize: 4, warmup: 200, minChars: 0, minTrainedChars: 0 },
];

/** Sequence length of a text that is long enough. */
const SEQ_LENGTH = 50;
/** Epochs after which two layers of 256 units begin to overfit. */
const MANY_EPOCHS = 8;
/** Dropout between layers in a run of so many epochs, and the part of the run that has it. */
const DROPOUT = 0.1;
const DROPOUT_FROM = 0.7;
const DROPOUT_UNTIL = 0.85;
/** A GRU that seldom started from a zero state predicted worse from there than uniform guessing. */
const RESET_EVERY = 200;
/**
 * Orthogonalizing a matrix of this size takes one to two seconds, of twice the size 8 times that.
 */
const MAX_ORTHOGONAL_UNITS = 512;

/** Learning rates that suited models of 160,000 parameters. */
const learningRates = { rnn: 0.004, gru: 0.006, lstm: 0.01 } as const;
/** Learning rate of a GRU with two layers in a run of many epochs, which then overfits less. */
const LONG_RUN_LR = 0.012;
/** Hidden units above which the learning rate falls in inverse proportion. */
const FULL_LR_UNITS = 256;
const WEIGHT_DECAY = 0.1;
const WEIGHT_AVERAGE = 0.1;
/** Fraction of the run; it helped two layers of 256 units, and not one of 192. */
const COOLDOWN = 0.2;

/** Estimated floating-point operations per second: two cores of a server of 2022. */
const FLOP_PER_SECOND = 65e9;
/** Assumed duration of a run without a time limit. */
const USUAL_MINUTES = 2;
/** Assumed vocabulary size: letters, digits and punctuation. */
const USUAL_VOCABULARY = 80;

/**
 * Picks a model and hyperparameters for a text: the largest model that the text and the time are
 * enough for, and an optimization that needs no tuning.
 *
 * @param chars Length of the text in characters.
 * @param input Keys that are decided already; a preset or a complete configuration decides all.
 * @param limits With a longer time limit, a larger model is picked. Other limits have no effect, so
 * that a run can be resumed with others.
 * @throws {InputError} if a key of `input` is unknown, or its value invalid.
 *
 * @example
 * ```ts
 * import { corpusFromText, autoConfig, Trainer } from "../mod.ts";
 *
 * const corpus = corpusFromText("to be or not to be. ".repeat(500));
 * const { config, reasons } = autoConfig(corpus.length);
 * console.log(config.cell, config.hidden); // gru 64
 * for (const { choice, reason } of reasons) console.log(`${choice}: ${reason}`);
 * using trainer = Trainer.create(corpus, config);
 * trainer.step();
 * ```
 */
export function autoConfig(
  chars: number,
  input: ConfigInput = {},
  limits: Pick<LimitOptions, "minutes"> = {},
): AutoConfig {
  if (input.preset !== undefined) return { config: resolveConfig(input, { chars }), reasons: [] };
  if (isComplete(input)) {
    return { config: withContext("Cannot train", () => parseConfig(input)), reasons: [] };
  }
  const run = estimateRun(chars, limits);
  const optimization = pickOptimization(input, run);
  const picked = { ...pickModel(input, run), ...optimization };
  const config = resolveConfig({ ...picked, ...input }, { chars });
  const reasons = [
    { choice: describeModel(config), reason: modelReason(run, limits) },
    {
      choice: `${config.batchSize} ${config.batchSize === 1 ? "stream" : "streams"} of ` +
        `${config.seqLength} ${config.seqLength === 1 ? "character" : "characters"}`,
      reason: "many updates per epoch, and batches large enough to be fast",
    },
  ];
  if (optimization.weightAverage !== undefined) {
    reasons.push({
      choice: describeOptimization(config),
      reason: "a decaying learning rate and averaged weights give a good model at any time",
    });
  }
  return { config, reasons };
}

/** Whether every key is given, as in a configuration that was resolved before. */
function isComplete(input: ConfigInput): input is Config {
  return (Object.keys(baseConfig) as (keyof Config)[]).every((key) => input[key] !== undefined);
}

/** A run before it starts: its text, the model size that suits it, and its length. */
interface RunEstimate {
  /** Length of the text in characters. */
  readonly chars: number;
  /** The model size that suits text and time. */
  readonly size: ModelSize;
  /** Whether the time is enough for at least {@linkcode MANY_EPOCHS} epochs. */
  readonly hasManyEpochs: boolean;
}

function estimateRun(
  chars: number,
  { minutes = USUAL_MINUTES }: Pick<LimitOptions, "minutes">,
): RunEstimate {
  const fits = (size: ModelSize) =>
    chars >= size.minChars && trainedChars(size, minutes) >= size.minTrainedChars;
  // An invalid time limit fits no size; resolveLimits rejects it later.
  const size = modelSizes.find(fits) ?? modelSizes.at(-1)!;
  return { chars, size, hasManyEpochs: trainedChars(size, minutes) >= MANY_EPOCHS * chars };
}

/** The number of characters on which a GRU of this size can be trained in a time. */
function trainedChars(size: ModelSize, minutes: number): number {
  return minutes * 60 * FLOP_PER_SECOND / flopPerChar(size);
}

/** Multiplications and additions for each weight, once forward and twice backward. */
function flopPerChar({ layers, hidden }: ModelSize): number {
  return 6 * (3 * hidden * hidden * (2 * layers - 1) + hidden * USUAL_VOCABULARY);
}

function pickModel(input: ConfigInput, run: RunEstimate): ConfigInput {
  const { chars, size: { layers, hidden, batchSize } } = run;
  // Shorter in a short text, so that an epoch has some steps.
  const seqLength = input.seqLength ?? Math.max(1, Math.min(SEQ_LENGTH, Math.floor(chars / 8)));
  return {
    cell: "gru",
    layers,
    hidden,
    batchSize: defaultBatchSize(batchSize, { seqLength, chars }),
    seqLength,
    ...pickDropout(input, run),
    init: (input.hidden ?? hidden) <= MAX_ORTHOGONAL_UNITS ? "orthogonal" : "xavier",
    resetEvery: RESET_EVERY,
  };
}

/**
 * Dropout late in a long run: before that it only slows learning. In the last part of the run there
 * is none, because what the noise prevented from being learned is learned quickly there.
 */
function pickDropout(input: ConfigInput, { size, hasManyEpochs }: RunEstimate): ConfigInput {
  const { dropout, layers, dropoutFrom = 0, dropoutUntil = 1 } = input;
  const until = dropoutFrom < DROPOUT_UNTIL ? DROPOUT_UNTIL : 1;
  if (dropout !== undefined) return dropout > 0 ? { dropoutUntil: until } : {};
  if (layers !== undefined || size.layers === 1 || !hasManyEpochs) return {};
  const from = dropoutUntil > DROPOUT_FROM ? DROPOUT_FROM : 0;
  return { dropout: DROPOUT, dropoutFrom: from, dropoutUntil: until };
}

/** AdamW with a decaying rate and averaged weights; another optimizer has its own defaults. */
function pickOptimization(
  input: ConfigInput,
  { size, hasManyEpochs }: RunEstimate,
): ConfigInput {
  const { optimizer = "adamw", hidden = size.hidden, cell = "gru", layers = size.layers } = input;
  // An unknown optimizer is rejected with the rest of the configuration.
  if (!Object.hasOwn(optimizers, optimizer)) return {};
  if (optimizer !== "adamw" && optimizer !== "adam") return { ...optimizers[optimizer].defaults };
  const isLarge = size.layers > 1 && layers > 1;
  // The rate decays from the end of the warm-up, so without one, or with another schedule, it
  // stays.
  const decays = input.lrSchedule === undefined
    ? input.warmup !== 0
    : input.lrSchedule === "inverse-sqrt";
  const isLongRun = isLarge && hasManyEpochs && decays && cell === "gru";
  const lr = isLongRun ? LONG_RUN_LR : learningRates[cell];
  return {
    optimizer,
    lr: lr * Math.min(1, FULL_LR_UNITS / hidden),
    weightDecay: optimizer === "adamw" ? WEIGHT_DECAY : 0,
    weightAverage: WEIGHT_AVERAGE,
    ...decays
      ? { lrSchedule: "inverse-sqrt", warmup: size.warmup, cooldown: isLarge ? COOLDOWN : 0 }
      : {},
  };
}

/** A model in words, for example `gru, 2 layers of 256 hidden units`. */
export function describeModel(config: Config): string {
  const { cell, layers, hidden, dropout, dropoutFrom, dropoutUntil } = config;
  const units = `${hidden.toLocaleString("en")} hidden units`;
  const model = `${cell}, ${layers === 1 ? units : `${layers} layers of ${units}`}`;
  if (dropout === 0) return model;
  const isWholeRun = dropoutFrom === 0 && dropoutUntil === 1;
  const when = isWholeRun ? "" : ` from ${dropoutFrom} to ${dropoutUntil} of the run`;
  return `${model}, dropout ${dropout}${when}`;
}

function describeOptimization(config: Config): string {
  const { optimizer, lr, lrSchedule, cooldown, weightAverage } = config;
  const parts = [optimizer, `lr ${lr}`, lrSchedule];
  if (cooldown > 0) parts.push(`cooldown ${cooldown}`);
  parts.push(`weight average ${weightAverage}`);
  return parts.join(", ");
}

function modelReason(
  { chars, size }: RunEstimate,
  { minutes }: Pick<LimitOptions, "minutes">,
): string {
  const text = `${chars.toLocaleString("en")} characters`;
  if (size.minTrainedChars > 0) return `${text} and ${minutes} minutes are enough for this size`;
  const larger = modelSizes.find(({ minChars, minTrainedChars }) =>
    minTrainedChars > 0 && chars >= minChars
  );
  if (larger === undefined) return `a larger model would overfit a text of ${text}`;
  const needed = Math.ceil(larger.minTrainedChars / trainedChars(larger, 1));
  return `fast to train; with ${needed} minutes or more, ${text} are enough for a larger model`;
}
