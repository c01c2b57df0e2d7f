/** Files by identity: what a path leads to, and whether two paths lead to the same file. */

import { type FileInfo, isNotFound, lstat, readLink, realPath, stat } from "./fs.ts";

/** Information about a path, its links followed; `null` if nothing is there. */
export function statIfExists(path: string): FileInfo | null {
  return ifExists(() => stat(path));
}

/** Information about a path itself, even if it is a link; `null` if nothing is there. */
export function lstatIfExists(path: string): FileInfo | null {
  return ifExists(() => lstat(path));
}

function ifExists<T>(action: () => T): T | null {
  try {
    return action();
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

/** Whether a path is that of a pipe or device, which is read to its end. */
export function isPipe(path: string): boolean {
  try {
    const info = statIfExists(path);
    return info?.isFifo === true || info?.isCharDevice === true;
  } catch {
    return false;
  }
}

/** The kind of a file, for an error message: `a folder`. */
export function describeKind({ isFile, isDirectory, isSymlink }: FileInfo): string {
  if (isFile) return "a regular file";
  if (isSymlink) return "a symbolic link";
  return isDirectory ? "a folder" : "a device, pipe or socket";
}

/**
 * Whether two results of `stat` are of the same file: the device and the number on it are equal.
 * Where the system numbers no files, no two are the same.
 */
export function isSameInode(
  a: Pick<FileInfo, "dev" | "ino"> | null,
  b: Pick<FileInfo, "dev" | "ino"> | null,
): boolean {
  return a !== null && b !== null && a.ino !== 0 && a.dev === b.dev && a.ino === b.ino;
}

/**
 * Whether two paths lead to the same file, through symbolic and hard links and by any spelling.
 *
 * Paths at which nothing exists are the same if writing to them would create the same file. A file
 * that cannot be examined is no other file than that of the same path.
 *
 * @example
 * ```ts
 * import { isSameFile } from "./file_identity.ts";
 *
 * console.log(isSameFile("./new.txt", "new.txt"), isSameFile("new.txt", "other.txt")); // true false
 * ```
 */
export function isSameFile(a: string, b: string): boolean {
  if (a === b) return true;
  try {
    const [infoA, infoB] = [statIfExists(a), statIfExists(b)];
    if (isSameInode(infoA, infoB)) return true;
    if ((infoA === null) !== (infoB === null)) return false;
    return resolveLinks(a) === resolveLinks(b);
  } catch {
    return false;
  }
}

/** Symbolic links that a path may lead through, as on Linux. */
const MAX_LINKS = 40;

/**
 * The absolute path of the file that a path leads to, without symbolic links. The file need not
 * exist; its folder must.
 */
export function resolveLinks(path: string, maxLinks = MAX_LINKS): string {
  const found = ifExists(() => realPath(path));
  if (found !== null) return found;
  const [, folder = "", name = ""] = /^(.*[/\\])?([^/\\]*)$/s.exec(path) ?? [];
  const info = lstatIfExists(path);
  if (info?.isSymlink && maxLinks > 0) {
    // A link to a file that does not exist: writing to it creates that file.
    const target = readLink(path);
    return resolveLinks(/^([/\\]|\w:)/.test(target) ? target : folder + target, maxLinks - 1);
  }
  return `${realPath(folder || ".").replace(/[/\\]$/, "")}/${name}`;
}
