/** What a run folder holds, but for times and speeds. */

import { readCheckpoint } from "../../src/checkpoint/file.ts";
import { encodeCheckpoint } from "../../src/checkpoint/checkpoint.ts";

/** The lines of `metrics.jsonl`. */
export function metricsOf(run: string): Record<string, number | null>[] {
  return Deno.readTextFileSync(`${run}/metrics.jsonl`).trimEnd().split("\n")
    .map((line) => {
      const { elapsed_s: _, chars_per_s: __, ...rest } = JSON.parse(line);
      return rest;
    });
}

/** A checkpoint's bytes, were it made at the first moment. */
export async function bytesOf(file: string): Promise<Uint8Array> {
  const checkpoint = await readCheckpoint(file);
  const { progress } = checkpoint;
  return await encodeCheckpoint({ ...checkpoint, progress: { ...progress, elapsedSeconds: 0 } });
}

/** All that two runs must have in common when one is a resumption of the other. */
export async function contentsOf(run: string): Promise<Record<string, unknown>> {
  const files = [...Deno.readDirSync(run)].map(({ name }) => name);
  const checkpoints = ["checkpoint.safetensors", "best.safetensors"]
    .filter((name) => files.includes(name))
    .map(async (name) => [name, await bytesOf(`${run}/${name}`)]);
  return { metrics: metricsOf(run), ...Object.fromEntries(await Promise.all(checkpoints)) };
}

/** `config.json`. */
// deno-lint-ignore no-explicit-any -- the tests say what they expect of it
export function configOf(run: string): any {
  return JSON.parse(Deno.readTextFileSync(`${run}/config.json`));
}
