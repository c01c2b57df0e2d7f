import { InputError } from "../errors.ts";
import {
  type Checkpoint,
  checkpointFrom,
  encodeCheckpoint,
  readingCheckpoint,
} from "./checkpoint.ts";
import { quote } from "../json.ts";
import { type Tensor, tensorAt } from "./safetensors.ts";
import { headerLength, LENGTH_BYTES, readHeader } from "./safetensors_header.ts";

/** The file name of the latest checkpoint in a run folder. */
export const LATEST_CHECKPOINT = "checkpoint.safetensors";

/** The file name of the checkpoint with the lowest validation loss in a run folder. */
export const BEST_CHECKPOINT = "best.safetensors";

/** All the memory that a network of this project can have, for its parameters and much besides. */
const MOST_BYTES = 2 ** 32;

/**
 * Reads a checkpoint from disk; needs `--allow-read`.
 *
 * The header is read first, and the data only if the file has just the size that it tells; they are
 * in memory once.
 *
 * @param path A checkpoint file, or a run folder: then its `checkpoint.safetensors`.
 * @throws {InputError} when there is none, it may not be read, or it is damaged.
 *
 * @example
 * ```ts
 * import { readCheckpoint } from "./file.ts";
 *
 * for (const path of Deno.args) {
 *   const { config, progress } = await readCheckpoint(path);
 *   console.log(path, config.hidden, progress.validationLoss);
 * }
 * ```
 */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  let name = path;
  try {
    let info = await Deno.stat(path);
    if (info.isDirectory) {
      name = `${path}${path.endsWith("/") ? "" : "/"}${LATEST_CHECKPOINT}`;
      info = await Deno.stat(name);
    }
    // Asked before it is opened: opening a named pipe would wait for a writer.
    checkRegular(info, name);
    using file = await Deno.open(name);
    // Asked again: another file may have taken its place.
    return await readFrom(file, checkRegular(await file.stat(), name), readingCheckpoint(name));
  } catch (error) {
    const right = name === path
      ? "it must be a checkpoint or the folder of a run"
      : "a folder must be that of a run, which has this file";
    throw explain("read", name, error, right);
  }
}

/** The size of a file, in bytes, that can be a checkpoint. */
function checkRegular({ isFile, size }: Deno.FileInfo, path: string): number {
  const doing = readingCheckpoint(path);
  if (!isFile) {
    throw new InputError(
      `${doing}: it is a folder, device, pipe or socket; it must be a regular file`,
    );
  }
  if (size > MOST_BYTES) {
    throw new InputError(`${doing}: it has ${size} bytes; it must have at most ${MOST_BYTES}`);
  }
  return size;
}

async function readFrom(file: Deno.FsFile, size: number, doing: string): Promise<Checkpoint> {
  const read = (length: number) => readBytes(file, length, doing);
  const start = await read(Math.min(size, LENGTH_BYTES));
  const header = await read(headerLength(start, size, doing));
  const dataBytes = size - start.length - header.length;
  const { places, metadata } = readHeader(header, dataBytes, doing);
  const tensors = new Map<string, Tensor>();
  for (const place of places) {
    tensors.set(place.name, tensorAt(place, await read(place.end - place.begin)));
  }
  return checkpointFrom({ tensors, metadata }, doing);
}

/** The next bytes of a file that is known to be long enough. */
async function readBytes(
  file: Deno.FsFile,
  length: number,
  doing: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const count = await file.read(bytes.subarray(filled));
    if (count === null) {
      throw new InputError(
        `${doing}: it became shorter while it was read; it must stay as it is meanwhile`,
      );
    }
    filled += count;
  }
  return bytes;
}

/**
 * Writes a checkpoint to disk; needs `--allow-read` and `--allow-write`.
 *
 * At any moment, even if the process or the machine stops, the path holds either the old checkpoint
 * or the new one, complete: it is written beside it, brought to the disk, and renamed.
 *
 * @param path The file, new or to be replaced; its folder must exist.
 * @throws {InputError} when the checkpoint is one that could not be read back, or the file cannot be
 * written; what was at the path is still there then.
 *
 * @example
 * ```ts
 * import { readCheckpoint, writeCheckpoint } from "./file.ts";
 *
 * const [from, to] = Deno.args;
 * if (from && to) await writeCheckpoint(to, await readCheckpoint(from));
 * ```
 */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  const bytes = await encodeCheckpoint(checkpoint);
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  try {
    await writeNewFile(temporary, bytes);
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {
      // Either it was never made, or what stopped the writing stops this too; that is thrown.
    });
    throw explain("write", path, error, "its folder must exist");
  }
  await syncFolderOf(path);
}

/** Writes bytes to a file that was not there, and waits until they are on the disk. */
async function writeNewFile(path: string, bytes: Uint8Array): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  let left = bytes;
  while (left.length > 0) left = left.subarray(await file.write(left));
  await file.sync();
}

/** Brings a renaming to the disk, where the system lets folders be opened; Windows does not. */
async function syncFolderOf(path: string): Promise<void> {
  const name = Deno.build.os === "windows" ? /[^/\\]*$/ : /[^/]*$/;
  const folder = await Deno.open(path.replace(name, "") || ".").catch(() => null);
  if (folder === null) return;
  using _closed = folder;
  await folder.sync();
}

function doing(verb: "read" | "write", path: string): string {
  return verb === "read"
    ? readingCheckpoint(path)
    : `Cannot write the checkpoint ${quote(path, 1000)}`;
}

/** What the system's errors mean here; not every one has a class of its own, but each a code. */
const reasons: Readonly<Record<string, string>> = {
  ENAMETOOLONG: "its name is too long for the file system; it must be shorter",
  EISDIR: "it is a folder; it must be a file",
  ENOTEMPTY: "it is a folder; it must be a file",
  ENOSPC: "the disk is full; it must have room for the old file and the new one",
  EDQUOT: "the quota of the disk is used up; there must be room for the old file and the new one",
  EROFS: "the file system is read-only; it must be one that can be written",
};

/**
 * What to throw when a file cannot be used: an {@linkcode InputError} where the user can mend it,
 * else the error itself.
 *
 * @param right What would be right when there is no such file.
 */
function explain(verb: "read" | "write", path: string, error: unknown, right: string): unknown {
  const refuse = (wrong: string) => new InputError(`${doing(verb, path)}: ${wrong}`);
  if (error instanceof Deno.errors.NotCapable) {
    const flags = verb === "read" ? "--allow-read" : "--allow-read and --allow-write";
    return refuse(`Deno has no permission to ${verb} it; run with ${flags}`);
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return refuse(`the system denies access; the user who runs this must be allowed to ${verb} it`);
  }
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  // Deno refuses an empty path without a code where it may not read everything.
  if (path === "" || code === "ENOENT" || code === "ENOTDIR") {
    return refuse(`there is no such file; ${right}`);
  }
  const reason = reasons[code];
  return reason === undefined ? error : refuse(reason);
}
