import { InputError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { summarize } from "../evaluate/summary.ts";
import { readCheckpoint } from "../files/checkpoint_file.ts";
import { statIfExists } from "../files/file_identity.ts";
import { quotePath } from "../json.ts";
import { Run } from "../run/run.ts";
import { type OpenRun, RunFolder } from "../run/run_folder.ts";
import {
  MAX_BYTES_IN_MEMORY,
  type ReadingOptions,
  type ReadProgress,
} from "../files/read_corpus.ts";
import { readOnRanks } from "../files/rank_corpus.ts";
import { isPipe } from "../files/file_identity.ts";
import { STANDARD_INPUT_PATH } from "../files/text_paths.ts";
import type { Corpus } from "../text/corpus.ts";
import { autoConfig } from "../train/auto_config.ts";
import { configFrom } from "../train/train.ts";
import { forLines } from "../train/training_data.ts";
import { compareHeldOut } from "../evaluate/held_out.ts";
import { OverfittingWatch } from "../train/overfitting.ts";
import { DivergenceError } from "../train/divergence.ts";
import { type Command, type CommandLine, present } from "./args.ts";
import { printLine } from "./output.ts";
import {
  isUnnamed,
  readText,
  readTextOptions,
  standardPaths,
  textNote,
  UNNAMED_RUN,
} from "./read_text.ts";
import { conclusionOf, describeDifference, describeOverfitting } from "./conclusion.ts";
import { EventLog } from "./event_log.ts";
import { ProgressBar } from "./progress_bar.ts";
import { SignalHandler } from "./signals.ts";
import { Terminal } from "./terminal.ts";
import {
  type ConfigOrigin,
  describeChosenThreads,
  describeDivergence,
  describeFinished,
  formatSummary,
  headerOf,
  shellWord,
} from "./train_messages.ts";
import { presetHelp, readConfig, readLimits, trainOptions } from "./train_options.ts";
import { Disposables } from "../disposables.ts";

/** `deno task train` trains a model on a text, or resumes a run. */
export const trainCommand: Command = {
  name: "train",
  summary: "Train a model on a text, or resume a run",
  operands: ["<text...>"],
  replacesOperands: "resume",
  options: trainOptions,
  examples: [
    "deno task train examples/alice.txt",
    "deno task train examples/alice.txt --minutes 10",
    "deno task train --resume runs/alice --epochs 40",
    "deno task train alice.txt --resume alice.safetensors",
    "deno task train poems.txt --init-from runs/alice",
  ],
  notes: [
    textNote,
    "Without options, the model and its hyperparameters are picked from the text length and the " +
    "time limit; any option overrides that choice.",
    "Ctrl-C, SIGTERM and a closed terminal save a checkpoint and end the run with exit code 130, " +
    "143 or 129; a second Ctrl-C ends it at once. A resumed run keeps its options, except that " +
    "limits, intervals, learning rate, schedule, clipping, dropout and weight decay may be changed. " +
    "Limits count from the start of the run.",
    `A text of more than ${
      MAX_BYTES_IN_MEMORY / 2 ** 20
    } MiB is not held in memory but read from ` +
    "its file during training, and must not change until the run ends; one that has to be " +
    "decompressed or decoded, or comes from a pipe, is kept in a temporary file in the current " +
    "folder. Resuming a run of standard input or a pipe needs the text again.",
    (width) => `Presets:\n${presetHelp(width)}`,
  ],
  run: (line) => runTraining(line),
};

/** Other processes that share a training. */
export interface SharedTraining {
  /** This process, rank 0, and the others, which follow it. */
  readonly exchange?: Exchange;
  /** Threads without `--threads`. Default: as many as train fastest on this machine. */
  readonly threads?: number;
}

/**
 * Runs `train`; returns the exit code.
 *
 * @param line The command line.
 * @param shared Other processes that share the training. Default: none.
 */
export async function runTraining(line: CommandLine, shared: SharedTraining = {}): Promise<number> {
  using source = await prepare(line, shared);
  using terminal = new Terminal();
  using signals = new SignalHandler(() => terminal.interrupt());
  using run = await startUnlessInterrupted(source, signals.signal);
  if (run === undefined) {
    printLine("Interrupted before the first step; nothing was saved");
    return signals.exitCode!;
  }
  const { stopWord } = run.trainer;
  signals.setAtSignal(stopWord);
  if (run.isFinished) {
    printLine(describeFinished(run));
    return 0;
  }
  terminal.print(`${headerOf(run, source.origin)}\n`);
  const comparison = await compareHeldOut(run.trainer.corpus, run.trainer.split, signals.signal);
  const differs = comparison?.differs === true;
  if (differs) terminal.print(`${describeDifference()}\n`);
  terminal.beginLog({
    best: run.trainer.validation.best,
    showsAll: source.showsAllMetrics,
    mayEndEarly: run.trainer.validation.chars > 0 &&
      (Number.isFinite(run.limits.patience) || run.limits.stopsOverfitting),
  });
  using events = line.flag("tensorboard") ? new EventLog(run, terminal) : undefined;
  const ending = await train(run, { terminal, events, signal: signals.signal });
  printLine(conclusionOf(run, { ...ending, differs }));
  // The signal may have come to another process of this training.
  return signals.exitCode ?? Atomics.load(stopWord, 0);
}

/** Trains, and prints the log and the summary; what was reached. */
async function train(
  run: Run,
  { terminal, events, signal }: {
    readonly terminal: Terminal;
    readonly events: EventLog | undefined;
    readonly signal: AbortSignal;
  },
) {
  const watch = new OverfittingWatch();
  const { trainer } = run;
  let isChoosing = trainer.isChoosingThreads;
  const { best, latest } = await run.train({
    signal,
    onLog: (metrics) => {
      terminal.log(metrics);
      events?.log(metrics);
      const overfitting = watch.add(metrics);
      if (overfitting !== null) terminal.notice(describeOverfitting(overfitting));
    },
    onSample: (text, step) => terminal.printSample(text, step),
    onStatus: (status) => {
      if (isChoosing && !trainer.isChoosingThreads) {
        isChoosing = false;
        terminal.notice(describeChosenThreads(trainer));
      }
      terminal.showStatus(status);
    },
    onRollback: (rollback) => {
      terminal.printRollback(rollback);
      events?.rollBack(rollback);
    },
  }).finally(() => terminal.endLog()).catch((error) => {
    if (!(error instanceof DivergenceError) || error.details === null) throw error;
    throw new Error(describeDivergence(error, run.folder), { cause: error });
  });
  terminal.stop();
  const { corpus, split } = run.trainer;
  // A signal that came to another process stops the trainer alone.
  const parts = run.trainer.isStopped
    ? undefined
    : await summarize(best, corpus, { split, signal });
  if (parts === undefined && latest.progress.ended) {
    printLine("\nNo summary, as it was interrupted\n");
  }
  if (parts !== undefined) printLine(`\n${formatSummary(parts, best.progress.step)}\n`);
  return { best, latest, parts };
}

/** What was read for a run that has not begun. */
interface Source extends Disposable {
  readonly origin: ConfigOrigin;
  /** Whether the log shows all metrics: their interval was chosen by the user. */
  readonly showsAllMetrics: boolean;
  /** Checks everything, and creates or reopens the run. */
  readonly start: (signal: AbortSignal) => Promise<Run>;
}

/** The run; `undefined` if the signal stopped its initialization. */
async function startUnlessInterrupted(
  source: Source,
  signal: AbortSignal,
): Promise<Run | undefined> {
  try {
    return await source.start(signal);
  } catch (error) {
    if (signal.aborted && error === signal.reason) return undefined;
    throw error;
  }
}

async function prepare(line: CommandLine, shared: SharedTraining): Promise<Source> {
  const resume = line.text("resume");
  if (resume !== undefined && line.has("init-from")) {
    throw new InputError(
      "Cannot use both --resume and --init-from: a run that is resumed has its weights; leave one " +
        "of them out",
    );
  }
  if (resume === undefined) return await prepareNew(line, shared);
  return isFile(resume)
    ? await prepareFromCheckpoint(line, resume, shared)
    : await prepareResumed(line, resume, shared);
}

/** Threads and other processes. */
function executionOf(line: CommandLine, { exchange, threads }: SharedTraining) {
  const given = line.text("threads") === "auto" ? "auto" as const : line.number("threads");
  return { threads: given ?? threads, exchange };
}

function isFile(path: string): boolean {
  try {
    return statIfExists(path)?.isFile === true;
  } catch {
    // Opening it as a run folder explains what is wrong.
    return false;
  }
}

async function prepareNew(line: CommandLine, shared: SharedTraining): Promise<Source> {
  const limits = readLimits(line);
  const given = readConfig(line);
  const execution = executionOf(line, shared);
  const from = line.text("init-from");
  const initFrom = from === undefined ? undefined : await readCheckpoint(from);
  const corpus = await readTrainingText(line.operands, readTextOptions(line), shared);
  using opened = new Disposables();
  opened.use(corpus);
  const { config, reasons } = autoConfig(
    corpus,
    forLines(corpus, configFrom(initFrom, given)),
    limits,
  );
  const options = present({ ...folderOf(line), ...execution, initFrom });
  const resources = opened.move();
  return {
    origin: { preset: given.preset, reasons, initFrom: from },
    showsAllMetrics: line.has("log-every"),
    start: (signal) => Run.create(corpus, { ...options, config, limits, signal }),
    [Symbol.dispose]: () => resources.dispose(),
  };
}

/** A new run that continues from a checkpoint file, which stays as it is. */
async function prepareFromCheckpoint(
  line: CommandLine,
  path: string,
  shared: SharedTraining,
): Promise<Source> {
  if (line.operands.length === 0) {
    throw new InputError(
      `Cannot resume the checkpoint ${quotePath(path)} without its text: write deno task train ` +
        `<text> --resume ${shellWord(path)}`,
    );
  }
  const limits = readLimits(line);
  const config = readConfig(line);
  const options = present({ ...folderOf(line), ...executionOf(line, shared) });
  const resume = await readCheckpoint(path);
  using opened = new Disposables();
  const corpus = opened.use(
    await readTrainingText(line.operands, readTextOptions(line), shared),
  );
  const resources = opened.move();
  return {
    origin: {},
    showsAllMetrics: line.has("log-every"),
    start: (signal) => Run.create(corpus, { ...options, config, limits, resume, signal }),
    [Symbol.dispose]: () => resources.dispose(),
  };
}

/** The folder of a new run on a text, and what happens if it exists. */
function folderOf(line: CommandLine) {
  const out = line.text("out");
  const [text = ""] = line.operands;
  // A text from standard input has no name of its own to call the run by.
  const unnamed = isUnnamed(text) && out === undefined ? UNNAMED_RUN : undefined;
  const ifExists = line.flag("force") ? "replace" as const : unnamed && "rename" as const;
  return { path: out ?? unnamed, ifExists };
}

async function prepareResumed(
  line: CommandLine,
  path: string,
  shared: SharedTraining,
): Promise<Source> {
  const other = ["out", "force"].find((name) => line.has(name));
  if (other !== undefined) {
    throw new InputError(
      `Cannot use both --resume and --${other}: a run is resumed in its own folder; leave one of ` +
        `them out`,
    );
  }
  const options = present({
    config: readConfig(line),
    limits: readLimits(line),
    ...executionOf(line, shared),
  });
  using opened = new Disposables();
  const run = await RunFolder.open(path);
  opened.use(run.folder);
  const corpus = opened.use(await readTextOf(run, line, shared));
  const resources = opened.move();
  return {
    origin: {},
    showsAllMetrics: line.has("log-every") || run.runConfig.limits.logEvery !== undefined,
    start: (signal) => Run.resume(run, corpus, { ...options, signal }),
    [Symbol.dispose]: () => resources.dispose(),
  };
}

/** Reads the texts to train on; what no file holds goes to a temporary one. */
async function readTrainingText(
  paths: readonly string[],
  options: ReadingOptions,
  { exchange }: SharedTraining,
): Promise<Corpus> {
  const how = { ...options, temporaryFolder: "." };
  const read = () => readText(paths, how);
  if (exchange === undefined) return await read();
  using progress = new ProgressBar("Reading the text");
  const onProgress = ({ bytes, total }: ReadProgress) => progress.update(bytes, total);
  return await readOnRanks(exchange, {
    ...{ paths: standardPaths(paths), options: how, read, onProgress },
  });
}

/** Reads the text that the line names, or else the one that the run was trained on. */
async function readTextOf(
  { folder, runConfig }: OpenRun,
  line: CommandLine,
  shared: SharedTraining,
): Promise<Corpus> {
  const { path, reading = { paths: [path] } } = runConfig.corpus;
  const { paths, ...how } = reading;
  const options = { ...how, ...readTextOptions(line) };
  if (line.operands.length > 0) return await readTrainingText(line.operands, options, shared);
  const again = `deno task train <text> --resume ${shellWord(folder.path)}`;
  if (paths.includes(STANDARD_INPUT_PATH)) {
    throw new InputError(
      `Cannot resume the run ${
        quotePath(folder.path)
      }: its text came from standard input; give it ` +
        `again: ${again.replace("<text>", "-")}`,
    );
  }
  // A record may come from elsewhere: no pipe is read without being asked for.
  const pipe = paths.find(isPipe);
  if (pipe !== undefined) {
    throw new InputError(
      `Cannot read the text ${quotePath(pipe)}: it is a device, pipe or socket; if the text has ` +
        `moved: ${again}`,
    );
  }
  try {
    return await readTrainingText(paths, options, shared);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${error.message}; if the text has moved: ${again}`, {
      cause: error,
    });
  }
}
