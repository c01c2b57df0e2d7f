/**
 * Kills at random moments: whatever a run was doing, what it saved is whole, is a state that the
 * run really had, and leads to the same end.
 */
import { assert, assertEquals } from "@std/assert";
import type { Checkpoint } from "../../src/checkpoint/checkpoint.ts";
import { readCheckpoint } from "../../src/checkpoint/file.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { createTrainer } from "../trainers.ts";
import { namesIn, start, succeed, testProgram } from "./program.ts";
import { contentsOf } from "./runs.ts";

const text = "Out, out, brief candle! Life's but a walking shadow, a poor player. ".repeat(20);
const KILLS = 100;
const settings = [
  { precision: "f32", optimizer: "adagrad", batch: 2 },
  { precision: "f32-strict", optimizer: "sgd", batch: 1 },
  { precision: "f64", optimizer: "adagrad", batch: 3 },
  { precision: "f32", optimizer: "sgd", batch: 1 },
] as const;

/** What a checkpoint has of the training itself. */
function stateOf({ progress, parameters, optimizerState, hiddenState }: Checkpoint) {
  const { step, position, loss, batchLoss } = progress;
  return { parameters, optimizerState, hiddenState, step, position, loss, batchLoss };
}

/** Lets a process live for a while after it begins to train, or even less. */
async function kill(child: Deno.ChildProcess, random: Xoshiro128): Promise<void> {
  const draining = new Response(child.stderr).text();
  const reader = child.stdout.getReader();
  const early = random.uniform() < 0.2;
  if (!early) await reader.read();
  await new Promise((resolve) => setTimeout(resolve, random.uniform() * (early ? 150 : 120)));
  child.kill("SIGKILL");
  await reader.cancel();
  await Promise.all([child.status, draining]);
}

testProgram(`${KILLS} kills at random moments lose nothing that was saved`, async (f) => {
  await Deno.writeTextFile(`${f}/text.txt`, text);
  const corpus = corpusFromText(text);
  const random = new Xoshiro128(20);
  const counts = { kills: 0, loads: 0, states: 0, halfWritten: 0, unsaved: 0, ends: 0 };
  for (const [i, config] of settings.entries()) {
    const run = `${f}/run${i}`;
    const size = { cell: "rnn", init: "normal:0.05", hidden: 8, seqLength: 6 } as const;
    const options = Object.entries({ ...size, ...config }).flatMap(([k, v]) => [`--${k}`, `${v}`]);
    const habits = ["--log-every", "5", "--sample-every", "0", "--steps", "1000000"];
    const begin = [
      "train",
      "text.txt",
      "--out",
      run,
      ...options,
      ...habits,
      "--checkpoint-every",
      "1",
    ];
    // The run that nobody kills, step by step.
    const reference = createTrainer(corpus, { ...size, ...config, resetEvery: 200 });
    let last = 0;
    for (let n = 0; n < KILLS / settings.length; n++) {
      const isBegun = namesIn(f).includes(`run${i}`) && namesIn(run).includes("config.json");
      await kill(start(f, isBegun ? ["train", "--resume", run] : begin), random);
      counts.kills++;
      const names = namesIn(f).includes(`run${i}`) ? namesIn(run) : [];
      if (names.some((name) => name.endsWith(".tmp"))) counts.halfWritten++;
      if (!names.includes("checkpoint.safetensors")) {
        counts.unsaved++;
        assertEquals(last, 0);
        continue;
      }
      const checkpoint = await readCheckpoint(run);
      counts.loads++;
      const { step } = checkpoint.progress;
      assert(step >= last, `step ${step} after step ${last}`);
      if (step > last) counts.states++;
      last = step;
      while (reference.steps < step) reference.step();
      assertEquals(stateOf(checkpoint), stateOf(reference.checkpoint()));
    }
    const steps = ["--steps", String(last + 7), "--checkpoint-every", "1000000"];
    await succeed(f, "train", "--resume", run, ...steps);
    await succeed(
      f,
      "train",
      "text.txt",
      "--out",
      "whole",
      "--force",
      ...options,
      ...habits,
      ...steps,
    );
    assertEquals(await contentsOf(run), await contentsOf(`${f}/whole`));
    assertEquals(namesIn(run), namesIn(`${f}/whole`));
    counts.ends++;
  }
  assertEquals(counts.kills, KILLS);
  assert(counts.states > KILLS / 2, JSON.stringify(counts));
  console.log(
    `${counts.kills} kills, ${counts.loads} loads, ${counts.states} of them of a newer state, ` +
      `${counts.halfWritten} in the middle of a save, ${counts.unsaved} before the first save, ` +
      `${counts.ends} runs to the same end`,
  );
});
