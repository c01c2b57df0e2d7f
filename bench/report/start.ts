/** Measures what a user waits for and what it takes, by model size: the commands, as users start them. */
import { fileURLToPath } from "node:url";
import { readCheckpoint, readCorpus } from "../../src/files/mod.ts";
import { type Model, sample } from "../../src/generate/mod.ts";
import { autoConfig } from "../../src/train/auto_config.ts";
import { summarize, type Summary } from "../statistics.ts";
import type { TimingOptions } from "../timing_options.ts";

/** The hidden units of the models that are measured besides the automatic choice. */
const HIDDEN = [64, 128, 256, 512];

const root = fileURLToPath(new URL("../../", import.meta.url));
const text = `${root}examples/alice.txt`;
/** Steps of a training whose memory is measured: the fastest number of threads is chosen after them. */
const MEMORY_STEPS = 50;
/** Characters of a sample of a command, and of one that is timed in this process. */
const SAMPLE_LENGTH = 200;
/** Between two looks at the memory of a process. */
const POLL_MS = 20;

/** A model whose start is measured. */
export interface StartModel {
  readonly layers: number;
  readonly hidden: number;
  /** Whether it is what `train` picks for the text, and is trained without options of the model. */
  readonly isAutomatic: boolean;
}

/** What was measured for a model. */
export interface StartResult extends StartModel {
  /** Milliseconds from starting `deno task train` to the log of its first step. */
  readonly firstStep: Summary;
  /** Milliseconds from starting `deno task sample` to its first character. */
  readonly firstCharacter: Summary;
  /** Characters per second of one sample, in a process that runs already. */
  readonly samplingSpeed: Summary;
  /** Megabytes that each process had in memory at most; `null` where Linux does not report them. */
  readonly trainingMemory: Summary | null;
  readonly samplingMemory: Summary | null;
}

/** How {@linkcode measureStart} measures. */
export interface MeasureStartOptions extends TimingOptions {
  /** Default: {@linkcode startModels}. */
  readonly models?: readonly StartModel[];
  /** Called before each round with its number, from 1. */
  readonly onRound?: (round: number) => void;
}

/** The automatic choice for the text, and GRUs of as many layers with fewer and with more units. */
export async function startModels(): Promise<readonly StartModel[]> {
  const { config: { layers, hidden: automatic } } = autoConfig(await readCorpus(text));
  const sizes = [...new Set([...HIDDEN, automatic])].toSorted((a, b) => a - b);
  return sizes.map((hidden) => ({ layers, hidden, isAutomatic: hidden === automatic }));
}

/** Starts the commands of every model in turns, `rounds` times, and takes medians. */
export async function measureStart(
  { models, rounds, seconds, onRound = () => {} }: MeasureStartOptions,
): Promise<StartResult[]> {
  models ??= await startModels();
  const folder = await Deno.makeTempDir();
  const figures = models.map(() => Array.from({ length: 5 }, () => [] as number[]));
  try {
    for (let round = 1; round <= rounds; round++) {
      onRound(round);
      for (const [i, { layers, hidden, isAutomatic }] of models.entries()) {
        const run = `${folder}/${hidden}`;
        const size = ["--cell", "gru", "--layers", `${layers}`, "--hidden", `${hidden}`];
        const train = (steps: number) => [
          ...["train", text, ...isAutomatic ? [] : size],
          ...["--steps", `${steps}`, "--log-every", "1", "--sample-every", "0"],
          ...["--out", run, "--force"],
        ];
        const sampleArgs = ["sample", run, "--length", `${SAMPLE_LENGTH}`];
        const values = [
          await timeUntil(["task", "--quiet", ...train(1)], /^ +1 /m),
          await timeUntil(["task", "--quiet", ...sampleArgs], /[^]/),
          samplingSpeedOf(await readCheckpoint(run), seconds),
          await peakMemoryOf(programArgs(train(MEMORY_STEPS))),
          await peakMemoryOf(programArgs(sampleArgs)),
        ];
        for (const [j, value] of values.entries()) if (value !== null) figures[i]![j]!.push(value);
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return models.map((model, i) => {
    const [firstStep, firstCharacter, samplingSpeed, training, sampling] = figures[i]!;
    return {
      ...model,
      firstStep: summarize(firstStep!),
      firstCharacter: summarize(firstCharacter!),
      samplingSpeed: summarize(samplingSpeed!),
      trainingMemory: training!.length > 0 ? summarize(training!) : null,
      samplingMemory: sampling!.length > 0 ? summarize(sampling!) : null,
    };
  });
}

/** The arguments of Deno that run a command without `deno task`, which is a process of its own. */
function programArgs(args: readonly string[]): string[] {
  return ["run", "--no-code-cache", "--frozen", `--lock=${root}src/deno.lock`]
    .concat("--allow-read", "--allow-write", `${root}src/cli/main.ts`, ...args);
}

function spawn(args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: root,
    env: { NO_COLOR: "1" },
    ...{ stdin: "null", stdout: "piped", stderr: "piped" },
  }).spawn();
}

/**
 * Runs Deno with arguments to its end.
 *
 * @returns Milliseconds from its start until what it has printed matches a pattern.
 * @throws {Error} If it fails, or prints nothing that matches.
 */
export async function timeUntil(args: readonly string[], pattern: RegExp): Promise<number> {
  const begin = performance.now();
  const child = spawn(args);
  const errors = new Response(child.stderr).text();
  let printed = "";
  let time: number | undefined;
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    if (time !== undefined) continue;
    printed += chunk;
    if (pattern.test(printed)) time = performance.now() - begin;
  }
  await checkSuccess(child, { args, errors: await errors });
  if (time === undefined) {
    throw new Error(`Cannot measure ${args.join(" ")}: it printed ${printed}`);
  }
  return time;
}

/**
 * Runs Deno with arguments to its end.
 *
 * @returns The most megabytes that the process had in memory, by the last look at it, or `null` where
 * there is no /proc.
 * @throws {Error} If it fails.
 */
export async function peakMemoryOf(args: readonly string[]): Promise<number | null> {
  const child = spawn(args);
  const output = new Response(child.stdout).text();
  const errors = new Response(child.stderr).text();
  let isRunning = true;
  const end = child.status.then(() => isRunning = false);
  let kilobytes: number | null = null;
  while (isRunning) {
    kilobytes = await readPeakKilobytes(child.pid) ?? kilobytes;
    await Promise.race([end, new Promise((resolve) => setTimeout(resolve, POLL_MS))]);
  }
  await output;
  await checkSuccess(child, { args, errors: await errors });
  return kilobytes === null ? null : kilobytes * 1024 / 1e6;
}

/** The peak of a process's memory that Linux reports; read by `cat`, as Deno may not read /proc. */
async function readPeakKilobytes(pid: number): Promise<number | null> {
  if (Deno.build.os !== "linux") return null;
  const { stdout } = await new Deno.Command("cat", {
    args: [`/proc/${pid}/status`],
    stderr: "null",
  }).output();
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(new TextDecoder().decode(stdout)) ?? [];
  return kilobytes === undefined ? null : Number(kilobytes);
}

async function checkSuccess(
  child: Deno.ChildProcess,
  { args, errors }: { readonly args: readonly string[]; readonly errors: string },
): Promise<void> {
  const { success, code } = await child.status;
  if (success) return;
  throw new Error(`Cannot measure ${args.join(" ")}: it ended with ${code}: ${errors}`);
}

/** Characters per second of samples, one after the other, for some seconds. */
function samplingSpeedOf(model: Model, seconds: number): number {
  const options = { length: SAMPLE_LENGTH, seed: 1 };
  sample(model, options); // V8 still compiles.
  const begin = performance.now();
  let characters = 0;
  let elapsed = 0;
  while (elapsed < 1000 * seconds) {
    sample(model, options);
    characters += SAMPLE_LENGTH;
    elapsed = performance.now() - begin;
  }
  return 1000 * characters / elapsed;
}
