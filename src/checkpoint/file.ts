/** Checkpoint files: reading them as untrusted input, and replacing them atomically. */

import { writeAtomically } from "../atomic_write.ts";
import { InputError, withContextAsync } from "../errors.ts";
import { quotePath } from "../json.ts";
import { toInputError } from "../os_errors.ts";
import { type Checkpoint, encodeCheckpoint, fromSafetensors } from "./checkpoint.ts";
import { type Tensor, toTensor } from "./safetensors.ts";
import { LENGTH_BYTES, readHeader, readHeaderLength } from "./safetensors_header.ts";

/** The file name of the latest checkpoint in a run folder. */
export const LATEST_CHECKPOINT = "checkpoint.safetensors";

/** The file name of the checkpoint with the lowest validation loss in a run folder. */
export const BEST_CHECKPOINT = "best.safetensors";

/** The address space of WebAssembly with 32-bit pointers: no network is larger. */
const MAX_BYTES = 2 ** 32;

/**
 * Reads a checkpoint from disk, as untrusted input; needs `--allow-read`.
 *
 * The header is read first, and the data only if the length of the file is exactly what the header
 * declares. The data are in memory once.
 *
 * @param path A checkpoint file, or a run folder, of which the latest checkpoint is read.
 * @throws {InputError} if the file is missing, unreadable or damaged, or is not a checkpoint.
 *
 * @example
 * ```ts
 * import { readCheckpoint } from "../mod.ts";
 *
 * for (const path of Deno.args) {
 *   const { config, progress } = await readCheckpoint(path);
 *   console.log(path, config.hidden, progress.validationLoss);
 * }
 * ```
 */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const file = await checkpointPath(path);
  const missing = file === path
    ? "it must be a checkpoint or a run folder"
    : "the folder must be a run folder with a checkpoint";
  return await withContextAsync(`Cannot read the checkpoint ${quotePath(file)}`, async () => {
    try {
      return await readFile(file);
    } catch (error) {
      throw toInputError(error, { path: file, action: "read", missing });
    }
  });
}

/** The path of a folder's latest checkpoint; any other path as it is. */
async function checkpointPath(path: string): Promise<string> {
  const info = await Deno.stat(path).catch(() => null);
  if (!info?.isDirectory) return path;
  return `${path}${path.endsWith("/") ? "" : "/"}${LATEST_CHECKPOINT}`;
}

async function readFile(path: string): Promise<Checkpoint> {
  // Checked before it is opened: opening a named pipe would wait for a writer.
  checkRegularFile(await Deno.stat(path));
  using file = await Deno.open(path);
  // Checked again: the file may have been replaced.
  const info = await file.stat();
  checkRegularFile(info);
  const start = await readBytes(file, Math.min(info.size, LENGTH_BYTES));
  const header = await readBytes(file, readHeaderLength(start, info.size));
  const { entries, metadata } = readHeader(header, info.size - start.length - header.length);
  const tensors = new Map<string, Tensor>();
  for (const entry of entries) {
    tensors.set(entry.name, toTensor(entry, await readBytes(file, entry.end - entry.begin)));
  }
  return fromSafetensors({ tensors, metadata });
}

function checkRegularFile({ isFile, size }: Deno.FileInfo): void {
  if (!isFile) {
    throw new InputError("it is a folder, device, pipe or socket; it must be a regular file");
  }
  if (size > MAX_BYTES) {
    throw new InputError(`it has ${size} bytes; it must have at most ${MAX_BYTES}`);
  }
}

/** The next bytes of a file that is long enough unless it changes. */
async function readBytes(file: Deno.FsFile, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const count = await file.read(bytes.subarray(filled));
    if (count === null) {
      throw new InputError(
        "it became shorter while it was read; it must not change while it is read",
      );
    }
    filled += count;
  }
  return bytes;
}

/** Options of {@linkcode writeCheckpoint}. */
export interface WriteCheckpointOptions {
  /**
   * The path of the temporary file, in the same folder; nothing may exist there. Default: the
   * file's path with a random ending.
   */
  readonly temporary?: string;
}

/**
 * Writes a checkpoint to disk; needs `--allow-read` and `--allow-write`.
 *
 * The replacement is atomic: at any moment, even if the process or the machine stops, the path
 * holds either the complete old checkpoint or the complete new one. The file is written to a
 * temporary file beside it, fsynced and renamed.
 *
 * @param path The file to create or replace; its folder must exist.
 * @param checkpoint What to write.
 * @param options The path of the temporary file.
 * @throws {InputError} if the checkpoint could not be read back, or the file cannot be written;
 * an existing file is then unchanged.
 *
 * @example
 * ```ts
 * import { readCheckpoint, writeCheckpoint } from "../mod.ts";
 *
 * const [from, to] = Deno.args;
 * if (from && to) await writeCheckpoint(to, await readCheckpoint(from));
 * ```
 */
export async function writeCheckpoint(
  path: string,
  checkpoint: Checkpoint,
  options: WriteCheckpointOptions = {},
): Promise<void> {
  const bytes = await encodeCheckpoint(checkpoint);
  await withContextAsync(`Cannot write the checkpoint ${quotePath(path)}`, async () => {
    try {
      await writeAtomically(path, bytes, options);
    } catch (error) {
      throw toInputError(error, { path, action: "write", missing: "its folder must exist" });
    }
  });
}
