import { InputError, TextError } from "../errors.ts";
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { presets } from "../model/config.ts";
import { type Corpus, readCorpus } from "../text/corpus.ts";
import type { Split } from "../text/split.ts";
import { summarize } from "../evaluate/summary.ts";
import { BEST_CHECKPOINT, LATEST_CHECKPOINT, readCheckpoint } from "../checkpoint/file.ts";
import { DivergenceError } from "../train/divergence.ts";
import { checkSameText, resumedConfig } from "../train/resume.ts";
import { RunFolder } from "../run/run_folder.ts";
import type { RunConfig } from "../run/run_config.ts";
import { isFinished } from "../train/limits.ts";
import { autoConfig, type Choice } from "../train/auto_config.ts";
import { train, type TrainOptions } from "../train/train.ts";
import type { Trainer } from "../train/trainer.ts";
import { Terminal } from "./terminal.ts";
import { formatSummary, lengthOf, printRunHeader } from "./train_messages.ts";
import { RunWriter } from "../run/run_writer.ts";
import { type Command, type CommandLine, optionOf, present } from "./args.ts";
import { wrap } from "./layout.ts";
import { readWithProgress } from "./progress_bar.ts";
import { printLine } from "./output.ts";
import { SignalHandler } from "./signals.ts";
import { readConfig, readLimits, resumedLimits, trainOptions } from "./train_options.ts";

/** `deno task train` trains a model on a text, or resumes a run. */
export const trainCommand: Command = {
  name: "train",
  summary: "Train a model on a text, or resume a run",
  operands: ["<text>"],
  replacesOperands: "resume",
  options: trainOptions,
  examples: [
    "deno task train examples/alice.txt",
    "deno task train examples/alice.txt --minutes 10",
    "deno task train --resume runs/alice --epochs 40",
  ],
  notes: [
    "Without options, the model and its hyperparameters are picked from the text length and the " +
    "time limit; any option overrides that choice.",
    "Ctrl-C, SIGTERM and a closed terminal save a checkpoint and end the run with exit code 130, " +
    "143 or 129; a second Ctrl-C ends it at once. A resumed run keeps its options, except that " +
    "learning rate, clipping, limits and intervals may be changed. Limits count from the start of " +
    "the run.",
    "A text of more than 64 MiB is not held in memory but read from its file during training, and " +
    "must not change until the run ends.",
    `Presets:\n${Object.keys(presets).map(describePreset).join("\n")}`,
  ],
  async run(line) {
    const source = line.text("resume") === undefined
      ? await newRun(line)
      : await resumedRun(line, line.text("resume")!);
    const display = new Terminal();
    // Stopped at once, so that a second Ctrl-C finds the terminal in order.
    const interruption = new SignalHandler(() => display.stop());
    let keeper: RunWriter | undefined;
    let patience = Infinity;
    let split: Split | undefined;
    try {
      const last = await train(source.corpus, {
        ...source.options,
        ...present({ threads: line.number("threads") }),
        signal: interruption.signal,
        async onStart(trainer, limits) {
          const { resume } = source.options;
          if (resume && isFinished(limits, resume.progress)) {
            printLine(
              `Nothing to do: the run is at step ${
                trainer.steps.toLocaleString("en")
              } and at its limit, ` +
                `${lengthOf(trainer, limits)}; a later one by --steps, --epochs, --minutes or ` +
                `--patience lets it go on`,
            );
            return;
          }
          patience = limits.patience;
          split = trainer.split;
          keeper = await source.begin(trainer, () => interruption.end());
          printRunHeader(display, trainer, limits, keeper.folder.path, {
            preset: line.text("preset"),
            choices: source.choices,
          });
        },
        async onLog(report) {
          display.report(report);
          await keeper!.report(report);
        },
        onSample: (text, step) => display.sample(text, step),
        onStatus: (live) => display.live(live),
        async onRollback(rollback) {
          display.rollback(rollback);
          await keeper!.rollBack(rollback);
        },
        onCheckpoint: (checkpoint, kind) => keeper!.save(checkpoint, kind),
      });
      display.stop();
      if (!keeper) return 0;
      keeper.checkAllIsKept();
      const { progress } = last;
      if (progress.validationsSinceBest >= patience) {
        printLine(
          `Stopped early: ${progress.validationsSinceBest} validations in a row were not better than the best`,
        );
      }
      const best = await bestOf(keeper.folder.path, last);
      const parts = await summarize(best, source.corpus, {
        split: split!,
        signal: interruption.signal,
      });
      if (parts !== undefined) printLine(`\n${formatSummary(parts)}\n`);
      conclude(keeper.folder.path, progress, interruption.exitCode !== null);
      return interruption.exitCode ?? 0;
    } catch (error) {
      if (error instanceof DivergenceError && keeper) throw withAdvice(error, keeper);
      if (error instanceof TextError && keeper) {
        throw new TextError(`${error.message}; ${keeper.kept}`, { cause: error });
      }
      throw error;
    } finally {
      display.stop();
      interruption.stop();
      (keeper?.folder ?? source.folder)?.close();
      source.corpus.close();
    }
  },
};

/** What is trained, and where it is kept. */
interface Source {
  readonly corpus: Corpus;
  readonly options: TrainOptions;
  /** What of the configuration was chosen, and why. */
  readonly choices?: readonly Choice[];
  /** The folder of a run that goes on, locked already. */
  readonly folder?: RunFolder;
  /** Takes the folder, once everything else is known to be right. */
  readonly begin: (trainer: Trainer, onFailure: () => void) => RunWriter | Promise<RunWriter>;
}

async function newRun(line: CommandLine): Promise<Source> {
  const limits = readLimits(line);
  const given = readConfig(line);
  const path = line.operands[0]!;
  const out = line.text("out");
  const corpus = await readWithProgress((options) => readCorpus(path, options));
  const { config, choices } = autoConfig(corpus.length, given, limits);
  return {
    corpus,
    choices,
    options: { ...limits, config },
    begin(trainer, onFailure) {
      const record: RunConfig = {
        config: trainer.config,
        limits,
        text: textOf(corpus),
        history: [],
      };
      const place = out ?? `runs/${nameOf(path)}`;
      const make = line.flag("force")
        ? RunFolder.replace
        : out === undefined
        ? RunFolder.createFree
        : RunFolder.create;
      return new RunWriter(make(place, record), record, null, onFailure);
    },
  };
}

async function resumedRun(line: CommandLine, run: string): Promise<Source> {
  for (const other of ["out", "force"]) {
    if (!line.flag(other) && line.text(other) === undefined) continue;
    throw new InputError(
      `Cannot resume with --${other}: a run goes on in its own folder; leave one of the two out`,
    );
  }
  const asked = { limits: readLimits(line), config: readConfig(line) };
  const { folder, record, checkpoint } = await RunFolder.open(run);
  try {
    const corpus = await readRecorded(line.operands[0], record, run);
    const limits = resumedLimits(record.limits, asked.limits);
    // A run that was killed before its first checkpoint begins again as it began.
    checkSameText({ ...record.text, name: record.text.path }, corpus);
    const config = resumedConfig(checkpoint?.config ?? record.config, asked.config);
    return {
      corpus,
      folder,
      options: { ...limits, config, ...checkpoint ? { resume: checkpoint } : {} },
      async begin(trainer, onFailure) {
        const keeper = new RunWriter(folder, record, checkpoint, onFailure);
        const start = checkpoint ?? trainer.checkpoint();
        await folder.truncateTo(start.progress);
        const changed: Checkpoint = { ...start, config };
        if (checkpoint && JSON.stringify(config) !== JSON.stringify(checkpoint.config)) {
          await folder.save(changed, "latest");
        }
        keeper.change(start.progress.step, { ...record, config, limits, text: textOf(corpus) });
        return keeper;
      },
    };
  } catch (error) {
    folder.close();
    throw error;
  }
}

/** The text that the line names, or else the one that the run was trained on. */
async function readRecorded(
  path: string | undefined,
  { text }: RunConfig,
  run: string,
): Promise<Corpus> {
  try {
    return await readWithProgress((options) => readCorpus(path ?? text.path, options));
  } catch (error) {
    if (path !== undefined || !(error instanceof InputError)) throw error;
    throw new InputError(
      `${error.message}; if it is elsewhere now: deno task train <text> --resume ${shellWord(run)}`,
    );
  }
}

function textOf({ path, length, bytes, sha256 }: Corpus): RunConfig["text"] {
  return { path, chars: length, bytes, sha256 };
}

/** The model of a run that predicts what was held out best. */
async function bestOf(path: string, last: Checkpoint): Promise<Checkpoint> {
  const { bestValidationLoss: best, validationLoss } = last.progress;
  if (best === null || best === validationLoss) return last;
  return await readCheckpoint(`${path}/${BEST_CHECKPOINT}`).catch(() => last);
}

function conclude(path: string, progress: Checkpoint["progress"], interrupted: boolean): void {
  const how = interrupted ? "Interrupted" : "Done";
  printLine(`${how} after ${progress.step.toLocaleString("en")} steps; saved in ${path}`);
  let model = path;
  if (progress.bestValidationLoss !== null) {
    const best = progress.bestValidationLoss.toFixed(4);
    printLine(`Best on validation: ${best} nats/char, kept in ${path}/${BEST_CHECKPOINT}`);
    if (progress.bestValidationLoss !== progress.validationLoss) {
      model = `${path}/${BEST_CHECKPOINT}`;
    }
  }
  if (interrupted) printLine(`Go on: deno task train --resume ${shellWord(path)}`);
  printLine(`Try it: deno task sample ${shellWord(model)}`);
}

function withAdvice(error: DivergenceError, { folder }: RunWriter): Error {
  const { step, reason, details } = error;
  if (details === null || details.savedStep === null) return error;
  const vain = details.rollbacks === 0
    ? ""
    : `; halving the rate ${details.rollbacks} times in a row did not help`;
  return new Error(
    `Training diverged at step ${step}: ${reason}${vain}; the last good checkpoint is ` +
      `${JSON.stringify(`${folder.path}/${LATEST_CHECKPOINT}`)}, of step ${details.savedStep}; ` +
      `go on from there with a lower rate: deno task train --resume ${
        shellWord(folder.path)
      } --lr X`,
  );
}

/** A preset and the options that it stands for. */
function describePreset(name: string): string {
  const options = Object.entries(presets[name]!).map(([key, value]) =>
    // No line break between an option and its value.
    `--${optionOf(key)}\u00a0${value}`
  );
  const indent = 4 + Math.max(...Object.keys(presets).map((name) => name.length));
  const text = wrap(options.join(" "), { width: 80, indent }).replaceAll("\u00a0", " ");
  return `  ${name}`.padEnd(indent) + text;
}

/** A file's name without folders and its last extension; for example `alice` of `texts/alice.txt`. */
function nameOf(path: string): string {
  const name = path.split(/[/\\]/).at(-1)!;
  return name.replace(/(?<=.)\.[^.]*$/, "") || "text";
}

/** A path as it can be typed into a shell. */
function shellWord(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
