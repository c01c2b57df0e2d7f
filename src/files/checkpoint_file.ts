/** Checkpoint files: reading them as untrusted input, and replacing them atomically. */

import { checkOptions, checkString, optionsSchema } from "../arguments.ts";
import { InputError, withContextAsync } from "../errors.ts";
import { quotePath } from "../json.ts";
import { oneOf, text } from "../schemas.ts";
import { type Checkpoint, encodeCheckpoint, fromSafetensors } from "../checkpoint/checkpoint.ts";
import { checkFormat, type CheckpointMetadata, parseMetadata } from "../checkpoint/metadata.ts";
import { type Safetensors, type Tensor, toTensor } from "../checkpoint/safetensors.ts";
import {
  type Header,
  LENGTH_BYTES,
  readHeader,
  readHeaderLength,
} from "../checkpoint/safetensors_header.ts";
import { type AtomicWriteOptions, writeAtomically } from "./atomic_write.ts";
import { describeKind, lstatIfExists } from "./file_identity.ts";
import { type FileInfo, OpenFile, stat } from "./fs.ts";
import { toInputError } from "./os_errors.ts";

/** The file name of the latest checkpoint in a run folder. */
export const LATEST_CHECKPOINT = "checkpoint.safetensors";

/** The file name of the checkpoint with the lowest validation loss in a run folder. */
export const BEST_CHECKPOINT = "best.safetensors";

/** The address space of WebAssembly with 32-bit pointers: no network is larger. */
const MAX_BYTES = 2 ** 32;

/** Options of {@linkcode readCheckpoint}. */
export interface ReadCheckpointOptions {
  /**
   * Which checkpoint of a run folder is read: `best`, the one with the lowest validation loss, or
   * the latest if the run has validated nothing; or `latest`, from which training is resumed. A
   * path of a file is read as it is. Default: `best`.
   */
  readonly which?: "best" | "latest";
}

const readSchema = optionsSchema({ which: oneOf(["best", "latest"]) });
const writeSchema = optionsSchema({ temporary: text });

/**
 * Reads a checkpoint from disk, as untrusted input; needs `--allow-read`.
 *
 * The header is read first, and the data only if the length of the file is exactly what the header
 * declares. The data are in memory once.
 *
 * @param path A checkpoint file or a run folder.
 * @param options Which checkpoint of a run folder is read.
 * @throws {InputError} if the file is missing, unreadable or damaged, or is not a checkpoint, or if
 * the best checkpoint of a folder is not of the same run as its latest.
 *
 * @example
 * ```ts
 * import { readCheckpoint } from "./mod.ts";
 *
 * for (const path of Deno.args) {
 *   const { config, progress } = await readCheckpoint(path);
 *   console.log(path, config.hidden, progress.validationLoss);
 * }
 * ```
 */
export async function readCheckpoint(
  path: string,
  options: ReadCheckpointOptions = {},
): Promise<Checkpoint> {
  return await readWith(readFile, path, options);
}

/**
 * Reads what a checkpoint says of its run, without its weights, as untrusted input; needs
 * `--allow-read`. The data of the file are not looked at, so its checksum is not compared.
 *
 * @param path A checkpoint file or a run folder.
 * @param options Which checkpoint of a run folder is read.
 * @throws {InputError} as {@linkcode readCheckpoint} does.
 *
 * @example
 * ```ts
 * import { readCheckpointMetadata } from "./mod.ts";
 *
 * for (const path of Deno.args) {
 *   const { progress } = await readCheckpointMetadata(path, { which: "latest" });
 *   console.log(path, progress.step, progress.ended);
 * }
 * ```
 */
export async function readCheckpointMetadata(
  path: string,
  options: ReadCheckpointOptions = {},
): Promise<CheckpointMetadata> {
  return await readWith(readFileMetadata, path, options);
}

/** Reads a file, or the checkpoint of a folder that the options name. */
async function readWith<T extends CheckpointMetadata>(
  read: (path: string) => Promise<T>,
  path: string,
  options: ReadCheckpointOptions,
): Promise<T> {
  checkString(path, { context: "Cannot read a checkpoint", name: "path" });
  const context = `Cannot read the checkpoint ${quotePath(path)}`;
  const { which = "best" } = checkOptions(options, { schema: readSchema, context });
  if (!isFolder(path)) {
    const missing = "it must be a checkpoint or a run folder";
    return await readNamed(path, { missing, read });
  }
  const folder = path.endsWith("/") ? path : `${path}/`;
  const [best, latest] = [`${folder}${BEST_CHECKPOINT}`, `${folder}${LATEST_CHECKPOINT}`];
  const hasBest = which === "best" && exists(best);
  const missing = "the folder must be a run folder with a checkpoint";
  const checkpoint = await readNamed(hasBest ? best : latest, { missing, read });
  if (!hasBest) return checkpoint;
  // A run that was killed early has no other checkpoint than its best.
  if (exists(latest)) await checkSameRun(checkpoint, best, latest);
  return checkpoint;
}

function isFolder(path: string): boolean {
  try {
    return stat(path).isDirectory;
  } catch {
    return false;
  }
}

/** Whether something is at a path; what cannot be examined counts, and reading it explains why. */
function exists(path: string): boolean {
  try {
    return lstatIfExists(path) !== null;
  } catch {
    return true;
  }
}

/** Reads a file; an error names it, and says what must be there if it is missing. */
async function readNamed<T>(
  path: string,
  { missing, read }: {
    readonly missing: string;
    readonly read: (path: string) => Promise<T>;
  },
): Promise<T> {
  return await withContextAsync(`Cannot read the checkpoint ${quotePath(path)}`, async () => {
    try {
      return await read(path);
    } catch (error) {
      throw toInputError(error, { path, action: "read", missing });
    }
  });
}

/** Checks that the best checkpoint of a folder is of the run of the latest one. */
async function checkSameRun(
  best: CheckpointMetadata,
  path: string,
  latestPath: string,
): Promise<void> {
  const latest = await readNamed(latestPath, {
    missing: "it must be a checkpoint",
    read: readFileMetadata,
  });
  const isSame = best.corpus?.sha256 === latest.corpus?.sha256 &&
    best.vocabulary.equals(latest.vocabulary) &&
    runKeys.every((key) => best.config[key] === latest.config[key]);
  if (isSame) return;
  throw new InputError(
    `Cannot read the checkpoint ${quotePath(path)}: it is of another run than ` +
      `${quotePath(latestPath)}; name the file to read, or read the latest checkpoint`,
  );
}

/** Keys of the configuration that are the same in all checkpoints of a run. */
const runKeys = [
  "cell",
  "layers",
  "hidden",
  "seqLength",
  "batchSize",
  "seed",
  "precision",
] as const;

async function readFile(path: string): Promise<Checkpoint> {
  return fromSafetensors(await readSafetensors(path));
}

/**
 * Reads a safetensors file, as untrusted input.
 *
 * @throws {InputError} if it is damaged, without a context.
 * @throws The error of the operating system if it cannot be read.
 */
export async function readSafetensors(path: string): Promise<Safetensors> {
  return await withOpened(path, async ({ file, entries, metadata }) => {
    const tensors = new Map<string, Tensor>();
    for (const entry of entries) {
      tensors.set(entry.name, toTensor(entry, await readBytes(file, entry.end - entry.begin)));
    }
    return { tensors, metadata };
  });
}

/** What a checkpoint file says of its run, without its data. */
async function readFileMetadata(path: string): Promise<CheckpointMetadata> {
  return await withOpened(path, ({ metadata }) => {
    checkFormat(metadata);
    return Promise.resolve(parseMetadata(metadata));
  });
}

/** Opens a file whose length is exactly what its header declares. */
async function withOpened<T>(
  path: string,
  read: (opened: Header & { readonly file: OpenFile }) => Promise<T>,
): Promise<T> {
  // Checked before it is opened: opening a named pipe would wait for a writer.
  checkRegularFile(stat(path));
  using file = OpenFile.open(path);
  // Checked again: the file may have been replaced.
  const info = file.stat();
  checkRegularFile(info);
  const start = await readBytes(file, Math.min(info.size, LENGTH_BYTES));
  const header = await readBytes(file, readHeaderLength(start, info.size));
  return await read({ ...readHeader(header, info.size - start.length - header.length), file });
}

function checkRegularFile({ isFile, size }: FileInfo): void {
  if (!isFile) {
    throw new InputError("it is a folder, device, pipe or socket; it must be a regular file");
  }
  if (size > MAX_BYTES) {
    throw new InputError(`it has ${size} bytes; it must have at most ${MAX_BYTES}`);
  }
}

/** The next bytes of a file that is long enough unless it changes. */
async function readBytes(file: OpenFile, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const count = await file.readAsync(bytes.subarray(filled));
    if (count === 0) {
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
 * temporary file beside it, fsynced and renamed. A link at the path is replaced, not followed.
 *
 * @param path The file to create or replace; its folder must exist.
 * @param checkpoint What to write.
 * @param options The path of the temporary file.
 * @throws {InputError} if the checkpoint could not be read back, or the file cannot be written;
 * an existing file is then unchanged.
 *
 * @example
 * ```ts
 * import { readCheckpoint, writeCheckpoint } from "./mod.ts";
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
  checkString(path, { context: "Cannot write a checkpoint", name: "path" });
  const context = `Cannot write the checkpoint ${quotePath(path)}`;
  const checked = checkOptions(options, { schema: writeSchema, context });
  await writeCheckpointFile(path, checkpoint, checked);
}

/** As {@linkcode writeCheckpoint}, without checking the arguments. */
export async function writeCheckpointFile(
  path: string,
  checkpoint: Checkpoint,
  options: AtomicWriteOptions,
): Promise<void> {
  const bytes = await encodeCheckpoint(checkpoint);
  await withContextAsync(`Cannot write the checkpoint ${quotePath(path)}`, async () => {
    try {
      const found = lstatIfExists(path);
      // A device or pipe would be replaced by a file.
      if (found !== null && !found.isFile && !found.isSymlink) {
        throw new InputError(`it is ${describeKind(found)}; it must be a regular file`);
      }
      await writeAtomically(path, bytes, options);
    } catch (error) {
      throw toInputError(error, { path, action: "write", missing: "its folder must exist" });
    }
  });
}
