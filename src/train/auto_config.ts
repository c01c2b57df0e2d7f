import { checkOptions, checkShape, optionsSchema } from "../arguments.ts";
import { withContext } from "../errors.ts";
import { type Config, parseConfig } from "../model/config.ts";
import { optimizers } from "../model/optimizers.ts";
import { baseConfig } from "../model/presets.ts";
import {
  checkConfigInput,
  type ConfigInput,
  defaultBatchSize,
  resolveConfig,
} from "../model/resolve_config.ts";
import { positive } from "../schemas.ts";
import { FLOP_PER_SECOND, flopPerChar, LARGE_VOCABULARY, type TextSize } from "./cost.ts";
import type { LimitOptions } from "./limits.ts";
import { limitKeys } from "./options.ts";

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
  /** The keys of the configuration that the choice is about. */
  readonly keys: readonly (keyof Config)[];
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

/** Assumed duration of a run without a time limit. */
const USUAL_MINUTES = 2;
/**
 * Characters that a large alphabet must leave time for, unless an ordinary one does not either: a
 * smaller model then learns more.
 */
const MIN_CHARS_OF_LARGE_ALPHABET = 1_000_000;

/**
 * Picks a model and hyperparameters for a text: the largest model that the text and the time are
 * enough for, and an optimization that needs no tuning.
 *
 * @param text Its length and its alphabet decide: a {@linkcode Corpus}, or what is known of one.
 * @param input Keys that are decided already; a preset or a complete configuration decides all.
 * @param limits With a longer time limit, a larger model is picked. Other limits have no effect, so
 * that a run can be resumed with others.
 * @throws {InputError} if a key of `input` is unknown, or its value invalid.
 * @throws {TypeError} if `text` has no length or no vocabulary.
 *
 * @example
 * ```ts
 * import { corpusFromText, autoConfig, Trainer } from "../mod.ts";
 *
 * const corpus = corpusFromText("to be or not to be. ".repeat(500));
 * const { config, reasons } = autoConfig(corpus);
 * console.log(config.cell, config.hidden); // gru 64
 * for (const { choice, reason } of reasons) console.log(`${choice}: ${reason}`);
 * using trainer = Trainer.create(corpus, config);
 * trainer.step();
 * ```
 */
export function autoConfig(
  text: TextSize,
  input: ConfigInput = {},
  limits: Pick<LimitOptions, "minutes"> = {},
): AutoConfig {
  const context = "Cannot train";
  checkShape(text, {
    ...{ context, name: "text", expected: "a corpus, or its length and vocabulary" },
    shape: { length: "number", vocabulary: "object" },
  });
  input = withContext(context, () => checkConfigInput(input));
  limits = checkOptions(limits, { schema: limitsSchema, context });
  const chars = text.length;
  if (input.preset !== undefined) return { config: resolveConfig(input, { chars }), reasons: [] };
  if (isComplete(input)) {
    return { config: withContext("Cannot train", () => parseConfig(input)), reasons: [] };
  }
  const run = estimateRun(text, limits);
  const picked = { ...pickModel(input, run), ...pickOptimization(input, run) };
  const config = resolveConfig({ ...picked, ...input }, { chars });
  return { config, reasons: reasonsFor({ config, picked, input, run }) };
}

const limitsSchema = optionsSchema({ ...limitKeys, minutes: positive });

/** Whether every key is given, as in a configuration that was resolved before. */
function isComplete(input: ConfigInput): input is Config {
  return (Object.keys(baseConfig) as (keyof Config)[]).every((key) => input[key] !== undefined);
}

/** A run before it starts: its text, the model size that suits it, and its length. */
interface RunEstimate {
  /** Length of the text in characters. */
  readonly chars: number;
  /** V. */
  readonly vocabularySize: number;
  /** The time limit that was given. */
  readonly minutes: number | undefined;
  /** The model size that suits text and time. */
  readonly size: ModelSize;
  /** Whether the time is enough for at least {@linkcode MANY_EPOCHS} epochs. */
  readonly hasManyEpochs: boolean;
}

function estimateRun(
  { length: chars, vocabulary }: TextSize,
  { minutes }: Pick<LimitOptions, "minutes">,
): RunEstimate {
  const text = { chars, vocabularySize: vocabulary.size };
  const time = minutes ?? USUAL_MINUTES;
  // An invalid time limit fits no size; resolveLimits rejects it later.
  const size = modelSizes.find((size) => suits(size, { ...text, minutes: time })) ??
    modelSizes.at(-1)!;
  const trained = trainedChars(size, { ...text, minutes: time });
  return { ...text, minutes, size, hasManyEpochs: trained >= MANY_EPOCHS * chars };
}

/** A text and a time, for which a model size is picked. */
interface Occasion {
  readonly chars: number;
  readonly vocabularySize: number;
  readonly minutes: number;
}

/** Whether text and time are enough for a model size. */
function suits(size: ModelSize, occasion: Occasion): boolean {
  return occasion.chars >= size.minChars &&
    trainedChars(size, occasion) >= size.minTrainedChars &&
    isAffordable(size, occasion);
}

/** Whether the alphabet is not what keeps a model size from training on enough characters. */
function isAffordable(size: ModelSize, occasion: Occasion): boolean {
  const usual = trainedChars(size, { ...occasion, vocabularySize: 0 });
  return trainedChars(size, occasion) >= Math.min(usual, MIN_CHARS_OF_LARGE_ALPHABET);
}

/** The number of characters on which a GRU of this size can be trained in a time. */
function trainedChars(
  { layers, hidden }: ModelSize,
  { minutes, vocabularySize }: Pick<Occasion, "minutes" | "vocabularySize">,
): number {
  // Ordinary alphabets are taken to be alike, so that one character more changes no model.
  const size = vocabularySize <= LARGE_VOCABULARY ? 0 : vocabularySize;
  return minutes * 60 * FLOP_PER_SECOND / flopPerChar({ cell: "gru", layers, hidden }, size);
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
function pickOptimization(input: ConfigInput, run: RunEstimate): ConfigInput {
  const { size } = run;
  const { optimizer = "adamw", hidden = size.hidden, cell = "gru", layers = size.layers } = input;
  // An unknown optimizer is rejected with the rest of the configuration.
  if (!Object.hasOwn(optimizers, optimizer)) return {};
  if (optimizer !== "adamw" && optimizer !== "adam") return { ...optimizers[optimizer].defaults };
  const isLarge = size.layers > 1 && layers > 1;
  const decays = rateDecays(input);
  const lr = isLongRun(input, run) ? LONG_RUN_LR : learningRates[cell];
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

/**
 * The rate decays from the end of the warm-up, so without one, or with another schedule, it stays.
 */
function rateDecays({ lrSchedule, warmup }: ConfigInput): boolean {
  return lrSchedule === undefined ? warmup !== 0 : lrSchedule === "inverse-sqrt";
}

/** Whether a GRU of two layers is trained for many epochs with a decaying rate. */
function isLongRun(input: ConfigInput, { size, hasManyEpochs }: RunEstimate): boolean {
  const { layers = size.layers, cell = "gru" } = input;
  return size.layers > 1 && layers > 1 && hasManyEpochs && rateDecays(input) && cell === "gru";
}

/** A model in words, for example `gru, 2 layers of 256 hidden units`. */
export function describeModel(config: Config): string {
  const { cell, layers, hidden, dropout } = config;
  const units = `${hidden.toLocaleString("en")} hidden units`;
  const model = `${cell}, ${layers === 1 ? units : `${layers} layers of ${units}`}`;
  return dropout === 0 ? model : `${model}, ${describeDropout(config)}`;
}

function describeDropout({ dropout, dropoutFrom, dropoutUntil }: Config): string {
  const isWholeRun = dropoutFrom === 0 && dropoutUntil === 1;
  const when = isWholeRun ? "" : ` from ${dropoutFrom} to ${dropoutUntil} of the run`;
  return `dropout ${dropout}${when}`;
}

/** What the reasons are made from. */
interface Choice {
  /** The complete configuration. */
  readonly config: Config;
  /** What was picked; keys of `input` override it. */
  readonly picked: ConfigInput;
  /** What was given. */
  readonly input: ConfigInput;
  readonly run: RunEstimate;
}

/** The reasons for what was picked, and of nothing that was given. */
function reasonsFor(choice: Choice): AutoConfigReason[] {
  return [
    about(["cell", "layers", "hidden"], modelReason(choice)),
    about(["dropout", "dropoutFrom", "dropoutUntil"], dropoutReason(choice)),
    about(["batchSize", "seqLength"], batchReason(choice)),
    about(["optimizer", "lr", "weightDecay"], updateReason(choice)),
    about(["lrSchedule", "warmup", "cooldown", "weightAverage"], scheduleReason(choice)),
  ].flatMap((reason) => reason ?? []);

  /** A reason with those of the keys that were not given. */
  function about(
    keys: readonly (keyof Config)[],
    reason: Omit<AutoConfigReason, "keys"> | null,
  ): AutoConfigReason | null {
    return reason && { ...reason, keys: keys.filter((key) => !isGiven(choice.input, key)) };
  }
}

function isGiven(input: ConfigInput, key: keyof Config): boolean {
  return input[key] !== undefined;
}

function modelReason({ config, input, run }: Choice): Omit<AutoConfigReason, "keys"> | null {
  const { cell, layers, hidden } = config;
  const [isLayersGiven, isHiddenGiven] = [isGiven(input, "layers"), isGiven(input, "hidden")];
  const units = `${formatInteger(hidden)} hidden units`;
  const size = isLayersGiven && isHiddenGiven
    ? null
    : isHiddenGiven
    ? countOf(layers, "layer")
    : isLayersGiven || layers === 1
    ? units
    : `${layers} layers of ${units}`;
  const isCellGiven = isGiven(input, "cell");
  if (size === null) {
    return isCellGiven
      ? null
      : { choice: cell, reason: "of the three cells, it learns most in a given time" };
  }
  const choice = isCellGiven ? size : `${cell}, ${size}`;
  return { choice, reason: isHiddenGiven ? layersReason(run, layers) : sizeReason(run) };
}

/** Why so many layers, of a number of hidden units that was given. */
function layersReason({ chars, minutes, size }: RunEstimate, layers: number): string {
  if (layers === 1) return "one layer learns faster than several";
  return `${describeRun({ chars, minutes })} are enough for ${layers} layers of ` +
    `${formatInteger(size.hidden)} units`;
}

function describeRun({ chars, minutes }: Pick<RunEstimate, "chars" | "minutes">): string {
  return countOf(chars, "character") +
    (minutes === undefined ? "" : ` and ${countOf(minutes, "minute")}`);
}

function sizeReason({ chars, vocabularySize, size, minutes }: RunEstimate): string {
  const larger = modelSizes[modelSizes.indexOf(size) - 1];
  if (larger === undefined) return `${describeRun({ chars, minutes })} are enough for this size`;
  const text = countOf(chars, "character");
  if (chars < larger.minChars) {
    return `${text} ${chars === 1 ? "is" : "are"} too few for a larger model`;
  }
  const occasion = { chars, vocabularySize, minutes: minutes ?? USUAL_MINUTES };
  const isLargeAlphabet = !isAffordable(larger, occasion);
  const alphabet = isLargeAlphabet ? `, ${formatInteger(vocabularySize)} of them distinct,` : "";
  const needed = Math.max(
    larger.minTrainedChars,
    isLargeAlphabet ? MIN_CHARS_OF_LARGE_ALPHABET : 0,
  );
  const perMinute = trainedChars(larger, { vocabularySize, minutes: 1 });
  return `fast to train; with ${countOf(Math.ceil(needed / perMinute), "minute")} or more, ` +
    `${text}${alphabet} are enough for a larger model`;
}

function dropoutReason(
  { config, picked, input, run }: Choice,
): Omit<AutoConfigReason, "keys"> | null {
  if (isGiven(input, "dropout") || picked.dropout === undefined) return null;
  const choice = isGiven(input, "dropoutFrom") || isGiven(input, "dropoutUntil")
    ? `dropout ${config.dropout}`
    : describeDropout(config);
  return {
    choice,
    reason: `${countOf(run.minutes ?? USUAL_MINUTES, "minute")} are estimated at more than ` +
      `${MANY_EPOCHS} epochs, after which a model of this size begins to overfit`,
  };
}

function batchReason({ config, input, run }: Choice): Omit<AutoConfigReason, "keys"> | null {
  const { batchSize, seqLength } = config;
  const [isBatchGiven, isSeqGiven] = [isGiven(input, "batchSize"), isGiven(input, "seqLength")];
  if (isBatchGiven && isSeqGiven) return null;
  const streams = countOf(batchSize, "stream");
  const length = countOf(seqLength, "character");
  const few = "more streams would leave fewer updates per epoch";
  if (isSeqGiven) return { choice: streams, reason: few };
  const long = seqLength < SEQ_LENGTH
    ? `short, as the text has only ${countOf(run.chars, "character")}`
    : "longer sequences gain little";
  if (isBatchGiven) return { choice: `sequences of ${length}`, reason: long };
  return {
    choice: `${streams} of ${length}`,
    reason: seqLength < SEQ_LENGTH ? long : `${few}, and ${long}`,
  };
}

/** The optimizer, its learning rate and its weight decay. */
function updateReason(
  { config, picked, input, run }: Choice,
): Omit<AutoConfigReason, "keys"> | null {
  const { optimizer, lr, weightDecay, cell, hidden } = config;
  const isOptimizerGiven = isGiven(input, "optimizer");
  const parts = [
    ...isOptimizerGiven ? [] : [optimizer],
    ...isGiven(input, "lr") ? [] : [`lr ${lr}`],
    ...isGiven(input, "weightDecay") || weightDecay === 0 ? [] : [`weight decay ${weightDecay}`],
  ];
  if (parts.length === 0) return null;
  const choice = parts.join(", ");
  if (isGiven(input, "lr")) {
    const reason = isOptimizerGiven
      ? "it reduces overfitting"
      : "of the update rules, it needs the least tuning";
    return { choice, reason };
  }
  if (picked.weightAverage === undefined) return { choice, reason: `the default of ${optimizer}` };
  const wide = hidden > FULL_LR_UNITS ? `, less for more than ${FULL_LR_UNITS} hidden units` : "";
  const long = isLongRun(input, run) ? " in a long run" : "";
  return { choice, reason: `suits ${cell}${long}${wide}` };
}

/** The schedule of the learning rate, and the average of the weights. */
function scheduleReason({ config, picked, input }: Choice): Omit<AutoConfigReason, "keys"> | null {
  const { lrSchedule, cooldown, weightAverage } = config;
  const isAveraged = picked.weightAverage !== undefined && !isGiven(input, "weightAverage");
  const isScheduled = picked.lrSchedule !== undefined && !isGiven(input, "lrSchedule");
  const parts = [
    ...isScheduled ? [lrSchedule] : [],
    ...picked.cooldown && !isGiven(input, "cooldown") ? [`cooldown ${cooldown}`] : [],
    ...isAveraged ? [`weight average ${weightAverage}`] : [],
  ];
  if (parts.length === 0) return null;
  const reason = isScheduled && isAveraged
    ? "a decaying learning rate and averaged weights give a good model at any time"
    : isAveraged
    ? "averaged weights predict better than those of the last step"
    : "the updates shrink as the model improves";
  return { choice: parts.join(", "), reason };
}

function formatInteger(n: number): string {
  return n.toLocaleString("en");
}

/** A number with its noun. */
function countOf(n: number, noun: string): string {
  return `${n.toLocaleString("en", { maximumFractionDigits: 20 })} ${noun}${n === 1 ? "" : "s"}`;
}
