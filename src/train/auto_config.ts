import { checkOptions, checkShape } from "../arguments.ts";
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
import { fallsToZero } from "./lr_schedule.ts";
import { FLOP_PER_SECOND, flopPerChar, LARGE_VOCABULARY, type TextSize } from "./cost.ts";
import { checkLength, defaultChars, type LimitOptions } from "./limits.ts";
import { trainingSchemas } from "./options.ts";

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
  /** Characters that the text must have: a shorter one is overfitted by so many parameters. */
  readonly minChars: number;
  /** Characters that the run must train on: in fewer, a smaller model learns more. */
  readonly minTrainedChars: number;
  /** Whether its runs have a rate that falls early, a cooldown and late dropout, to overfit less. */
  readonly isLong?: true;
}

/**
 * From the largest to the smallest; docs/experiments.md has the measurements. Two narrow layers learn
 * more in the same time than a wide one.
 */
const modelSizes: readonly ModelSize[] = [
  {
    ...{ layers: 2, hidden: 256, batchSize: 12, isLong: true },
    ...{ minChars: 500_000, minTrainedChars: 8_500_000 },
  },
  { layers: 2, hidden: 160, batchSize: 12, minChars: 500_000, minTrainedChars: 7_000_000 },
  { layers: 2, hidden: 128, batchSize: 12, minChars: 30_000, minTrainedChars: 600_000 },
  { layers: 2, hidden: 96, batchSize: 8, minChars: 10_000, minTrainedChars: 0 },
  { layers: 2, hidden: 64, batchSize: 4, minChars: 0, minTrainedChars: 0 },
];

/** Sequence length of a text that is long enough. */
const SEQ_LENGTH = 50;
/** A GRU that seldom started from a zero state predicted worse from there than uniform guessing. */
const RESET_EVERY = 200;
/**
 * Orthogonalizing a matrix of this size takes one to two seconds, of twice the size 8 times that.
 */
const MAX_ORTHOGONAL_UNITS = 512;

/**
 * Dropout between layers from a number of epochs on, from the most epochs to the fewest. A long text is
 * overfitted later: there, it is from twice as many epochs on.
 */
const dropouts: readonly { readonly minEpochs: number; readonly dropout: number }[] = [
  { minEpochs: 60, dropout: 0.5 },
  { minEpochs: 20, dropout: 0.3 },
  { minEpochs: 6, dropout: 0.2 },
];

const LONG_TEXT_CHARS = 500_000;
/** Dropout of a long run from 6 to below 20 epochs, and the part of the run that has it. */
const LATE_DROPOUT = 0.1;
const LATE_DROPOUT_FROM = 0.7;
const LATE_DROPOUT_UNTIL = 0.85;
const MIN_LATE_DROPOUT_EPOCHS = 6;
const MAX_LATE_DROPOUT_EPOCHS = 20;

/**
 * Weight decay times the steps of a run of up to 10 epochs; a longer run has that of 10. Weights are
 * then averages over the same fraction of a run, or over the same number of epochs (Wang and Aitchison,
 * "How to set AdamW's weight decay as you scale model and dataset size", 2024).
 */
const WEIGHT_DECAY_STEPS = 250;
const WEIGHT_DECAY_EPOCHS = 10;
const MIN_WEIGHT_DECAY = 0.02;
/** The same from so many hidden units on: with less decay, they overfit. */
const WIDE_UNITS = 192;
const MIN_WIDE_WEIGHT_DECAY = 0.1;
const MAX_WEIGHT_DECAY = 0.3;

/** Learning rates from which a schedule falls to 0 at the end of the run. */
const fallingRates = { rnn: 0.006, gru: 0.012, lstm: 0.016 } as const;
/** Learning rates of schedules that leave the rate above 0. */
const lastingRates = { rnn: 0.004, gru: 0.006, lstm: 0.01 } as const;
/**
 * Hidden units above which the learning rate falls in inverse proportion: Adam's updates of a weight
 * are as large in a wide layer as in a narrow one, but more of them add up in a unit (Yang et al.,
 * "Tensor Programs V", 2022).
 */
const FULL_LR_UNITS = 256;
/** The same for a high rate that stays high for long. */
const FULL_HIGH_LR_UNITS = 128;
const WEIGHT_AVERAGE = 0.1;
/** Steps of the learning rate's warm-up. */
const WARMUP = 100;
/** The same for the schedule inverse-sqrt, whose rate falls from the end of the warm-up. */
const INVERSE_SQRT_WARMUP = 500;
/** The same for a long run. */
const LONG_RUN_WARMUP = 1000;
/** Fraction of a long run over which its rate falls to 0. */
const LONG_RUN_COOLDOWN = 0.2;

/** Assumed duration of a run without a time limit. */
const USUAL_MINUTES = 2;
/**
 * Characters that a large alphabet must leave time for, unless an ordinary one does not either: a
 * smaller model then learns more.
 */
const MIN_CHARS_OF_LARGE_ALPHABET = 1_000_000;

/**
 * Picks a model and hyperparameters for a text: the model that learns most from the text in the
 * time that there is, a learning rate that falls to 0 at the end of the run, and as much dropout and
 * weight decay as the length of the run calls for.
 *
 * @param text Its length and its alphabet decide: a {@linkcode Corpus}, or what is known of one.
 * @param input Keys that are decided already; a preset or a complete configuration decides all.
 * @param limits With a longer time limit, a larger model is picked. The number of epochs that the
 * limits allow decides about dropout, and that of epochs and steps about weight decay.
 * @throws {InputError} if a key of `input` is unknown, or its value invalid.
 * @throws {TypeError} if `text` has no length or no vocabulary.
 *
 * @example
 * ```ts
 * import { corpusFromText, autoConfig, Trainer } from "../mod.ts";
 *
 * const corpus = corpusFromText("to be or not to be. ".repeat(400));
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
  limits: Pick<LimitOptions, "steps" | "epochs" | "minutes"> = {},
): AutoConfig {
  const context = "Cannot train";
  checkShape(text, {
    ...{ context, name: "text", expected: "a corpus, or its length and vocabulary" },
    shape: { length: "number", vocabulary: "object" },
  });
  input = withContext(context, () => checkConfigInput(input));
  limits = checkOptions(limits, { schema: trainingSchemas.limits, context });
  checkLength(limits);
  const chars = text.length;
  if (input.preset !== undefined) return { config: resolveConfig(input, { chars }), reasons: [] };
  if (isComplete(input)) {
    return { config: withContext("Cannot train", () => parseConfig(input)), reasons: [] };
  }
  const run = estimateRun(text, { input, limits });
  const picked = { ...pickModel(input, run), ...pickOptimization(input, run) };
  const config = resolveConfig({ ...picked, ...input }, { chars });
  return { config, reasons: reasonsFor({ config, picked, input, run }) };
}

/** The limits that determine the length of a run. */
type RunLength = Pick<LimitOptions, "steps" | "epochs" | "minutes">;

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
  /** Epochs of the run. */
  readonly epochs: number;
  /** Steps of the run. */
  readonly steps: number;
}

function estimateRun(
  { length: chars, vocabulary }: TextSize,
  { input, limits }: { readonly input: ConfigInput; readonly limits: RunLength },
): RunEstimate {
  const text = { chars, vocabularySize: vocabulary.size };
  const { minutes } = limits;
  const time = minutes ?? USUAL_MINUTES;
  const size = modelSizes.find((size) => suits(size, { ...text, minutes: time })) ??
    modelSizes.at(-1)!;
  const { batchSize, seqLength } = { ...pickBatches(input, { chars, size }), ...input };
  const charsPerStep = batchSize * seqLength;
  const trained = estimateChars({ ...text, size, charsPerStep }, { input, limits });
  return { ...text, minutes, size, epochs: trained / chars, steps: trained / charsPerStep };
}

/** Characters that a run trains on, by the limit that is reached first. */
function estimateChars(
  { chars, vocabularySize, size, charsPerStep }:
    & Pick<RunEstimate, "chars" | "vocabularySize" | "size">
    & { readonly charsPerStep: number },
  { input, limits: { steps, epochs, minutes } }: {
    readonly input: ConfigInput;
    readonly limits: RunLength;
  },
): number {
  const { layers = size.layers, hidden = size.hidden, cell = "gru" } = input;
  if (steps === undefined && epochs === undefined && minutes === undefined) {
    return defaultChars(chars, { config: { cell, layers, hidden }, vocabularySize });
  }
  return Math.min(
    (epochs ?? Infinity) * chars,
    (steps ?? Infinity) * charsPerStep,
    minutes === undefined
      ? Infinity
      : trainedChars({ layers, hidden }, { minutes, vocabularySize }),
  );
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
  { layers, hidden }: Pick<ModelSize, "layers" | "hidden">,
  { minutes, vocabularySize }: Pick<Occasion, "minutes" | "vocabularySize">,
): number {
  // Ordinary alphabets are taken to be alike, so that one character more changes no model.
  const size = vocabularySize <= LARGE_VOCABULARY ? 0 : vocabularySize;
  return minutes * 60 * FLOP_PER_SECOND / flopPerChar({ cell: "gru", layers, hidden }, size);
}

function pickModel(input: ConfigInput, run: RunEstimate): ConfigInput {
  const { layers, hidden } = run.size;
  return {
    cell: "gru",
    layers,
    hidden,
    ...pickBatches(input, run),
    ...pickDropout(input, run),
    init: (input.hidden ?? hidden) <= MAX_ORTHOGONAL_UNITS ? "orthogonal" : "xavier",
    resetEvery: RESET_EVERY,
  };
}

/** Streams and sequence length; both are smaller for a short text, so that an epoch has some steps. */
function pickBatches(
  input: ConfigInput,
  { chars, size }: Pick<RunEstimate, "chars" | "size">,
): { readonly batchSize: number; readonly seqLength: number } {
  const seqLength = input.seqLength ?? Math.max(1, Math.min(SEQ_LENGTH, Math.floor(chars / 8)));
  return { batchSize: defaultBatchSize(size.batchSize, { seqLength, chars }), seqLength };
}

/** Dropout that suits the text and the number of epochs; 0 for few. */
function dropoutOf({ chars, epochs }: Pick<RunEstimate, "chars" | "epochs">): number {
  const factor = chars < LONG_TEXT_CHARS ? 1 : 2;
  return dropouts.find(({ minEpochs }) => epochs >= factor * minEpochs)?.dropout ?? 0;
}

function pickDropout(input: ConfigInput, run: RunEstimate): ConfigInput {
  const { layers = run.size.layers, dropoutFrom = 0, dropoutUntil = 1 } = input;
  if (input.dropout !== undefined || layers === 1) return {};
  if (!run.size.isLong || run.epochs >= MAX_LATE_DROPOUT_EPOCHS) {
    const dropout = dropoutOf(run);
    return dropout === 0 ? {} : { dropout };
  }
  return run.epochs < MIN_LATE_DROPOUT_EPOCHS ? {} : {
    dropout: LATE_DROPOUT,
    dropoutFrom: dropoutUntil > LATE_DROPOUT_FROM ? LATE_DROPOUT_FROM : 0,
    dropoutUntil: dropoutFrom < LATE_DROPOUT_UNTIL ? LATE_DROPOUT_UNTIL : 1,
  };
}

/** Weight decay that suits the length of the run and the width of its layers, to two digits. */
function weightDecayOf(
  { steps, epochs }: Pick<RunEstimate, "steps" | "epochs">,
  hidden: number,
): number {
  const least = hidden < WIDE_UNITS ? MIN_WEIGHT_DECAY : MIN_WIDE_WEIGHT_DECAY;
  const weightDecay = WEIGHT_DECAY_STEPS / steps * Math.max(1, epochs / WEIGHT_DECAY_EPOCHS);
  if (!(weightDecay > least)) return least;
  return Math.min(MAX_WEIGHT_DECAY, Number(weightDecay.toPrecision(2)));
}

/** The hidden units above which the learning rate of a schedule falls. */
function fullLrUnits(schedule: Pick<Config, "lrSchedule" | "cooldown">): number {
  const staysHigh = schedule.lrSchedule !== "inverse-sqrt" && fallsToZero(schedule);
  return staysHigh ? FULL_HIGH_LR_UNITS : FULL_LR_UNITS;
}

/** AdamW with a falling rate and averaged weights; another optimizer has its own defaults. */
function pickOptimization(input: ConfigInput, run: RunEstimate): ConfigInput {
  const { optimizer = "adamw", hidden = run.size.hidden, cell = "gru" } = input;
  // An unknown optimizer is rejected with the rest of the configuration.
  if (!Object.hasOwn(optimizers, optimizer)) return {};
  if (optimizer !== "adamw" && optimizer !== "adam") return { ...optimizers[optimizer].defaults };
  const { isLong = false } = run.size;
  // The schedule inverse-sqrt falls from the end of the warm-up, and needs one.
  const { lrSchedule = isLong && input.warmup !== 0 ? "inverse-sqrt" : "linear" } = input;
  const isLongSchedule = isLong && lrSchedule === "inverse-sqrt";
  const { cooldown = isLongSchedule ? LONG_RUN_COOLDOWN : 0 } = input;
  const schedule = { lrSchedule, cooldown };
  const rates = fallsToZero(schedule) ? fallingRates : lastingRates;
  const warmup = lrSchedule === "inverse-sqrt" ? INVERSE_SQRT_WARMUP : WARMUP;
  return {
    optimizer,
    lr: Number((rates[cell] * Math.min(1, fullLrUnits(schedule) / hidden)).toPrecision(2)),
    ...schedule,
    warmup: isLongSchedule ? LONG_RUN_WARMUP : warmup,
    weightDecay: optimizer === "adamw" ? weightDecayOf(run, hidden) : 0,
    weightAverage: WEIGHT_AVERAGE,
  };
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
    about(["lrSchedule", "warmup", "weightAverage"], scheduleReason(choice)),
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
  return { choice, reason: isHiddenGiven ? LAYERS_REASON : sizeReason(run) };
}

const LAYERS_REASON = "several narrow layers learn more in the same time than a wide one";

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
  return { choice, reason: `it reduces overfitting in a run of ${describeEpochs(run)}` };
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
  { config, picked, input }: Choice,
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
  const fullUnits = fullLrUnits(config);
  const wide = hidden > fullUnits ? `, less for more than ${fullUnits} hidden units` : "";
  const decay = isGiven(input, "weightDecay") || weightDecay === 0
    ? ""
    : "; weight decay is less in a run of more steps";
  return { choice, reason: `suits ${cell}${wide}${decay}` };
}

function describeEpochs({ epochs }: RunEstimate): string {
  return `about ${countOf(Math.round(epochs), "epoch")}`;
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
  const schedule = lrSchedule === "linear"
    ? "a rate that falls to 0 at the end of the run learns most"
    : "in a long run, a rate that falls early overfits less";
  const average = "averaged weights are a good model before the end, too";
  const reasons = [...isScheduled ? [schedule] : [], ...isAveraged ? [average] : []];
  return { choice: parts.join(", "), reason: reasons.join("; ") };
}

function formatInteger(n: number): string {
  return n.toLocaleString("en");
}

/** A number with its noun. */
function countOf(n: number, noun: string): string {
  return `${n.toLocaleString("en", { maximumFractionDigits: 20 })} ${noun}${n === 1 ? "" : "s"}`;
}
