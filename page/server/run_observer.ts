import { readCheckpointMetadata } from "../../src/files/mod.ts";
import { type MetricsChange, MetricsReader, readRun, type RunReading } from "../../src/run/mod.ts";
import type { RunConfig } from "../../src/run/mod.ts";
import type { CheckpointInfo, RunEvent, RunStateEvent } from "./follow_protocol.ts";
import { baselinesKey, baselinesOf, type RunBaselines } from "./run_baselines.ts";

/** Metrics that one event holds: some 200 KB. */
const MAX_METRICS = 1000;

const kinds = ["best", "latest"] as const;

/** A checkpoint as it was read last. */
interface KnownCheckpoint {
  /** The versions of the files that were looked at. */
  readonly key: string;
  /** The version that was sent; `null` if none was. */
  readonly version: string | null;
  readonly error: string | null;
}

const unknown: KnownCheckpoint = { key: "", version: null, error: null };

/**
 * Observes one run folder: each pass reads what has changed since the one before.
 *
 * It only reads. Whatever happens to the folder is a change like any other: files are replaced,
 * damaged, removed and mended, and a run may begin later or be another one.
 */
export class RunObserver {
  readonly #run: number;
  readonly #path: string;
  readonly #metrics: MetricsReader;
  readonly #checkpoints = { best: unknown, latest: unknown };
  /** The state that was sent last, as JSON. */
  #sent = "";
  /** How many metrics were sent. */
  #count = 0;
  /** What the baselines were measured for, and what was not sent of them yet. */
  #baselinesKey = "";
  #baselines: RunBaselines | null = null;

  /**
   * Reads nothing yet.
   *
   * @param run The number of the run in events.
   * @param path The run folder, which need not exist.
   */
  constructor(run: number, path: string) {
    this.#run = run;
    this.#path = path;
    this.#metrics = new MetricsReader(path);
  }

  /** Reads the folder once, and yields what is new. */
  async *changes(): AsyncGenerator<RunEvent> {
    const run = this.#run;
    const errors: string[] = [];
    const reading = await attempt(() => readRun(this.#path), errors);
    if (reading === undefined) {
      // A run that does not exist yet is no error; neither is one that was removed. What was read
      // of it before stays in the page.
      if (!exists(this.#path)) errors.length = 0;
      yield* this.#state({ runConfig: null, isTraining: false, changedAt: null, errors });
      return;
    }
    const metrics = await attempt(() => this.#metrics.read(), errors);
    if (metrics !== undefined && metrics.unreadable > 0) {
      errors.push(describeUnreadable(this.#path, metrics.unreadable));
    }
    const checkpoints: RunEvent[] = [];
    for (const which of kinds) {
      const { info, error } = await this.#read(which, reading);
      if (error !== null) errors.push(error);
      if (info !== undefined) {
        checkpoints.push({ type: "checkpoint", run, which, checkpoint: info });
      }
    }
    const { runConfig, isTraining } = reading;
    yield* this.#state({ runConfig, isTraining, changedAt: reading.changedAt.getTime(), errors });
    if (metrics !== undefined) yield* this.#metricsEvents(metrics);
    yield* checkpoints;
    yield* this.#baselinesEvents(runConfig);
  }

  /** Measures the baselines beside the passes, and yields them once they are known. */
  *#baselinesEvents(runConfig: RunConfig): Generator<RunEvent> {
    const key = baselinesKey(runConfig);
    if (key !== this.#baselinesKey) {
      this.#baselinesKey = key;
      this.#baselines = null;
      baselinesOf(runConfig).then((baselines) => {
        if (key === this.#baselinesKey) this.#baselines = baselines;
      });
    }
    const baselines = this.#baselines;
    this.#baselines = null;
    if (baselines !== null) yield { type: "baselines", run: this.#run, ...baselines };
  }

  *#state(state: Omit<RunStateEvent, "type" | "run">): Generator<RunEvent> {
    const event = { type: "run", run: this.#run, ...state } as const;
    const text = JSON.stringify(event);
    if (text !== this.#sent) yield event;
    this.#sent = text;
  }

  *#metricsEvents({ kept, added }: MetricsChange): Generator<RunEvent> {
    if (kept === this.#count && added.length === 0) return;
    this.#count = kept + added.length;
    for (let i = 0; i === 0 || i < added.length; i += MAX_METRICS) {
      const part = added.slice(i, i + MAX_METRICS);
      yield { type: "metrics", run: this.#run, kept: kept + i, added: part };
    }
  }

  /** A checkpoint and what is wrong with it; `info` is `undefined` if nothing is new. */
  async #read(
    which: "best" | "latest",
    reading: RunReading,
  ): Promise<{ readonly info: CheckpointInfo | null | undefined; readonly error: string | null }> {
    const file = reading[which];
    const known = this.#checkpoints[which];
    // Whether the best one is of this run depends on the latest one.
    const key = file === null ? "none" : `${reading.best?.version} ${reading.latest?.version}`;
    if (key === known.key && known.error === null) return { info: undefined, error: null };
    const errors: string[] = [];
    const metadata = file === null
      ? undefined
      : await attempt(() => readCheckpointMetadata(this.#path, { which }), errors);
    const [error = null] = errors;
    if (error !== null) {
      // The page keeps the model that it has.
      this.#checkpoints[which] = { key, version: known.version, error };
      return { info: undefined, error };
    }
    const info = metadata === undefined ? null : {
      version: file!.version,
      config: metadata.config,
      vocabulary: metadata.vocabulary.characters,
      progress: metadata.progress,
    };
    const version = info?.version ?? null;
    this.#checkpoints[which] = { key, version, error };
    return { info: version === known.version ? undefined : info, error };
  }
}

/** Why a run has fewer metrics than its file has lines. */
function describeUnreadable(path: string, count: number): string {
  const file = JSON.stringify(`${path}/metrics.jsonl`);
  const lines = count === 1 ? "1 line is" : `${count} lines are`;
  return `Cannot read the metrics ${file}: ${lines} left out; a line must be a JSON object with all metrics of a step`;
}

/** Runs an action; a failure is added to the errors. */
async function attempt<T>(
  action: () => T | Promise<T>,
  errors: string[],
): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    errors.push(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

/** Whether a run folder has its first file. */
function exists(path: string): boolean {
  try {
    Deno.lstatSync(`${path}/config.json`);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory);
  }
}
