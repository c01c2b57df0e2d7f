/** The contents of run folders, without times and speeds, which differ between runs. */

import { readCheckpoint } from "../../src/files/checkpoint_file.ts";
import { type Checkpoint, encodeCheckpoint } from "../../src/checkpoint/checkpoint.ts";

/** The latest checkpoint of a run folder. */
export async function readLatest(run: string): Promise<Checkpoint> {
  return await readCheckpoint(run, { which: "latest" });
}

/** The lines of `metrics.jsonl`. */
export function metricsOf(run: string): Record<string, number | null>[] {
  return Deno.readTextFileSync(`${run}/metrics.jsonl`).trimEnd().split("\n")
    .map((line) => {
      const { elapsed_s: _, chars_per_s: __, threads: ___, ...rest } = JSON.parse(line);
      return rest;
    });
}

/** The bytes of a checkpoint without its elapsed time. */
export async function bytesOf(file: string): Promise<Uint8Array> {
  const checkpoint = await readCheckpoint(file);
  const { progress } = checkpoint;
  return await encodeCheckpoint({ ...checkpoint, progress: { ...progress, elapsedSeconds: 0 } });
}

/** What is the same in a run and in another one that was stopped and resumed. */
export async function contentsOf(run: string): Promise<Record<string, unknown>> {
  const files = [...Deno.readDirSync(run)].map(({ name }) => name);
  const checkpoints = ["checkpoint.safetensors", "best.safetensors"]
    .filter((name) => files.includes(name))
    .map(async (name) => [name, await bytesOf(`${run}/${name}`)]);
  return { metrics: metricsOf(run), ...Object.fromEntries(await Promise.all(checkpoints)) };
}

/** `config.json`. */
// deno-lint-ignore no-explicit-any -- each test checks the keys that it uses
export function configOf(run: string): any {
  return JSON.parse(Deno.readTextFileSync(`${run}/config.json`));
}
