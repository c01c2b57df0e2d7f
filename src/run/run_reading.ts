import { checkFolderPath } from "../arguments.ts";
import { InputError, withContext } from "../errors.ts";
import { BEST_CHECKPOINT, LATEST_CHECKPOINT } from "../files/checkpoint_file.ts";
import { lstatIfExists, statIfExists } from "../files/file_identity.ts";
import { toInputError } from "../files/os_errors.ts";
import { quotePath } from "../json.ts";
import { readConfigFile } from "./ownership.ts";
import type { RunConfig } from "./run_config.ts";
import { CONFIG_FILE, LOCK_FILE, METRICS_FILE } from "./run_files.ts";

/** A file of a run. */
export interface RunFile {
  /** Its path. */
  readonly path: string;
  /** A text that is another one after the file was replaced or changed. */
  readonly version: string;
}

/** A run folder as {@linkcode readRun} found it. */
export interface RunReading {
  /** The contents of its `config.json`. */
  readonly runConfig: RunConfig;
  /** Whether a process trains the run, or was killed while it did. */
  readonly isTraining: boolean;
  /** The checkpoint with the lowest validation loss, which was not read; `null` if there is none. */
  readonly best: RunFile | null;
  /** The latest checkpoint, which was not read; `null` if there is none. */
  readonly latest: RunFile | null;
  /** When a file of the run was written last. */
  readonly changedAt: Date;
}

/**
 * Reads what a run trains and whether it does so now, without locking or changing anything; needs
 * `--allow-read`. {@linkcode RunFolder.open} opens a run to resume it.
 *
 * @param path The run folder.
 * @throws {InputError} if the folder holds no run, or its configuration cannot be read.
 *
 * @example
 * ```ts
 * import { readRun } from "./mod.ts";
 *
 * for (const path of Deno.args) {
 *   const { runConfig, isTraining } = readRun(path);
 *   console.log(path, runConfig.config.cell, isTraining);
 * }
 * ```
 */
export function readRun(path: string): RunReading {
  checkFolderPath(path, { context: "Cannot read a run", name: "path" });
  return withContext(`Cannot read the run ${quotePath(path)}`, () => {
    try {
      const runConfig = withContext(`its "${CONFIG_FILE}"`, () => readConfigFile(path));
      return {
        runConfig,
        isTraining: lstatIfExists(`${path}/${LOCK_FILE}`) !== null,
        best: findFile(`${path}/${BEST_CHECKPOINT}`),
        latest: findFile(`${path}/${LATEST_CHECKPOINT}`),
        changedAt: lastChange(path),
      };
    } catch (error) {
      if (error instanceof InputError) throw error;
      const missing = `the folder must be a run folder, with a ${CONFIG_FILE}`;
      throw toInputError(error, { path, action: "read", missing });
    }
  });
}

function lastChange(path: string): Date {
  const times = [CONFIG_FILE, METRICS_FILE, BEST_CHECKPOINT, LATEST_CHECKPOINT]
    .map((name) => statIfExists(`${path}/${name}`)?.mtime.getTime() ?? 0);
  return new Date(Math.max(...times));
}

function findFile(path: string): RunFile | null {
  const info = statIfExists(path);
  if (info === null) return null;
  const { dev, ino, size, mtime } = info;
  return { path, version: `${dev}-${ino}-${size}-${mtime.getTime()}` };
}
