/** Kills runs at random moments, and compares what they saved with a run that is not killed. */
import { assert, assertEquals } from "@std/assert";
import type { Checkpoint } from "../../src/checkpoint/checkpoint.ts";
import { resolveConfig } from "../../src/model/resolve_config.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { namesIn, sleep, start, succeed } from "./program.ts";
import { contentsOf, readLatest } from "./runs.ts";

const text = "Out, out, brief candle! Life's but a walking shadow, a poor player. ".repeat(20);
const settings = [
  { precision: "f32", optimizer: "adagrad", batchSize: 2 },
  { precision: "f32-strict", optimizer: "sgd", batchSize: 1 },
  { precision: "f64", optimizer: "adagrad", batchSize: 3 },
  { precision: "f32", optimizer: "sgd", batchSize: 1 },
] as const;
const size = {
  cell: "rnn",
  layers: 1,
  init: "normal:0.05",
  hidden: 8,
  seqLength: 6,
  lrSchedule: "constant",
} as const;
const intervals = ["--log-every", "5", "--sample-every", "0", "--steps", "1000000"];

/** The part of a checkpoint that training determines. */
function stateOf({ progress, parameters, optimizerState, hiddenState }: Checkpoint) {
  const { step, position, loss, batchLoss } = progress;
  return { parameters, optimizerState, hiddenState, step, position, loss, batchLoss };
}

/**
 * Kills a process at a random moment: before it prints, after it began to print, or, most often, after
 * it saved a checkpoint, which takes longer on a busy machine.
 */
async function kill(child: Deno.ChildProcess, run: string, random: Xoshiro128): Promise<void> {
  const draining = new Response(child.stderr).text();
  const before = checkpointTime(run);
  const reader = child.stdout.getReader();
  const moment = random.uniform();
  const early = moment < 0.2;
  if (!early) await reader.read();
  if (moment >= 0.35) await hasSaved(child, run, before);
  await sleep(random.uniform() * (early ? 150 : 120));
  child.kill("SIGKILL");
  await reader.cancel();
  await Promise.all([child.status, draining]);
}

/** Waits until a run has another checkpoint than before. */
async function hasSaved(child: Deno.ChildProcess, run: string, before: number): Promise<void> {
  let hasEnded = false;
  child.status.then(() => hasEnded = true);
  while (checkpointTime(run) === before) {
    assert(!hasEnded, `${run}: ended without a checkpoint`);
    await sleep(2);
  }
}

/** When the checkpoint of a run was written; 0 if there is none. */
function checkpointTime(run: string): number {
  try {
    return Deno.statSync(`${run}/checkpoint.safetensors`).mtime!.getTime();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

/** What came of the kills. */
export interface KillCounts {
  kills: number;
  /** Checkpoints that were read afterwards. */
  loads: number;
  /** Checkpoints of a later step than the one before. */
  states: number;
  /** Kills that left a temporary file. */
  halfWritten: number;
  /** Kills before the first checkpoint. */
  unsaved: number;
  /** Runs that were resumed to the end. */
  ends: number;
}

/**
 * Kills each of several runs so many times. After each kill the checkpoint is whole and of a state
 * that the run has had; resumed, the run ends as one that was never killed.
 */
export async function killRuns(folder: string, killsPerRun: number): Promise<KillCounts> {
  await Deno.writeTextFile(`${folder}/text.txt`, text);
  const corpus = corpusFromText(text);
  const random = new Xoshiro128(20);
  const counts = { kills: 0, loads: 0, states: 0, halfWritten: 0, unsaved: 0, ends: 0 };
  for (const [i, setting] of settings.entries()) {
    const run = `${folder}/run${i}`;
    const config = { ...size, ...setting };
    const options = Object.entries(config).flatMap(([key, value]) => [
      `--${key.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`)}`,
      String(value),
    ]);
    const train = ["train", "text.txt", ...options, ...intervals];
    using reference = Trainer.create(corpus, resolveConfig({ ...config, resetEvery: 200 }));
    let last = 0;
    for (let n = 0; n < killsPerRun; n++) {
      const args = namesIn(run).includes("config.json")
        ? ["train", "--resume", run]
        : [...train, "--out", run, "--checkpoint-every", "1"];
      await kill(start(folder, args), run, random);
      counts.kills++;
      const names = namesIn(run);
      if (names.some((name) => name.endsWith(".tmp"))) counts.halfWritten++;
      if (!names.includes("checkpoint.safetensors")) {
        counts.unsaved++;
        assertEquals(last, 0);
        continue;
      }
      const checkpoint = await readLatest(run);
      counts.loads++;
      const { step } = checkpoint.progress;
      assert(step >= last, `step ${step} after step ${last}`);
      if (step > last) counts.states++;
      last = step;
      while (reference.steps < step) reference.step();
      assertEquals(stateOf(checkpoint), stateOf(reference.checkpoint()));
    }
    const end = ["--steps", String(last + 7), "--checkpoint-every", "1000000"];
    await succeed(folder, "train", "--resume", run, ...end);
    const whole = `${folder}/whole`;
    await succeed(folder, ...train, ...end, "--out", whole, "--force");
    assertEquals(await contentsOf(run), await contentsOf(whole));
    assertEquals(namesIn(run), namesIn(whole));
    counts.ends++;
  }
  return counts;
}
