import { InputError } from "../errors.ts";
import { type ConfigInput, defaults, presets } from "../model/config.ts";
import type { RunLimits } from "../train/run_record.ts";
import type { OnDivergence } from "../train/train.ts";
import { type CommandLine, type Option, present } from "./options.ts";

/** What of the command line decides what is trained. */
const configOptions: readonly Option[] = [
  { name: "hidden", value: "N", meaning: "Hidden units", default: String(defaults.hidden) },
  {
    name: "seq",
    value: "N",
    meaning: "Characters that back-propagation through time unrolls",
    default: String(defaults.seq),
  },
  {
    name: "batch",
    value: "N",
    meaning: "Streams trained side by side",
    default: `${defaults.batch}, fewer for a short text`,
  },
  { name: "lr", value: "X", meaning: "Learning rate", default: String(defaults.lr) },
  {
    name: "optimizer",
    value: "NAME",
    meaning: "Update rule: adagrad or sgd",
    default: defaults.optimizer,
  },
  {
    name: "clip",
    value: "X",
    meaning: "Clip each element of the gradient to ±X; 0: no clipping",
    default: String(defaults.clip),
  },
  {
    name: "init",
    value: "X",
    meaning: "Standard deviation of the initial weights",
    default: String(defaults.init),
  },
  {
    name: "precision",
    value: "NAME",
    meaning: "f32 (fastest), f32-strict (the same bits on every machine) or f64",
    default: defaults.precision,
  },
  { name: "seed", value: "N", meaning: "Seed of all random choices", default: "1" },
  {
    name: "val",
    value: "X",
    meaning: "Share of the text, at its end, held out for validation; 0: none",
    default: String(defaults.val),
  },
];

/** What of it decides how long, and what is told and kept. */
const limitOptions: readonly Option[] = [
  { name: "steps", value: "N", meaning: "Stop after so many updates" },
  { name: "epochs", value: "X", meaning: "Stop after so many passes over the text" },
  {
    name: "minutes",
    value: "X",
    meaning: "Stop after so much time; of several limits the first counts",
    default: "without any limit, 10 epochs, but 4 to 20 million characters",
  },
  {
    name: "report-every",
    value: "N",
    meaning: "Steps from one report to the next",
    default: "such that a run has some 30 reports, a long one more",
  },
  {
    name: "sample-every",
    value: "N",
    meaning: "Steps from one sample to the next; 0: none",
    default: "5 reports",
  },
  {
    name: "save-every",
    value: "N",
    meaning: "Steps from one checkpoint to the next",
    default: "one a minute",
  },
  {
    name: "on-divergence",
    value: "NAME",
    meaning:
      "When a number is not finite: stop, or rollback, which goes back to the last report, " +
      "halves the learning rate and goes on, up to 10 times in a row",
    default: "stop",
  },
];

/** All options of `deno task train`. */
export const trainOptions: readonly Option[] = [
  {
    name: "out",
    value: "DIR",
    meaning: "Run folder; it must not hold a run yet",
    default: "runs/<name of the text>, with a number if taken",
  },
  {
    name: "resume",
    value: "RUN",
    meaning: "Go on with the run in this folder as if it had never stopped; <text> may be left out",
  },
  {
    name: "force",
    meaning: "Begin anew in a folder that holds a run, and replace that one at the first save",
  },
  {
    name: "preset",
    value: "NAME",
    meaning: `Settings by name, over which the other options win: ${
      Object.keys(presets).join(", ")
    }`,
  },
  ...configOptions,
  {
    name: "threads",
    value: "N",
    meaning: "Threads to compute with; the result is the same bits with any number",
    default: "one for each core, fewer when the work is too small to gain",
  },
  ...limitOptions,
];

/** What the line says of the configuration; the rest is for the preset and the defaults. */
export function configOf(line: CommandLine): ConfigInput {
  const names = ["preset", "optimizer", "precision"] as const;
  const numbers = ["hidden", "seq", "batch", "lr", "clip", "init", "seed", "val"] as const;
  return present(Object.fromEntries([
    ...names.map((name) => [name, line.text(name)]),
    ...numbers.map((name) => [name, line.number(name)]),
  ]));
}

/**
 * What the line says of the run's length and habits.
 * @throws {InputError} when a name is none of those that are known.
 */
export function limitsOf(line: CommandLine): RunLimits {
  const onDivergence = line.text("on-divergence");
  if (onDivergence !== undefined && onDivergence !== "stop" && onDivergence !== "rollback") {
    throw new InputError(
      `Cannot use --on-divergence ${JSON.stringify(onDivergence)}: it must be stop or rollback`,
    );
  }
  return present({
    steps: line.number("steps"),
    epochs: line.number("epochs"),
    minutes: line.number("minutes"),
    reportEvery: line.number("report-every"),
    sampleEvery: line.number("sample-every"),
    saveEvery: line.number("save-every"),
    onDivergence: onDivergence as OnDivergence | undefined,
  });
}

/** The limits of a run that goes on: a new limit takes the place of all that there were. */
export function resumedLimits(before: RunLimits, asked: RunLimits): RunLimits {
  const { steps, epochs, minutes, ...habits } = before;
  const isLimited = [asked.steps, asked.epochs, asked.minutes].some((limit) => limit !== undefined);
  return { ...isLimited ? {} : present({ steps, epochs, minutes }), ...habits, ...asked };
}
