/** The files of a run folder, and how they are replaced without a moment in which one is missing. */

import { BEST_CHECKPOINT, LATEST_CHECKPOINT } from "../checkpoint/file.ts";

export const CONFIG = "config.json";
export const METRICS = "metrics.jsonl";
/** The best that was measured at its time, while `best.safetensors` holds that of the run's end. */
const BEST_BEFORE_END = "best-before-end.safetensors";
/** Where a run that replaces another one is, until it has a checkpoint. */
const REPLACEMENT = "replacement";
/** The same while its files move to their place. */
const MOVING = "replacement.moving";

/** What a folder that holds a run may contain. */
const FILES = [CONFIG, METRICS, LATEST_CHECKPOINT, BEST_CHECKPOINT, BEST_BEFORE_END];

/** Whether a folder holds a run; false when there is no such folder. */
export function holdsRun(path: string): boolean {
  return namesIn(path).some((name) => FILES.includes(name));
}

/** Writes a text file whole: whoever reads it finds the old one or the new one. */
export function replaceText(path: string, text: string): void {
  const temporary = `${path}.tmp`;
  try {
    using file = Deno.openSync(temporary, { write: true, create: true, truncate: true });
    let bytes = new TextEncoder().encode(text);
    while (bytes.length > 0) bytes = bytes.subarray(file.writeSync(bytes));
    file.syncSync();
    Deno.renameSync(temporary, path);
  } catch (error) {
    removeIfThere(temporary);
    throw error;
  }
}

/** Removes what a process that was killed was about to write; for whoever holds the lock. */
export function removeTemporaries(path: string): void {
  for (const name of namesIn(path)) {
    const [, file] = /^(.*?)(?:\.[0-9a-f]{8})?\.tmp$/.exec(name) ?? [];
    if (file !== undefined && FILES.includes(file)) Deno.removeSync(`${path}/${name}`);
  }
}

/** Keeps the best that was measured at its time, before the one of the run's end takes its place. */
export function stashBest(path: string): void {
  if (!namesIn(path).includes(BEST_CHECKPOINT)) return;
  const temporary = `${path}/${BEST_BEFORE_END}.tmp`;
  try {
    Deno.copyFileSync(`${path}/${BEST_CHECKPOINT}`, temporary);
    Deno.renameSync(temporary, `${path}/${BEST_BEFORE_END}`);
  } catch (error) {
    removeIfThere(temporary);
    throw error;
  }
}

/**
 * Takes the best of a run's end out of the way of the run that goes on: it keeps a name of its own.
 *
 * @param step The step of the best of the end.
 */
export function restoreStashedBest(path: string, step: number): void {
  Deno.renameSync(`${path}/${BEST_CHECKPOINT}`, `${path}/best-at-${step}.safetensors`);
  if (namesIn(path).includes(BEST_BEFORE_END)) {
    Deno.renameSync(`${path}/${BEST_BEFORE_END}`, `${path}/${BEST_CHECKPOINT}`);
  }
}

/** Makes the folder of a run that is to replace the one in this folder. */
export function makeReplacement(path: string): string {
  const place = `${path}/${REPLACEMENT}`;
  Deno.mkdirSync(place);
  return place;
}

/**
 * Puts a replacement in the place of the run that was there, if it has a checkpoint, or else drops
 * it. A process that is killed meanwhile leaves it to the next one to go on, from any point.
 */
export function finishReplacement(path: string): void {
  const names = namesIn(`${path}/${REPLACEMENT}`);
  if (names.includes(LATEST_CHECKPOINT)) {
    const isBest = (name: string) => /^best(-before-end|-at-\d+)?\.safetensors$/.test(name);
    for (const name of namesIn(path)) {
      if (isBest(name) && !names.includes(name)) Deno.removeSync(`${path}/${name}`);
    }
    Deno.renameSync(`${path}/${REPLACEMENT}`, `${path}/${MOVING}`);
  } else removeIfThere(`${path}/${REPLACEMENT}`);
  for (const name of namesIn(`${path}/${MOVING}`)) {
    Deno.renameSync(`${path}/${MOVING}/${name}`, `${path}/${name}`);
  }
  removeIfThere(`${path}/${MOVING}`);
}

/** Whether this is a folder; false when it is not there. */
export function isFolder(path: string): boolean {
  return infoOf(path)?.isDirectory === true;
}

/** Whether there is something of this name. */
export function isThere(path: string): boolean {
  return infoOf(path) !== null;
}

/** The text of a file; `null` when it is not there. */
export function readIfThere(path: string): string | null {
  return isThere(path) ? Deno.readTextFileSync(path) : null;
}

/** Brings a file to the disk. */
export function syncIfThere(path: string): void {
  if (!isThere(path)) return;
  using file = Deno.openSync(path, { append: true });
  file.syncSync();
}

function infoOf(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** The names in a folder; none when there is no such folder. */
function namesIn(path: string): string[] {
  try {
    return Array.from(Deno.readDirSync(path), ({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
