/** The reasons for what is picked for a run, in plain English. */
import type { Config } from "../model/config.ts";
import type { ConfigInput } from "../model/resolve_config.ts";
import { fullLrUnits } from "./auto_choices.ts";
import {
  isAffordable,
  MIN_CHARS_OF_LARGE_ALPHABET,
  modelSizes,
  type RunEstimate,
  SEQ_LENGTH,
  trainedChars,
  USUAL_MINUTES,
} from "./run_estimate.ts";

/** A part of a configuration, and the reason for it, in plain English. */
export interface AutoConfigReason {
  /** What was picked, for example `gru, 192 hidden units`. */
  readonly choice: string;
  /** Why. */
  readonly reason: string;
  /** The keys of the configuration that the choice is about. */
  readonly keys: readonly (keyof Config)[];
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
export function reasonsFor(choice: Choice): AutoConfigReason[] {
  return [
    about(["cell", "layers", "hidden"], modelReason(choice)),
    about(["dropout", "dropoutFrom", "dropoutUntil"], dropoutReason(choice)),
    about(["batchSize", "seqLength"], batchReason(choice)),
    about(["optimizer", "lr", "weightDecay"], updateReason(choice)),
    about(["lrSchedule", "cooldown", "warmup", "weightAverage"], scheduleReason(choice)),
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
  const larger = modelSizes.slice(0, modelSizes.indexOf(size));
  if (larger.length === 0) return `${describeRun({ chars, minutes })} are enough for this size`;
  const text = countOf(chars, "character");
  const suitable = larger.filter(({ minChars }) => chars >= minChars);
  if (suitable.length === 0) {
    return `${text} ${chars === 1 ? "is" : "are"} too few for a larger model`;
  }
  const occasion = { chars, vocabularySize, minutes: minutes ?? USUAL_MINUTES };
  const minutesNeeded = suitable.map((size) => {
    const { minTrainedChars, minEpochs = 0 } = size;
    const affordable = isAffordable(size, occasion) ? 0 : MIN_CHARS_OF_LARGE_ALPHABET;
    const needed = Math.max(minTrainedChars, minEpochs * chars, affordable);
    return Math.ceil(needed / trainedChars(size, { vocabularySize, minutes: 1 }));
  });
  const alphabet = isAffordable(suitable.at(-1)!, occasion)
    ? ""
    : `, ${formatInteger(vocabularySize)} of them distinct,`;
  return `fast to train; with ${countOf(Math.min(...minutesNeeded), "minute")} or more, ` +
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
function scheduleReason(
  { config, picked, input, run }: Choice,
): Omit<AutoConfigReason, "keys"> | null {
  const { lrSchedule, cooldown, weightAverage } = config;
  const isAveraged = picked.weightAverage !== undefined && !isGiven(input, "weightAverage");
  const isScheduled = picked.lrSchedule !== undefined && !isGiven(input, "lrSchedule");
  const isCooledDown = picked.cooldown! > 0 && !isGiven(input, "cooldown");
  const parts = [
    ...isScheduled ? [lrSchedule] : [],
    ...isCooledDown ? [`cooldown ${cooldown}`] : [],
    ...isAveraged ? [`weight average ${weightAverage}`] : [],
  ];
  if (parts.length === 0) return null;
  const fallsEarly = isScheduled && lrSchedule === "inverse-sqrt";
  const reasons = [
    ...fallsEarly
      ? [`in a run of ${describeEpochs(run)}, a rate that falls early overfits less`]
      : [],
    ...(isScheduled || isCooledDown) && !fallsEarly
      ? ["a rate that falls to 0 at the end of the run learns most"]
      : [],
    ...isAveraged ? ["averaged weights are a good model before the end, too"] : [],
  ];
  return { choice: parts.join(", "), reason: reasons.join("; ") };
}

function formatInteger(n: number): string {
  return n.toLocaleString("en");
}

/** A number with its noun. */
function countOf(n: number, noun: string): string {
  return `${n.toLocaleString("en", { maximumFractionDigits: 20 })} ${noun}${n === 1 ? "" : "s"}`;
}
