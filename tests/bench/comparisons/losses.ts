/** Trains networks by compared programs and by unroll, to compare their losses. */
import { assert } from "@std/assert";
import { ProgramProcess } from "../../../bench/comparisons/program_process.ts";
import type { Program } from "../../../bench/comparisons/programs.ts";
import { type RunLength, writeTask } from "../../../bench/comparisons/task.ts";
import { readCorpus } from "../../../src/files/read_corpus.ts";
import type { Config } from "../../../src/model/config.ts";
import type { ConfigInput } from "../../../src/model/resolve_config.ts";
import { Trainer } from "../../../src/train/trainer.ts";

const permissions = ["read", "write", "run"] as const;
/** Whether the permissions suffice. */
export const isAllowed = permissions.every((name) =>
  Deno.permissions.querySync({ name }).state === "granted"
);
/** The text that is trained on. */
export const TEXT = "examples/alice.txt";
const pythons = ["python3", "/usr/bin/python3"];
/** Steps after the first. */
export const STEPS = 20;
/**
 * The relative difference of the mean loss of 20 steps. Single precision rounds to 6e-8; each program
 * sums products in another order, and steps that follow each other multiply a difference, by about
 * 10 in 20 steps. Differences of up to 2e-7 were measured.
 */
export const TOLERANCE = 2e-6;
/** TensorFlow.js has ε of RMSProp within the root, and adds 1e-7 to Adagrad's sum: 5e-5 measured. */
export const TENSORFLOW_TOLERANCE = 5e-4;

export const size = { hidden: 17, seqLength: 10, batchSize: 4, lr: 0.01, valFraction: 0 } as const;
/** Every cell, and every optimizer and kind of clipping that the networks of the command have. */
export const trainings: readonly ConfigInput[] = [
  { ...size, cell: "rnn", init: "normal:0.2", gradClip: 0.05 },
  {
    ...{ ...size, cell: "gru", layers: 2, init: "orthogonal", optimizer: "adamw" },
    ...{ weightDecay: 0.1, weightAverage: 0.1, gradClip: 1, gradClipMode: "norm" },
  },
  { ...size, cell: "lstm", layers: 2, init: "uniform:0.3", optimizer: "rmsprop", beta2: 0.95 },
];

/** The command that starts a program, by its name; `null` if it is not installed. */
const commands = new Map<string, Promise<Awaited<ReturnType<Program["prepare"]>> | null>>();
const binaries = isAllowed ? await Deno.makeTempDir() : "";
function commandOf(program: Program): Promise<Awaited<ReturnType<Program["prepare"]>> | null> {
  const key = program.name + program.variant;
  const command = commands.get(key) ??
    program.prepare({ folder: binaries, pythons }).catch(() => null);
  commands.set(key, command);
  return command;
}

/** Whether a program cannot be tested here. */
export async function isMissing(program: Program): Promise<boolean> {
  return !isAllowed || await commandOf(program) === null;
}

/** What {@linkcode lossesOf} and {@linkcode lossesOfUnroll} do besides training. */
export interface LossesOptions {
  readonly run?: RunLength;
  readonly validates?: boolean;
}

/** The losses of a program: of the first step, of the next ones, and of a validation. */
export async function lossesOf(
  program: Program,
  config: Config,
  { run = {}, validates = false }: LossesOptions = {},
): Promise<readonly number[]> {
  const folder = await Deno.makeTempDir();
  try {
    const task = await writeTask(await readCorpus(TEXT), { config, folder, run });
    await using process = await ProgramProcess.start((await commandOf(program))!(task));
    const first = await process.takeSteps(1);
    const second = await process.takeSteps(STEPS);
    const validation = validates ? [await process.validate()] : [];
    return [first.loss, second.loss, ...validation];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The same losses, computed by unroll. */
export async function lossesOfUnroll(
  config: Config,
  { run: { steps = Infinity } = {}, validates = false }: LossesOptions = {},
): Promise<readonly number[]> {
  using trainer = Trainer.create(await readCorpus(TEXT), config);
  const losses = Array.from(
    { length: STEPS + 1 },
    () => trainer.step({ fractionDone: Math.min(1, trainer.steps / steps) }),
  );
  const [first, ...others] = losses as [number, ...number[]];
  const validation = validates ? [trainer.validate()!.loss] : [];
  return [first, others.reduce((sum, loss) => sum + loss) / STEPS, ...validation];
}

/** Asserts that losses differ by no more than a fraction of themselves. */
export function assertLosses(
  losses: readonly number[],
  expected: readonly number[],
  tolerance = TOLERANCE,
): void {
  const message = `${losses.join(", ")} instead of ${expected.join(", ")}`;
  assert(losses.length === expected.length, message);
  for (const [i, loss] of losses.entries()) {
    assert(Math.abs(loss - expected[i]!) <= tolerance * expected[i]!, message);
  }
}
