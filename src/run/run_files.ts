/** The names of the files that a run writes into its folder. */

import { BEST_CHECKPOINT, LATEST_CHECKPOINT } from "../files/checkpoint_file.ts";
import { isNotFound, readFolder } from "../files/fs.ts";

/** The file name of a run's {@linkcode RunConfig}. */
export const CONFIG_FILE = "config.json";
/** The file name of a run's metrics, a JSON object a line. */
export const METRICS_FILE = "metrics.jsonl";
/**
 * The best checkpoint by regular validations, while {@linkcode BEST_CHECKPOINT} holds one that only
 * the end of the run validated.
 */
export const STASHED_BEST = "best-before-end.safetensors";
/** The file name of the run lock. */
export const LOCK_FILE = ".unroll-lock";

/** The file name of a best checkpoint that only the end of the run validated, after resuming. */
export function bestAtStep(step: number): string {
  return `best-at-${step}.safetensors`;
}

/** Whether a file name is that of a best checkpoint of a run. */
export function isBestName(name: string): boolean {
  return name === BEST_CHECKPOINT || name === STASHED_BEST ||
    /^best-at-\d+\.safetensors$/.test(name);
}

/** Whether a name is that of the lock, a temporary file or a folder of a replacement. */
export function isInternalName(name: string): boolean {
  return name.startsWith(".unroll-");
}

/** Whether a run writes files of this name, the lock and temporary files apart. */
export function isRunFileName(name: string): boolean {
  return name === CONFIG_FILE || name === METRICS_FILE || name === LATEST_CHECKPOINT ||
    isBestName(name);
}

/** The token of a process in the names of its temporary files: 64 random bits. */
export function createToken(): string {
  return crypto.randomUUID().replaceAll("-", "").slice(0, 16);
}

/** The name of the one temporary file that the process with this token has at a time. */
export function temporaryName(token: string): string {
  return `.unroll-${token}.tmp`;
}

/** The names in a folder; none if it does not exist. */
export function namesIn(path: string): string[] {
  try {
    return readFolder(path).toSorted();
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}
