/** What is picked for a run: hyperparameters that suit its model size and its length. */
import type { Config } from "../model/config.ts";
import { optimizers } from "../model/optimizers.ts";
import type { ConfigInput } from "../model/resolve_config.ts";
import { fallsToZero } from "./lr_schedule.ts";
import {
  LONG_TEXT_CHARS,
  MEDIUM_TEXT_CHARS,
  pickBatches,
  REPEATED_EPOCHS,
  type RunEstimate,
} from "./run_estimate.ts";

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
  { minEpochs: 18, dropout: 0.3 },
  { minEpochs: 6, dropout: 0.2 },
];

/** Dropout of a long text from 8 to below 20 epochs, and the part of the run that has it. */
const LATE_DROPOUT = 0.1;
const LATE_DROPOUT_FROM = 0.7;
const LATE_DROPOUT_UNTIL = 0.85;
const MIN_LATE_DROPOUT_EPOCHS = 8;
const MAX_LATE_DROPOUT_EPOCHS = 20;

/**
 * Weight decay times the steps of a run of up to 10 epochs; a longer run has that of 10. Weights are
 * then averages over the same fraction of a run, or over the same number of epochs (Wang and Aitchison,
 * "How to set AdamW's weight decay as you scale model and dataset size", 2024).
 */
const WEIGHT_DECAY_STEPS = 250;
const WEIGHT_DECAY_EPOCHS = 10;
const MIN_WEIGHT_DECAY = 0.02;
/** The same for a run that repeats its text: with less decay, wide layers overfit. */
const MIN_REPEATED_WEIGHT_DECAY = 0.1;
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
/** The same for a run that repeats its text. */
const REPEATED_WARMUP = 1000;
/** Fraction of such a run over which its rate falls to 0. */
const REPEATED_COOLDOWN = 0.2;
/** Hidden units from which a medium text is overfitted by repetition as a long one is. */
const WIDE_UNITS = 192;

export function pickModel(input: ConfigInput, run: RunEstimate): ConfigInput {
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

/** Dropout that suits the text and the number of epochs; 0 for few. */
function dropoutOf({ chars, epochs }: Pick<RunEstimate, "chars" | "epochs">): number {
  const factor = chars < LONG_TEXT_CHARS ? 1 : 2;
  return dropouts.find(({ minEpochs }) => epochs >= factor * minEpochs)?.dropout ?? 0;
}

/**
 * Whether a run reads its text so often that a rate that stays high, and falls early and at the end, is
 * better: it overfits less. In fewer epochs, and with narrow layers on a text that is not long, a rate
 * that falls linearly learns more.
 */
function isRepeated(input: ConfigInput, { chars, epochs, size }: RunEstimate): boolean {
  const isWide = (input.hidden ?? size.hidden) >= WIDE_UNITS;
  return chars >= (isWide ? MEDIUM_TEXT_CHARS : LONG_TEXT_CHARS) && epochs >= REPEATED_EPOCHS;
}

function pickDropout(input: ConfigInput, run: RunEstimate): ConfigInput {
  const { layers = run.size.layers, dropoutFrom = 0, dropoutUntil = 1 } = input;
  const { chars, epochs } = run;
  if (input.dropout !== undefined || layers === 1) return {};
  if (chars < LONG_TEXT_CHARS || epochs < REPEATED_EPOCHS || epochs >= MAX_LATE_DROPOUT_EPOCHS) {
    const dropout = dropoutOf(run);
    return dropout === 0 ? {} : { dropout };
  }
  return epochs < MIN_LATE_DROPOUT_EPOCHS ? {} : {
    dropout: LATE_DROPOUT,
    dropoutFrom: dropoutUntil > LATE_DROPOUT_FROM ? LATE_DROPOUT_FROM : 0,
    dropoutUntil: dropoutFrom < LATE_DROPOUT_UNTIL ? LATE_DROPOUT_UNTIL : 1,
  };
}

/** Weight decay that suits the length of the run, to two digits. */
function weightDecayOf(input: ConfigInput, run: RunEstimate): number {
  const { steps, epochs } = run;
  const least = isRepeated(input, run) ? MIN_REPEATED_WEIGHT_DECAY : MIN_WEIGHT_DECAY;
  const weightDecay = WEIGHT_DECAY_STEPS / steps * Math.max(1, epochs / WEIGHT_DECAY_EPOCHS);
  if (!(weightDecay > least)) return least;
  return Math.min(MAX_WEIGHT_DECAY, Number(weightDecay.toPrecision(2)));
}

/** The hidden units above which the learning rate of a schedule falls. */
export function fullLrUnits(schedule: Pick<Config, "lrSchedule" | "cooldown">): number {
  const staysHigh = schedule.lrSchedule !== "inverse-sqrt" && fallsToZero(schedule);
  return staysHigh ? FULL_HIGH_LR_UNITS : FULL_LR_UNITS;
}

/** AdamW with a falling rate and averaged weights; another optimizer has its own defaults. */
export function pickOptimization(input: ConfigInput, run: RunEstimate): ConfigInput {
  const { optimizer = "adamw", hidden = run.size.hidden, cell = "gru" } = input;
  // An unknown optimizer is rejected with the rest of the configuration.
  if (!Object.hasOwn(optimizers, optimizer)) return {};
  if (optimizer !== "adamw" && optimizer !== "adam") return { ...optimizers[optimizer].defaults };
  // The schedule inverse-sqrt falls from the end of the warm-up, and needs one.
  const repeats = isRepeated(input, run);
  const { lrSchedule = repeats && input.warmup !== 0 ? "inverse-sqrt" : "linear" } = input;
  const isRepeatedSchedule = repeats && lrSchedule === "inverse-sqrt";
  const { cooldown = isRepeatedSchedule ? REPEATED_COOLDOWN : 0 } = input;
  const schedule = { lrSchedule, cooldown };
  const rates = fallsToZero(schedule) ? fallingRates : lastingRates;
  const warmup = lrSchedule === "inverse-sqrt" ? INVERSE_SQRT_WARMUP : WARMUP;
  return {
    optimizer,
    lr: Number((rates[cell] * Math.min(1, fullLrUnits(schedule) / hidden)).toPrecision(2)),
    ...schedule,
    warmup: isRepeatedSchedule ? REPEATED_WARMUP : warmup,
    weightDecay: optimizer === "adamw" ? weightDecayOf(input, run) : 0,
    weightAverage: WEIGHT_AVERAGE,
  };
}
