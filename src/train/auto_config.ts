import {
  baseConfig,
  type Config,
  type ConfigInput,
  defaultBatchSize,
  optimizerDefaults,
  parseConfig,
  resolveConfig,
} from "../model/config.ts";
import type { LimitOptions } from "./limits.ts";

/** A configuration that suits a text; see {@linkcode autoConfig}. */
export interface AutoConfig {
  /** The configuration, complete. */
  readonly config: Config;
  /** What of it was chosen, and why. */
  readonly choices: readonly Choice[];
}

/** Something that was chosen, in words. */
export interface Choice {
  /** For example `gru, 192 hidden units`. */
  readonly what: string;
  /** The reason. */
  readonly why: string;
}

/** What a network must have to be chosen. */
interface Size {
  readonly hidden: number;
  readonly layers: number;
  readonly batchSize: number;
  /** Steps until the rate falls. */
  readonly warmup: number;
  /** Characters of the text, at least. */
  readonly chars: number;
  /** Characters that can be trained on in the time there is, at least. */
  readonly trained: number;
}

/**
 * From large to small; docs/learning.md has the measurements. A larger network than the text has
 * characters for learns it by heart, and one that can see too few in its time learns less.
 */
const sizes: readonly Size[] = [
  { layers: 2, hidden: 256, batchSize: 12, warmup: 1000, chars: 500_000, trained: 3_000_000 },
  { layers: 1, hidden: 192, batchSize: 16, warmup: 1000, chars: 300_000, trained: 0 },
  { layers: 1, hidden: 128, batchSize: 8, warmup: 500, chars: 30_000, trained: 0 },
  { layers: 1, hidden: 64, batchSize: 4, warmup: 200, chars: 0, trained: 0 },
];

/** Floating-point operations that a second brings, for guessing only: two cores of a server of 2022. */
const FLOP_PER_SECOND = 65e9;
/** Without a limit of time a user is thought to wait so long. */
const USUAL_MINUTES = 2;
/** Of an alphabet with its capitals, digits and marks. */
const USUAL_CHARACTERS = 80;

/**
 * What to train a text with: the largest network that it can fill in the time there is, and a rule of
 * learning that needs no tuning and gives a good model whenever it is stopped.
 *
 * @param chars Length of the text in characters.
 * @param given What is decided already, and wins. With a preset there is nothing to choose.
 * @param limits With more minutes, more can be learnt. Steps and epochs change nothing, so that a run
 * that is stopped at one of them and resumed is the one that was not.
 * @throws {InputError} as {@linkcode resolveConfig} does.
 *
 * @example
 * ```ts
 * import { corpusFromText, autoConfig, Trainer } from "../mod.ts";
 *
 * const corpus = corpusFromText("to be or not to be. ".repeat(500));
 * const { config, choices } = autoConfig(corpus.length);
 * console.log(config.cell, config.hidden, choices.length); // gru 64 3
 * using trainer = Trainer.create(corpus, config);
 * trainer.step();
 * ```
 */
export function autoConfig(
  chars: number,
  given: ConfigInput = {},
  limits: Pick<LimitOptions, "minutes"> = {},
): AutoConfig {
  if (given.preset !== undefined) return { config: resolveConfig(given, { chars }), choices: [] };
  if (isComplete(given)) return { config: parseConfig(given, "Cannot train"), choices: [] };
  // A limit that is no time at all is refused where all limits are.
  const size = sizes.find((size) => suits(size, chars, limits)) ?? sizes.at(-1)!;
  const isOften = trainable(size, limits) >= MANY_PASSES * chars;
  const network = networkOf(size, chars, given, isOften);
  const rule = ruleOf(given, size, isOften);
  const config = resolveConfig({ ...network, ...rule, ...given }, { chars });
  const choices: Choice[] = [
    { what: describeModel(config), why: whyNetwork(size, chars, limits) },
    {
      what: `${config.batchSize} stream${
        config.batchSize === 1 ? "" : "s"
      } of ${config.seqLength} characters`,
      why: "many updates in each pass, and enough side by side to be fast",
    },
  ];
  if (rule.weightAverage !== undefined) {
    choices.push({
      what: `${config.optimizer}, lr ${config.lr}, ${config.lrSchedule}, ` +
        `${
          config.cooldown > 0 ? `cooldown ${config.cooldown}, ` : ""
        }average ${config.weightAverage}`,
      why: "a falling rate and averaged weights, good whenever it is stopped",
    });
  }
  return { config, choices };
}

/** Whether every key is given, as in a configuration that was resolved before. */
function isComplete(given: ConfigInput): given is Config {
  return (Object.keys(baseConfig) as (keyof Config)[]).every((key) => given[key] !== undefined);
}

/** Whether a text fills a network, and the time is enough for it. */
function suits(
  size: Size,
  chars: number,
  limits: Pick<LimitOptions, "minutes">,
): boolean {
  return chars >= size.chars && trainable(size, limits) >= size.trained;
}

/** How many characters a network can be trained on in the time there is. */
function trainable(
  { hidden, layers }: Size,
  { minutes = USUAL_MINUTES }: Pick<LimitOptions, "minutes">,
): number {
  // A multiply and an add, forward and twice backward, for each weight of a gate of the GRU.
  const weights = 3 * hidden * hidden * (2 * layers - 1) + hidden * USUAL_CHARACTERS;
  return minutes * 60 * FLOP_PER_SECOND / (6 * weights);
}

function networkOf(
  size: Size,
  chars: number,
  given: ConfigInput,
  isOften: boolean,
): ConfigInput {
  const { hidden, layers, batchSize } = size;
  const seqLength = given.seqLength ?? suitableSeq(chars);
  return {
    cell: "gru",
    layers,
    hidden,
    batchSize: defaultBatchSize(batchSize, seqLength, chars),
    seqLength,
    ...dropoutOf(size, given, isOften),
    init: (given.hidden ?? hidden) <= MOST_ORTHOGONAL ? "orthogonal" : "xavier",
    // A GRU that seldom began from a state of zero was, after 600 steps, worse than a guess there.
    resetEvery: 200,
  };
}

/** A text that is read so often begins to be learnt by heart by two layers of 256. */
const MANY_PASSES = 8;

/**
 * What is dropped between layers, and when: where a text will be read many times, late in the run
 * up to its last part. Before, it only slows down the learning; after, what noise kept from
 * being learnt is learnt fast.
 */
function dropoutOf(size: Size, given: ConfigInput, isOften: boolean): ConfigInput {
  const { dropout, layers, dropoutFrom = 0, dropoutUntil = 1 } = given;
  const until = dropoutFrom < 0.85 ? 0.85 : 1;
  if (dropout !== undefined) return dropout > 0 ? { dropoutUntil: until } : {};
  if (layers !== undefined || size.layers === 1 || !isOften) return {};
  return { dropout: 0.1, dropoutFrom: dropoutUntil > 0.7 ? 0.7 : 0, dropoutUntil: until };
}

/** Fewer characters a step where a text has few, so that a pass has some steps. */
function suitableSeq(chars: number): number {
  return Math.max(1, Math.min(50, Math.floor(chars / 8)));
}

/** Making the start of so many units orthogonal takes one to two seconds; of twice as many, eight times that. */
const MOST_ORTHOGONAL = 512;

/** What suited networks of 160,000 weights; a wider one wants less. */
const rates = { rnn: 0.004, gru: 0.006, lstm: 0.01 } as const;
/** Of two layers of the GRU in a long run: slower at first, but less is learnt by heart. */
const LONG_RATE = 0.012;

/** Adam with decoupled weight decay; another optimizer has defaults of its own. */
function ruleOf(given: ConfigInput, size: Size, isOften: boolean): ConfigInput {
  const { optimizer = "adamw", hidden = size.hidden, cell = "gru", lrSchedule } = given;
  const { layers = size.layers } = given;
  if (optimizer !== "adamw" && optimizer !== "adam") return { ...optimizerDefaults[optimizer] };
  const isLarge = size.layers > 1 && layers > 1;
  const falls = lrSchedule === undefined ? given.warmup !== 0 : lrSchedule === "inverse-sqrt";
  // The cooldown brings two layers of 256 something, one of 192 nothing.
  const cooldown = isLarge ? 0.2 : 0;
  const lr = isLarge && isOften && falls && cell === "gru" ? LONG_RATE : rates[cell];
  return {
    optimizer,
    lr: lr * Math.min(1, 256 / hidden),
    weightDecay: optimizer === "adamw" ? 0.1 : 0,
    weightAverage: 0.1,
    ...falls ? { lrSchedule: "inverse-sqrt", warmup: size.warmup, cooldown } : {},
  };
}

/** A network in words, for example `gru, 2 layers of 256 hidden units`. */
export function describeModel(config: Config): string {
  const { cell, layers, hidden, dropout, dropoutFrom, dropoutUntil } = config;
  const units = `${hidden.toLocaleString("en")} hidden units`;
  const network = `${cell}, ${layers === 1 ? units : `${layers} layers of ${units}`}`;
  if (dropout === 0) return network;
  const always = dropoutFrom === 0 && dropoutUntil === 1;
  const when = always ? "" : ` from ${dropoutFrom} to ${dropoutUntil} of the run`;
  return `${network}, dropout ${dropout}${when}`;
}

function whyNetwork(size: Size, chars: number, { minutes }: Pick<LimitOptions, "minutes">): string {
  const text = `${chars.toLocaleString("en")} characters`;
  if (size.trained > 0) return `${text} and ${minutes} minutes are enough for it`;
  const longer = sizes.some(({ chars: wanted, trained }) => trained > 0 && chars >= wanted);
  return longer
    ? `learns fast; for ${text} --minutes 3 or more choose a larger one`
    : `${text} fill it; a larger one would learn them by heart`;
}
