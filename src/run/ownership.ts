/**
 * Which files in a folder are those of a run: only these are ever written, moved or removed.
 *
 * A name proves nothing. A folder is that of a run if its `config.json` is a regular file that
 * parses as a {@linkcode RunConfig}; another file in it is the run's if it is a regular file, not a
 * link to one, and begins as the program writes it. These functions change nothing, and open
 * regular files only: opening a pipe would wait for a writer.
 */

import { LENGTH_BYTES, readHeader, readHeaderLength } from "../checkpoint/safetensors_header.ts";
import { InputError, withContext } from "../errors.ts";
import {
  describeKind,
  isSameFile,
  isSameInode,
  lstatIfExists,
  resolveLinks,
} from "../files/file_identity.ts";
import { quote, quotePath } from "../json.ts";
import { parseRunConfig, type RunConfig } from "./run_config.ts";
import {
  CONFIG_FILE,
  isInternalName,
  isRunFileName,
  LOCK_FILE,
  METRICS_FILE,
  namesIn,
} from "./run_files.ts";
import { type FileInfo, isNotFound, lstat, OpenFile } from "../files/fs.ts";

/**
 * Far above any need: a configuration takes 2 KB, and the history of changes some 2 MiB at most. An
 * object takes some twenty times the memory of its text.
 */
const MAX_CONFIG_BYTES = 2 ** 24;

/** Bytes at the start of a metrics file that hold its first line, which has some 200. */
const METRICS_START_BYTES = 1024;

/** The first words of every run lock; see {@linkcode checkLock}. */
export const LOCK_MARK = "unroll run lock\n";

/** The names of files that a run writes which exist in a folder, whatever they are. */
export function runFileNamesIn(path: string): string[] {
  return namesIn(path).filter(isRunFileName);
}

/**
 * The configuration of the run in a folder; `null` if nothing in it has the name of a run's file.
 *
 * @throws {InputError} if something has such a name, but the folder is not that of a run.
 */
export function readRunConfig(path: string): RunConfig | null {
  const names = runFileNamesIn(path);
  const [first] = names;
  if (first === undefined) return null;
  if (!names.includes(CONFIG_FILE)) {
    throw new InputError(
      `its ${quote(first)} belongs to no run, as there is no "${CONFIG_FILE}" of one beside it`,
    );
  }
  return withContext(
    `its "${CONFIG_FILE}" is not that of a run`,
    () => parseRunConfig(readTextFile(`${path}/${CONFIG_FILE}`, MAX_CONFIG_BYTES)),
  );
}

/** As {@linkcode readRunConfig}, where the file must be there. Errors are about the file itself. */
export function readConfigFile(path: string): RunConfig {
  return parseRunConfig(readTextFile(`${path}/${CONFIG_FILE}`, MAX_CONFIG_BYTES));
}

/** Whether a folder is that of a run; `false` if it cannot be read. */
export function isRunFolder(path: string): boolean {
  try {
    return readRunConfig(path) !== null;
  } catch {
    return false;
  }
}

/**
 * Checks that a run may write, move or remove a file of its folder: nothing is there, or a file as
 * it writes it.
 *
 * @throws {InputError} if something else has the name.
 */
export function checkOwned(path: string, name: string): void {
  const file = `${path}/${name}`;
  const info = lstatIfExists(file);
  if (info === null) return;
  checkRegular(info);
  if (name === CONFIG_FILE) readConfigFile(path);
  else if (name === METRICS_FILE) checkMetrics(file);
  else checkCheckpoint(file);
}

/** Whether something is in the folder under this name, and it is a file of the run. */
export function isOwned(path: string, name: string): boolean {
  try {
    checkOwned(path, name);
    return lstatIfExists(`${path}/${name}`) !== null;
  } catch {
    return false;
  }
}

/**
 * Checks several files of a run, as {@linkcode checkOwned} does.
 *
 * @throws {InputError} naming the first that is not the run's.
 */
export function checkAllOwned(path: string, names: readonly string[]): void {
  for (const name of names) {
    withContext(`its ${quote(name)} is not a file of the run`, () => checkOwned(path, name));
  }
}

/**
 * Checks that no text is a file of the run, which training would write over.
 *
 * @throws {InputError} if one is, by any path or link.
 */
export function checkTextIsNoRunFile(path: string, texts: readonly string[]): void {
  const names = [...runFileNamesIn(path), LOCK_FILE];
  for (const text of texts) {
    const name = names.find((name) => isSameFile(`${path}/${name}`, text));
    if (name !== undefined) throw isRunFileError(path, { text, name });
  }
}

function isRunFileError(
  path: string,
  { text, name }: { readonly text: string; readonly name: string },
): InputError {
  return new InputError(
    `Cannot train on ${quotePath(text)} in the run folder ${quotePath(path)}: it is the ` +
      `${quote(name)} of that run, which would be replaced; copy the text, or use another folder`,
    { option: "path" },
  );
}

/**
 * Whether a path is that of a file of a run, or leads to one, which no other output may replace. A
 * name that the run will write counts, and so does a checkpoint or metrics file whose
 * `config.json` is lost.
 */
export function isRunFile(path: string): boolean {
  try {
    const [, folder = "", name = ""] = split(path);
    const paths = [`${resolveLinks(folder || ".")}/${name}`, resolveLinks(path)];
    return paths.some((path) => {
      const [, folder = "", name = ""] = split(path);
      return isInternalName(name) && isRunFolder(folder) ||
        isRunFileName(name) && (isRunFolder(folder) || isOwned(folder, name));
    });
  } catch (error) {
    // Its folder does not exist, so nothing can be written there.
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** Splits a path into folder and name. */
function split(path: string): readonly string[] {
  return /^(.*[/\\])?([^/\\]*)$/s.exec(path) ?? [];
}

/**
 * Checks that the run lock may be created or taken: nothing is there, or a lock of this program.
 *
 * An empty file counts as one: a process that was killed before it wrote into its lock left it.
 *
 * @throws {InputError} if something else has the name.
 */
export function checkLock(path: string): void {
  const info = lstatIfExists(`${path}/${LOCK_FILE}`);
  if (info === null) return;
  withContext(`its "${LOCK_FILE}" is not the lock of a run`, () => {
    checkRegular(info);
    // What is written into the lock would be written into the other file.
    if ((info.nlink ?? 1) > 1) throw new InputError("it is also another file, by a hard link");
    const start = readStart(`${path}/${LOCK_FILE}`, LOCK_MARK.length);
    if (info.size === 0 || new TextDecoder().decode(start) === LOCK_MARK) return;
    throw new InputError("it has other contents; it must not exist, or be a lock of unroll");
  });
}

/**
 * Reads a text file of limited size.
 *
 * @param maxBytes The longest file that is read.
 * @throws {InputError} if it is a link, no regular file, or longer.
 */
export function readTextFile(path: string, maxBytes: number): string {
  const info = lstat(path);
  checkRegular(info);
  checkSize(info, maxBytes);
  using file = openRegular(path);
  const opened = file.stat();
  checkSize(opened, maxBytes);
  return new TextDecoder().decode(readAtMost(file, opened.size));
}

/**
 * Opens a file to read it.
 *
 * @throws {InputError} if it is a link, or no regular file.
 */
export function openRegular(path: string): OpenFile {
  checkRegular(lstat(path));
  const file = OpenFile.open(path);
  try {
    // Checked again: the file may have been replaced.
    checkRegular(file.stat());
    return file;
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

/** @throws {InputError} if it is not a regular file. */
export function checkRegular(info: FileInfo): void {
  if (info.isFile) return;
  throw new InputError(`it is ${describeKind(info)}; it must be a regular file`);
}

/** @throws {InputError} if a file is larger. */
function checkSize({ size }: FileInfo, maxBytes: number): void {
  if (size <= maxBytes) return;
  throw new InputError(`it has ${size} bytes; it must have at most ${maxBytes}`);
}

/** What identifies the contents of a file without reading it. */
export function isUnchanged(before: FileInfo | null, now: FileInfo | null): boolean {
  return isSameInode(before, now) && before!.size === now!.size &&
    before!.mtime.getTime() === now!.mtime.getTime();
}

function checkMetrics(path: string): void {
  using file = OpenFile.open(path);
  checkMetricsStart(file);
}

/** @throws {InputError} if an open file does not begin as metrics do. */
export function checkMetricsStart(file: OpenFile): void {
  file.seek(0);
  const start = new TextDecoder().decode(readAtMost(file, METRICS_START_BYTES));
  if (isMetricsStart(start)) return;
  throw new InputError("it does not begin with metrics; it must be one JSON object a line");
}

/** Whether a text is the start of a metrics file: a line of metrics, or a part of one. */
function isMetricsStart(text: string): boolean {
  const start = '{"step":';
  const end = text.indexOf("\n");
  // A process that was killed while writing its first line left a part of it.
  if (end < 0) return text.startsWith(start) || start.startsWith(text);
  try {
    return typeof JSON.parse(text.slice(0, end))?.step === "number";
  } catch {
    return text.startsWith(start);
  }
}

/** Checks the header of a checkpoint. Damage in its data does not make it another's. */
function checkCheckpoint(path: string): void {
  using file = OpenFile.open(path);
  const { size } = file.stat();
  const start = readAtMost(file, LENGTH_BYTES);
  const header = readAtMost(file, readHeaderLength(start, size));
  const { metadata } = readHeader(header, size - start.length - header.length);
  // A checkpoint of another version is the program's too.
  if (/^unroll-checkpoint-\d+$/.test(metadata.format ?? "")) return;
  throw new InputError("it is a safetensors file of another program; it must be a checkpoint");
}

function readStart(path: string, bytes: number): Uint8Array {
  using file = OpenFile.open(path);
  return readAtMost(file, bytes);
}

/** The next bytes of a file; fewer at its end. */
export function readAtMost(file: OpenFile, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const count = file.read(bytes.subarray(filled));
    if (count === 0) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}
