/** What `train` prints before and after the log. */
import type { PartSummary } from "../evaluate/summary.ts";
import { show } from "../json.ts";
import { hasInvisible } from "../printable.ts";
import { sizesOf } from "../model/model.ts";
import { parameterCount } from "../model/parameters.ts";
import type { Run } from "../run/run.ts";
import type { RunFolder } from "../run/run_folder.ts";
import type { Corpus } from "../text/corpus.ts";
import { findLines } from "../text/lines.ts";
import { findOddities } from "../text/oddities.ts";
import { countChars, countPredicted } from "../text/split.ts";
import { type AutoConfigReason, describeModel } from "../train/auto_reasons.ts";
import { type DivergenceError, remediesOf } from "../train/divergence.ts";
import { optionOf } from "./args.ts";
import type { RankUse } from "../train/rank_training.ts";
import type { Trainer } from "../train/trainer.ts";
import {
  columnsOf,
  foldCommand,
  formatCount,
  formatLoss,
  formatNumber,
  table,
  wrap,
} from "./format.ts";
import { isTerminal, tableWidth, terminalColumns, terminalWidth } from "./output.ts";
import { STANDARD_INPUT_PATH } from "../files/text_paths.ts";

/** Characters of a validation part that take about half a minute to validate. */
const LONG_VALIDATION = 10_000_000;
/** Distinct characters that make each step slow. */
const MANY_CHARACTERS = 1000;
/** The width of the header's labels. */
const LABEL = 13;

/** Where the configuration of a run comes from. */
export interface ConfigOrigin {
  /** The preset that was named. */
  readonly preset?: string | undefined;
  /** The run or checkpoint that the weights come from. */
  readonly initFrom?: string | undefined;
  /** What was picked automatically, and why. */
  readonly reasons?: readonly AutoConfigReason[] | undefined;
}

/** The lines that describe a run before it begins. */
export function headerOf(run: Run, { preset, reasons = [], initFrom }: ConfigOrigin): string {
  const { trainer } = run;
  const { config, corpus } = trainer;
  const parameters = parameterCount(sizesOf({ config, vocabulary: corpus.vocabulary }));
  const fields = [
    [
      "Text",
      `${describeTexts(corpus)}, ${formatCount(corpus.length, "character")}, ` +
      `${formatNumber(corpus.vocabulary.size)} distinct`,
    ],
    ...corpus.unknown.length === 0 ? [] : [["Unknown", describeRare(corpus)]],
    ...trainer.steps > 0 ? [] : adviseMinCount(corpus).map((advice) => ["Note", advice]),
    ...findOddities(corpus).map((oddity) => ["Warning", `the text: ${oddity}`]),
    ["Split", describeSplit(trainer)],
    [
      "Model",
      `${describeModel(config)}, ${formatCount(parameters, "parameter")}, ${config.precision}`,
    ],
    ["Training", describeTraining(trainer)],
    ["Losses", "nats per character; train loss is smoothed over about 25,000 characters"],
    ...trainer.ranks === null
      ? [["Threads", describeThreads(trainer)]]
      : describeRanks(trainer.ranks),
    ["Limits", describeLimits(run)],
    ["Run folder", show(run.folder.path)],
    ...preset === undefined ? [] : [["Preset", preset]],
    ...run.grownFrom === null ? [] : [[
      "Grown",
      `from ${
        formatCount(run.grownFrom, "character")
      }; the text is split again: what is held out ` +
      "now was never trained on, and the best loss so far no longer counts",
    ]],
    ...initFrom === undefined ? [] : [["Weights", `of ${show(initFrom)}`]],
    ...trainer.steps === 0 ? [] : [[
      "Resumed",
      `at step ${formatNumber(trainer.steps)}, training loss ${formatLoss(trainer.loss)} nats/char`,
    ]],
  ] as const;
  const lines = fields.map(([label, text]) => `${label}:`.padEnd(LABEL) + hanging(text!, LABEL));
  if (reasons.length > 0) lines.push("", "Automatic configuration:");
  for (const { choice, reason } of reasons) lines.push(`  ${hanging(`${choice}: ${reason}`, 2)}`);
  return lines.join("\n");
}

/** The characters that are too rare to be in the vocabulary. */
function describeRare({ unknown, reading }: Corpus): string {
  const count = unknown.reduce((sum, { count }) => sum + count, 0);
  return `${formatCount(unknown.length, "distinct character")}, ${formatNumber(count)} in all, ` +
    `occur fewer than ${reading?.minCount} times and are read as U+FFFD`;
}

/** How often a character must occur to be worth its weights in a large alphabet. */
const WORTH_COUNT = 5;

/** The advice to leave rare characters of a large alphabet out; nothing if it would help little. */
function adviseMinCount({ vocabulary, counts }: Corpus): readonly string[] {
  if (vocabulary.size < MANY_CHARACTERS) return [];
  const rare = counts.filter((count) => count < WORTH_COUNT).length;
  if (rare < vocabulary.size / 10) return [];
  return [
    `${formatNumber(rare)} of the ${
      formatNumber(vocabulary.size)
    } distinct characters occur fewer ` +
    `than ${WORTH_COUNT} times; with --min-count ${WORTH_COUNT} they are one unknown symbol, and ` +
    "each step is faster",
  ];
}

/** What texts were read, for example `notes/ (12 files)`. */
function describeTexts({ path, texts, reading }: Corpus): string {
  const files = texts.length === 1 ? "" : ` (${formatCount(texts.length, "file")})`;
  const encoding = reading?.encoding === undefined ? "" : ` in ${reading.encoding}`;
  return `${show(path)}${files}${encoding}`;
}

/** A paragraph that fits the terminal; other programs receive it in one line. */
function hanging(text: string, indent: number): string {
  return isTerminal() ? wrap(text, { width: terminalWidth(), indent }) : text;
}

function describeSplit({ split, config, corpus }: Trainer): string {
  const { valFraction, testFraction, holdout } = config;
  // Spans of lines overlap: the line break after one is read again before the next.
  const count = holdout === "lines" ? countPredicted : countChars;
  const [training, validation, test] = [
    count(split.train),
    count(split.validation),
    count(split.test),
  ];
  const where = holdout === "streams"
    ? " at the end of each stream"
    : holdout === "lines"
    ? ` in ${formatCount(split.validation.length, "line")}`
    : "";
  const slow = validation < LONG_VALIDATION
    ? ""
    : " (slow to validate; a lower --val-fraction holds out less)";
  const pieces = holdout === "streams" ? config.batchSize : 1;
  const whyNone = (fraction: number) =>
    Math.floor(Math.floor(corpus.length / pieces) * fraction) < 2
      ? "as the text is too short"
      : "as too little would be left for training";
  const cut = holdout === "lines"
    ? findLines(corpus).lengths.filter((length) => length >= config.seqLength).length
    : 0;
  return [
    `${formatCount(training, "character")} for training`,
    validation > 0
      ? `${formatNumber(validation)} for validation${where}${slow}`
      : `none for validation${valFraction === 0 ? "" : ` ${whyNone(valFraction)}`}`,
    ...test > 0
      ? [`${formatNumber(test)} for the test`]
      : testFraction > 0
      ? [`none for the test ${whyNone(testFraction)}`]
      : [],
    ...cut === 0
      ? []
      : [`${formatCount(cut, "line")} cut after ${formatCount(config.seqLength, "character")}`],
  ].join(", ");
}

function describeThreads({ threads, isChoosingThreads }: Trainer): string {
  return isChoosingThreads
    ? "the fastest number, which the first steps measure"
    : formatNumber(threads);
}

/** The line for the number of threads, when it is first chosen. */
export function describeChosenThreads({ threads }: Trainer): string {
  return `Threads: ${
    formatNumber(threads)
  }, the fastest number here; it changes if another becomes ` +
    "faster.";
}

function describeTraining({ config }: Trainer): string {
  const schedule = config.lrSchedule === "constant" ? "" : ` (${config.lrSchedule})`;
  const mode = config.gradClipMode === "norm" ? " (norm)" : "";
  return [
    `batch size ${config.batchSize}`,
    `sequence length ${config.seqLength}`,
    config.optimizer,
    `lr ${config.lr}${schedule}`,
    config.gradClip === 0 ? "no grad clip" : `grad clip ${config.gradClip}${mode}`,
  ].join(", ");
}

/** The lines for the processes that share a training. */
function describeRanks({ threads, computing, partials }: RankUse): [string, string][] {
  const size = threads.length;
  const counts = [...new Set(threads)];
  const lines: [string, string][] = [
    ["Ranks", formatNumber(size)],
    ["Threads", `${counts.map(formatNumber).join(" or ")} on each rank`],
  ];
  if (computing < size) {
    lines.push([
      "Warning",
      `only ${formatCount(computing, "rank")} of ${
        formatNumber(size)
      } compute: the gradient is a ` +
      `sum of ${
        formatCount(partials, "part")
      } for this model and batch size, each computed by one ` +
      `rank; ${formatCount(computing, "rank")} ${computing === 1 ? "trains" : "train"} as fast`,
    ]);
  }
  return lines;
}

/** The limits of a run, for example `2,000 steps (10 epochs) or 5 minutes`. */
function describeLimits({ trainer, limits }: Pick<Run, "trainer" | "limits">): string {
  const { steps, seconds, patience, stopsOverfitting, isDefault } = limits;
  const parts: string[] = [];
  if (Number.isFinite(steps)) {
    // A share of one epoch says nothing that the number of steps does not.
    const epochs = steps / trainer.stepsPerEpoch;
    const rounded = Number(epochs.toFixed(epochs < 10 ? 1 : 0));
    const inEpochs = epochs < 1
      ? ""
      : ` (${rounded.toLocaleString("en")} epoch${rounded === 1 ? "" : "s"})`;
    parts.push(`${formatCount(steps, "step")}${inEpochs}`);
  }
  if (Number.isFinite(seconds)) {
    parts.push(`${Number((seconds / 60).toPrecision(12))} minute${seconds === 60 ? "" : "s"}`);
  }
  if (Number.isFinite(patience)) {
    parts.push(`${formatCount(patience, "validation")} without improvement`);
  }
  if (stopsOverfitting && trainer.validation.chars > 0) parts.push("clear overfitting");
  return parts.join(" or ") + (isDefault ? " (default)" : "");
}

/** The message for a run that is resumed but has reached a limit: which, and what to raise. */
export function describeFinished(run: Run): string {
  const { trainer, limits, grownFrom } = run;
  const isOutOfSteps = trainer.steps >= limits.steps;
  const isOutOfPatience = trainer.validation.validationsSinceBest >= limits.patience;
  const isByTime = !isOutOfSteps && !isOutOfPatience;
  const reached = {
    ...limits,
    isDefault: false,
    steps: isOutOfSteps ? limits.steps : Infinity,
    patience: isOutOfPatience ? limits.patience : Infinity,
    seconds: isByTime ? limits.seconds : Infinity,
    stopsOverfitting: isByTime && limits.stopsOverfitting,
  };
  const limit = describeLimits({ trainer, limits: reached });
  if (grownFrom !== null) {
    const more = isByTime
      ? `--minutes ${Number((2 * limits.seconds / 60).toPrecision(12))}`
      : `--steps ${2 * trainer.steps}`;
    return `The text has grown from ${formatNumber(grownFrom)} to ` +
      `${formatCount(trainer.corpus.length, "character")}, but the run has reached its limit of ` +
      `${limit}; train on all of it with a higher one: ${resumptionOf(run)} ${more}`;
  }
  const [long, patient] = ["--steps, --epochs or --minutes", "--patience"];
  const advice = !isOutOfPatience ? long : isOutOfSteps ? `${long}, and ${patient},` : patient;
  return `Nothing to do: the run is at step ${formatNumber(trainer.steps)} and has reached its ` +
    `limit of ${limit}; raise ${advice} to continue`;
}

/** Compressed sizes are whole bytes, of 5.5 nats: of fewer characters they are too coarse. */
const MIN_GZIP_CHARS = 100;

/** The rows of the summary, in order. */
const predictors = ["model", "bigram", "unigram", "uniform", "gzip"] as const;

/**
 * The losses of a model and of the baselines on each part of the text, as a table, and what is
 * measured.
 *
 * @param parts At least one.
 * @param step The step of the model.
 */
export function formatSummary(parts: readonly PartSummary[], step: number): string {
  const loss = (nats: number) => `${formatLoss(nats)} (${formatLoss(nats / Math.LN2, 3)})`;
  const cell = (part: PartSummary, key: typeof predictors[number]) =>
    key === "gzip" && part.chars < MIN_GZIP_CHARS ? "part too short" : loss(part[key]);
  const nameOf = (key: typeof predictors[number]) =>
    key === "model" ? `model of step ${formatNumber(step)}` : key;
  const rows = table([
    ["nats (bits) per character", ...parts.map(({ part }) => part)],
    ["  characters predicted", ...parts.map(({ chars }) => formatNumber(chars))],
    ...predictors.map((key) => [`  ${nameOf(key)}`, ...parts.map((part) => cell(part, key))]),
  ], { rightFrom: 1, width: tableWidth() });
  const measured = parts.filter(({ chars, partChars }) => chars < partChars)
    .map(({ part, chars, partChars, spans }) =>
      `${part}: the ${part === "training" ? "last" : "first"} ${formatNumber(chars)} of ` +
      formatNumber(partChars) + (spans.length > 1 ? ", from all streams" : "")
    );
  const notes = [
    ...measured,
    "bigram, unigram: counted on the training part",
    "gzip: given up to 32 KiB of the text before",
  ];
  return `${rows}\n\n${hanging(`(${notes.join("; ")})`, 1)}`;
}

/** The command that resumes a run; a text from standard input has to be given again. */
export function resumptionOf({ folder, trainer }: Run): string {
  const resume = `--resume ${shellWord(folder.path)}`;
  return trainer.corpus.reading?.paths.includes(STANDARD_INPUT_PATH)
    ? `deno task train - ${resume} < text`
    : `deno task train ${resume}`;
}

/** The message for a run that stopped because of a number that is not finite. */
export function describeDivergence(
  { step, reason, config, details }: DivergenceError,
  { path, hasCheckpoint }: Pick<RunFolder, "path" | "hasCheckpoint">,
): string {
  const { savedStep, rollbacks } = details!;
  const vain = rollbacks === 0
    ? ""
    : `; ${formatCount(rollbacks, "rollback")} in a row with half the learning rate did not help`;
  const flags = remediesOf(config)
    // A run keeps its initial weights, and the momentum that its velocities were accumulated with.
    .filter(({ key }) => savedStep === null || key === "lr" || key === "gradClip")
    .map(({ key, value }) => `--${optionOf(key)} ${value}`).join(" ");
  const advice = savedStep === null
    ? `${hasCheckpoint ? "" : "nothing was saved; "}train again with ${flags}`
    : !hasCheckpoint
    ? `the checkpoint of step ${
      formatNumber(savedStep)
    } is lost, as something else removed or replaced it`
    : `resume from the checkpoint of step ${formatNumber(savedStep)} with a lower learning rate: ` +
      `deno task train --resume ${shellWord(path)} ${flags}`;
  return `Training diverged at step ${formatNumber(step)}: ${reason}${vain}; ${advice}`;
}

/** A shell command and what it is for; in a narrow terminal on lines of its own. */
export function advise(purpose: string, command: string): string {
  const line = `${purpose}: ${command}`;
  if (!isTerminal() || columnsOf(line) <= terminalColumns()) return line;
  return `${purpose}:\n${foldCommand(command, { width: terminalColumns(), indent: 2 })}`;
}

/** A path as a word of a shell command. */
export function shellWord(path: string): string {
  if (hasInvisible(path)) return `$'${escapeForShell(path)}'`;
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

/** The contents of a word in bash, ksh or zsh, byte by byte where it is not plain text. */
function escapeForShell(text: string): string {
  return Array.from(text, (character) => {
    if (character === "'" || character === "\\") return `\\${character}`;
    if (/[ -~]/.test(character)) return character;
    const bytes = Array.from(new TextEncoder().encode(character));
    // Three octal digits cannot be joined by a digit that follows.
    return bytes.map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
  }).join("");
}
