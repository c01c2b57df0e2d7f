/**
 * A run that replaces another one: it is written into a folder inside of the run folder, and takes
 * the place of the old run when it has a checkpoint.
 *
 * The folder's name has a random token. What proves that it is a replacement is its `config.json`,
 * which is written first and moved last.
 */

import { LATEST_CHECKPOINT } from "../files/checkpoint_file.ts";
import { syncFolderOf } from "../files/atomic_write.ts";
import { lstatIfExists } from "../files/file_identity.ts";
import { checkAllOwned, isOwned, isRunFolder, runFileNamesIn } from "./ownership.ts";
import { CONFIG_FILE, isBestName, namesIn, temporaryName } from "./run_files.ts";
import { makeFolder, remove, rename } from "../files/fs.ts";

/** The folder of a replacement, and the same folder while its files are being moved. */
const replacementName = /^\.unroll-(replacement|moving)-([0-9a-f]{16})$/;

/** Creates the folder of a run that is to replace the one in this folder; returns its path. */
export function createReplacement(path: string, token: string): string {
  const replacement = `${path}/.unroll-replacement-${token}`;
  makeFolder(replacement);
  return replacement;
}

/**
 * Moves the files of a replacement over those of the old run if it has a checkpoint, and removes
 * them otherwise. If the process is killed at any point, the next call completes the move. The
 * caller must hold the lock of the folder of a run.
 *
 * @throws {InputError} if something that is no file of the run is in the way; it stays.
 */
export function finishReplacements(path: string): void {
  for (const name of namesIn(path)) {
    const [, state, token] = replacementName.exec(name) ?? [];
    if (token === undefined || !lstatIfExists(`${path}/${name}`)?.isDirectory) continue;
    const folder = `${path}/${name}`;
    // A process that was killed may have left it before it had anything else.
    removeIfFile(`${folder}/${temporaryName(token)}`);
    if (isRunFolder(folder)) {
      if (state === "moving") moveFiles(folder, path);
      else if (isOwned(folder, LATEST_CHECKPOINT)) replaceRun(path, folder);
      else removeFiles(folder);
    }
    removeIfEmpty(folder);
  }
}

/** The name of a replacement while its files are being moved. */
export function movingFolderOf(replacement: string): string {
  return replacement.replace(/\.unroll-replacement-(\w+)$/, ".unroll-moving-$1");
}

function replaceRun(path: string, folder: string): void {
  const names = runFileNamesIn(folder);
  checkAllOwned(path, runFileNamesIn(path));
  for (const name of runFileNamesIn(path)) {
    if (isBestName(name) && !names.includes(name)) remove(`${path}/${name}`);
  }
  // From this rename on the old run is given up: its files are no longer all there.
  const moving = movingFolderOf(folder);
  rename(folder, moving);
  moveFiles(moving, path);
  removeIfEmpty(moving);
}

function moveFiles(from: string, to: string): void {
  for (const name of configLast(runFileNamesIn(from))) {
    if (!isOwned(from, name)) continue;
    checkAllOwned(to, [name]);
    rename(`${from}/${name}`, `${to}/${name}`);
  }
  syncFolderOf(`${to}/${CONFIG_FILE}`);
}

function removeFiles(folder: string): void {
  for (const name of configLast(runFileNamesIn(folder))) {
    if (isOwned(folder, name)) remove(`${folder}/${name}`);
  }
}

function configLast(names: readonly string[]): string[] {
  return [...names.filter((name) => name !== CONFIG_FILE), CONFIG_FILE];
}

function removeIfFile(path: string): void {
  if (lstatIfExists(path)?.isFile) remove(path);
}

function removeIfEmpty(folder: string): void {
  if (lstatIfExists(folder) !== null && namesIn(folder).length === 0) remove(folder);
}
