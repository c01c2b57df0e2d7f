import { InputError } from "../errors.ts";
import type { Checkpoint } from "../model/checkpoint.ts";
import { writeCheckpoint } from "../model/checkpoint_file.ts";
import type { Report } from "./train.ts";

const CONFIG = "config.json";
const METRICS = "metrics.jsonl";
/** What a folder that holds a run may contain. */
const FILES = [CONFIG, METRICS, "checkpoint.safetensors", "best.safetensors"];

/**
 * The folder of one run: `config.json`, `metrics.jsonl` (a line a report), `checkpoint.safetensors`
 * (the latest) and `best.safetensors` (the best by validation loss).
 */
export class RunFolder {
  /** The folder's path. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * The first of `path`, `path-2`, `path-3`, … that holds no run; nothing is made yet.
   * @throws {InputError} when `path` cannot be a folder.
   */
  static free(path: string): string {
    for (let n = 1;; n++) {
      const candidate = n === 1 ? path : `${path}-${n}`;
      if (!holdsRun(candidate)) return candidate;
    }
  }

  /**
   * Makes the folder, and writes `config.json`.
   *
   * @param config What is written there.
   * @throws {InputError} when there is a run in it already, or it cannot be made.
   */
  static create(path: string, config: unknown): RunFolder {
    if (holdsRun(path) || !claim(path, config)) {
      throw new InputError(
        `Cannot train into ${quote(path)}: it already holds a run; name another with --out`,
      );
    }
    return new RunFolder(path);
  }

  /**
   * As {@linkcode RunFolder.create}, in the first of `path`, `path-2`, `path-3`, … that holds no
   * run, even when other runs begin at the same moment.
   * @throws {InputError} when it cannot be made.
   */
  static createFree(path: string, config: unknown): RunFolder {
    while (true) {
      const free = RunFolder.free(path);
      if (claim(free, config)) return new RunFolder(free);
    }
  }

  /** Appends a line to `metrics.jsonl`. */
  appendMetrics(report: Report): void {
    Deno.writeTextFileSync(`${this.path}/${METRICS}`, JSON.stringify(report) + "\n", {
      append: true,
    });
  }

  /** Replaces the latest or the best checkpoint. */
  async save(checkpoint: Checkpoint, kind: "latest" | "best"): Promise<void> {
    const name = kind === "best" ? "best" : "checkpoint";
    await writeCheckpoint(`${this.path}/${name}.safetensors`, checkpoint);
  }
}

/** Makes the folder and its `config.json`; false when another process has made that meanwhile. */
function claim(path: string, config: unknown): boolean {
  const json = JSON.stringify(config, null, 2) + "\n";
  return attempt(path, () => {
    Deno.mkdirSync(path, { recursive: true });
    try {
      Deno.writeTextFileSync(`${path}/${CONFIG}`, json, { createNew: true });
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) return false;
      throw error;
    }
    return true;
  });
}

function holdsRun(path: string): boolean {
  return attempt(path, () => {
    try {
      for (const { name } of Deno.readDirSync(path)) {
        if (FILES.includes(name)) return true;
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return false;
  });
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const reason = error instanceof Deno.errors.NotCapable
      ? "Deno has no permission to; run with --allow-read and --allow-write"
      : error instanceof Error
      ? error.message
      : String(error);
    throw new InputError(
      `Cannot make the run folder ${quote(path)}: ${reason}; name a folder that can be made ` +
        `with --out`,
    );
  }
}

function quote(path: string): string {
  return JSON.stringify(path);
}
