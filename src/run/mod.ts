/**
 * Training into a run folder that can be resumed: what `deno task train` does, as a library.
 *
 * {@linkcode Run} trains and writes `config.json`, `metrics.jsonl` and checkpoints.
 * {@linkcode RunFolder} is the folder itself, for a training loop of your own.
 * {@linkcode readMetrics} and {@linkcode readRun} read a run, also while another process trains it.
 *
 * Reading needs `--allow-read`, training `--allow-write` too.
 *
 * @example
 * ```ts
 * import { corpusFromText, sample } from "../mod.ts";
 * import { readMetrics, Run } from "./mod.ts";
 *
 * const corpus = corpusFromText("row, row, row your boat, gently down the stream. ".repeat(40));
 * const path = `${Deno.makeTempDirSync()}/boat`;
 * using run = await Run.create(corpus, { path, config: { hidden: 16 }, limits: { steps: 100 } });
 * const { best } = await run.train({ onLog: ({ step, loss }) => console.log(step, loss) });
 * console.log(sample(best, { prompt: "row", length: 20 }));
 * console.log((await readMetrics(path)).at(-1)!.step); // 100
 * ```
 *
 * @module
 */

export { RunLockedError } from "./lock.ts";
export { readMetrics } from "./metrics.ts";
export { type MetricsChange, MetricsReader } from "./metrics_reader.ts";
export {
  type CreateRunOptions,
  defaultRunPath,
  Run,
  type RunCallbacks,
  type RunOptions,
} from "./run.ts";
export type { CorpusRecord, Divergence, RunChange, RunConfig, RunLimits } from "./run_config.ts";
export { type OpenRun, RunFolder } from "./run_folder.ts";
export { readRun, type RunFile, type RunReading } from "./run_reading.ts";
