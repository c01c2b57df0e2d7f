/**
 * unroll as one of the compared programs: its `Trainer`, the preparation of batches included.
 *
 *     deno run --allow-read unroll_network.ts TASK threads
 *
 * Threads are a number, or `auto` for those that the trainer chooses. It follows ../protocol.ts, except
 * that it reads the text itself and draws the weights.
 */
import metadata from "../../../deno.json" with { type: "json" };
import { readCorpus } from "../../../src/files/read_corpus.ts";
import { Trainer } from "../../../src/train/trainer.ts";
import type { Task } from "../task.ts";
import { trainRounds } from "../train_rounds.ts";

const [path, threads] = Deno.args as [string, string];
const { text, config, run }: Task = JSON.parse(await Deno.readTextFile(path));
using trainer = Trainer.create(await readCorpus(text), config, {
  threads: threads === "auto" ? "auto" : Number(threads),
});
const { steps: lastStep = Infinity, seconds: lastSecond = Infinity } = run;
await trainRounds({
  version: metadata.version,
  charsPerStep: trainer.charsPerStep,
  step: ({ steps, seconds }) =>
    trainer.step({ fractionDone: Math.min(1, Math.max(steps / lastStep, seconds / lastSecond)) }),
  validate: () => trainer.validate()!.loss,
});
