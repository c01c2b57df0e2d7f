/** The files of a run folder, and their replacement such that no crash leaves one half written. */

import { BEST_CHECKPOINT, LATEST_CHECKPOINT } from "../checkpoint/file.ts";

/** The file name of a run's {@linkcode RunConfig}. */
export const CONFIG_FILE = "config.json";
/** The file name of a run's metrics, a JSON object a line. */
export const METRICS_FILE = "metrics.jsonl";

/**
 * The best checkpoint by regular validations, while {@linkcode BEST_CHECKPOINT} holds one that only
 * the end of the run validated.
 */
const STASHED_BEST = "best-before-end.safetensors";
/** Folder of a run that replaces another one, until it has a checkpoint. */
const REPLACEMENT = "replacement";
/** The same folder while its files are being moved into the run folder. */
const MOVING_REPLACEMENT = "replacement.moving";

/** Each of these files shows that a folder holds a run. */
const RUN_FILES: readonly string[] = [
  CONFIG_FILE,
  METRICS_FILE,
  LATEST_CHECKPOINT,
  BEST_CHECKPOINT,
  STASHED_BEST,
];

/** Whether a folder holds a run; `false` if it does not exist. */
export function holdsRun(path: string): boolean {
  return namesIn(path).some((name) => RUN_FILES.includes(name));
}

/** Replaces a text file atomically: a reader finds the old contents or the new ones, complete. */
export function writeTextAtomically(path: string, text: string): void {
  const temporary = `${path}.tmp`;
  try {
    using file = Deno.openSync(temporary, { write: true, create: true, truncate: true });
    writeAll(file, text);
    // Without fsync, a crash of the system could leave the new name with no contents.
    file.syncSync();
    Deno.renameSync(temporary, path);
  } catch (error) {
    removeIfExists(temporary);
    throw error;
  }
}

/** Writes a text to a file as UTF-8; a single write may write only a part of it. */
export function writeAll(file: Deno.FsFile, text: string): void {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(file.writeSync(bytes));
}

/** Removes the temporary files of a process that was killed. The caller must hold the run lock. */
export function removeTemporaryFiles(path: string): void {
  for (const name of namesIn(path)) {
    // Those of checkpoints have a random infix.
    const [, file] = /^(.*?)(?:\.[0-9a-f]{8})?\.tmp$/.exec(name) ?? [];
    if (file !== undefined && RUN_FILES.includes(file)) Deno.removeSync(`${path}/${name}`);
  }
}

/**
 * Copies the best checkpoint, before one that only the end of the run validated takes its name. A
 * resumed run takes it back with {@linkcode restoreStashedBest}.
 */
export function stashBest(path: string): void {
  if (!exists(`${path}/${BEST_CHECKPOINT}`)) return;
  const temporary = `${path}/${STASHED_BEST}.tmp`;
  try {
    Deno.copyFileSync(`${path}/${BEST_CHECKPOINT}`, temporary);
    Deno.renameSync(temporary, `${path}/${STASHED_BEST}`);
  } catch (error) {
    removeIfExists(temporary);
    throw error;
  }
}

/**
 * Renames the best checkpoint, which only the end of the run validated, to `best-at-<step>`, and
 * gives its name back to the one that {@linkcode stashBest} copied, if there is one.
 *
 * @param step The step of the checkpoint to rename.
 */
export function restoreStashedBest(path: string, step: number): void {
  Deno.renameSync(`${path}/${BEST_CHECKPOINT}`, `${path}/best-at-${step}.safetensors`);
  if (exists(`${path}/${STASHED_BEST}`)) {
    Deno.renameSync(`${path}/${STASHED_BEST}`, `${path}/${BEST_CHECKPOINT}`);
  }
}

/** Creates the folder of a run that is to replace the one in this folder; returns its path. */
export function createReplacement(path: string): string {
  const replacement = `${path}/${REPLACEMENT}`;
  Deno.mkdirSync(replacement);
  return replacement;
}

/**
 * Moves the files of a replacement over those of the old run if it has a checkpoint, and removes it
 * otherwise. If the process is killed at any point, the next call completes the move.
 */
export function finishReplacement(path: string): void {
  const names = namesIn(`${path}/${REPLACEMENT}`);
  if (names.includes(LATEST_CHECKPOINT)) {
    const isBest = (name: string) => /^best(-before-end|-at-\d+)?\.safetensors$/.test(name);
    for (const name of namesIn(path)) {
      if (isBest(name) && !names.includes(name)) Deno.removeSync(`${path}/${name}`);
    }
    // From this rename on the old run is given up: its files are no longer all there.
    Deno.renameSync(`${path}/${REPLACEMENT}`, `${path}/${MOVING_REPLACEMENT}`);
  } else {
    removeIfExists(`${path}/${REPLACEMENT}`);
  }
  for (const name of namesIn(`${path}/${MOVING_REPLACEMENT}`)) {
    Deno.renameSync(`${path}/${MOVING_REPLACEMENT}/${name}`, `${path}/${name}`);
  }
  removeIfExists(`${path}/${MOVING_REPLACEMENT}`);
}

/** Whether there is a folder of this path. */
export function isFolder(path: string): boolean {
  return statIfExists(path)?.isDirectory === true;
}

/** Whether there is a file or folder of this path. */
export function exists(path: string): boolean {
  return statIfExists(path) !== null;
}

/** The text of a file; `null` if it does not exist. */
export function readTextIfExists(path: string): string | null {
  return exists(path) ? Deno.readTextFileSync(path) : null;
}

/** Writes what the operating system has buffered of a file to the disk (fsync). */
export function syncIfExists(path: string): void {
  if (!exists(path)) return;
  using file = Deno.openSync(path, { append: true });
  file.syncSync();
}

function statIfExists(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** The names in a folder; none if it does not exist. */
function namesIn(path: string): string[] {
  try {
    return Array.from(Deno.readDirSync(path), ({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function removeIfExists(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
