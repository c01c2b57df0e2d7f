import type { PartSummary } from "../evaluate/summary.ts";
import { parameterCount } from "../model/parameters.ts";
import { sizesOf } from "../model/model.ts";
import type { Config } from "../model/config.ts";
import { charsOf, type Split } from "../text/split.ts";
import type { TrainingLimits } from "../train/limits.ts";
import { type Choice, describeModel } from "../train/auto_config.ts";
import type { Trainer } from "../train/trainer.ts";
import { table } from "./layout.ts";
import type { Terminal } from "./terminal.ts";

/** Characters that take half a minute or so to validate. */
const LONG_VALIDATION = 10_000_000;

/** Where a configuration comes from. */
export interface Origin {
  /** The preset that was named. */
  readonly preset: string | undefined;
  /** What was chosen by the text, and why. */
  readonly choices?: readonly Choice[] | undefined;
}

/** Says what will be trained, on what, and for how long. */
export function printRunHeader(
  display: Terminal,
  trainer: Trainer,
  limits: TrainingLimits,
  folder: string,
  { preset, choices = [] }: Origin,
): void {
  const { config, corpus, split } = trainer;
  const sizes = sizesOf({ config, vocabulary: corpus.vocabulary });
  display.line(
    `Text: ${corpus.path}, ${number(corpus.length)} characters, ` +
      `${number(corpus.vocabulary.size)} distinct`,
  );
  display.line(`Split: ${describeSplit(split, config)}`);
  display.line(
    `Model: ${describeModel(config)}, ${number(parameterCount(sizes))} parameters, ` +
      config.precision,
  );
  display.line(
    `Training: ${config.batchSize} stream${
      config.batchSize === 1 ? "" : "s"
    } of ${config.seqLength} ` +
      `characters a step, ${config.optimizer}, lr ${config.lr}` +
      `${config.lrSchedule === "constant" ? "" : ` (${config.lrSchedule})`}, ` +
      `clip ${config.gradClip || "none"}${config.gradClipMode === "norm" ? " (norm)" : ""}, ` +
      `${trainer.threads} thread${trainer.threads === 1 ? "" : "s"}`,
  );
  if (choices.length > 0) display.line("Chosen, where no option says otherwise:");
  for (const { what, why } of choices) display.line(`  ${what}: ${why}`);
  display.line(`Length: ${lengthOf(trainer, limits)}`);
  display.line(`Folder: ${folder}`);
  if (preset !== undefined) display.line(`Preset: ${preset}`);
  if (trainer.steps > 0) {
    display.line(`Resumed: at step ${number(trainer.steps)}, ${trainer.loss.toFixed(4)} nats/char`);
  }
  display.line();
  display.head();
}

/** What is trained on and what is held out. */
function describeSplit(split: Split, { valFraction, testFraction, holdout }: Config): string {
  const [trained, validated, tested] = [split.train, split.validation, split.test].map(charsOf);
  const where = holdout === "streams" ? " at the end of each stream" : "";
  const parts = [`${number(trained!)} characters to train on`];
  parts.push(
    validated === 0
      ? `none to validate${valFraction === 0 ? "" : ", as the text is too short"}`
      : `${number(validated!)} to validate${where}` +
        (validated! < LONG_VALIDATION
          ? ""
          : ", which takes a while (--val-fraction holds out less)"),
  );
  if (tested! > 0) parts.push(`${number(tested!)} to test`);
  else if (testFraction > 0) parts.push("none to test, as the text is too short");
  return parts.join("; ");
}

/** How long a run is, by its limits. */
export function lengthOf(trainer: Trainer, limits: TrainingLimits): string {
  const { steps, seconds, patience, byDefault } = limits;
  const parts: string[] = [];
  if (Number.isFinite(steps)) {
    const epochs = (steps / trainer.stepsPerEpoch).toPrecision(3);
    parts.push(`${number(steps)} steps (${Number(epochs)} passes over the text)`);
  }
  if (Number.isFinite(seconds)) parts.push(`${seconds / 60} minute${seconds === 60 ? "" : "s"}`);
  if (Number.isFinite(patience)) {
    parts.push(`${patience} validation${patience === 1 ? "" : "s"} in a row without a better one`);
  }
  const length = parts.join(" or ");
  return byDefault ? `${length}, by default` : length;
}

/** The rows of the summary, in order. */
const predictors = [
  ["model", "model"],
  ["bigram", "bigram"],
  ["unigram", "unigram"],
  ["uniform", "uniform"],
  ["gzip -9", "gzip"],
] as const;

/** The losses of the model and of the baselines on each part of the text, as a table. */
export function formatSummary(parts: readonly PartSummary[]): string {
  const loss = (nats: number) => `${nats.toFixed(4)} (${(nats / Math.LN2).toFixed(3)})`;
  return table([
    ["nats (bits) per character", ...parts.map(({ part }) => part)],
    ...predictors.map(([name, key]) => [`  ${name}`, ...parts.map((part) => loss(part[key]))]),
  ], 1);
}

function number(n: number): string {
  return n.toLocaleString("en");
}
