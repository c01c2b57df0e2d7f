/** The texts that commands read: files, pipes and standard input, all in one way. */

import { InputError, withContextAsync } from "../errors.ts";
import { statIfExists } from "../files/file_identity.ts";
import type { FileInfo } from "../files/fs.ts";
import { quotePath } from "../json.ts";
import { toInputError } from "../files/os_errors.ts";
import { MAX_BYTES_IN_MEMORY, readCorpus } from "../files/read_corpus.ts";
import { type Corpus, corpusFromBytes } from "../text/corpus.ts";
import type { Vocabulary } from "../text/vocabulary.ts";
import { printMessage } from "./output.ts";
import { readWithProgress } from "./progress_bar.ts";

/** What a text from standard input is called, in messages and in the record of a run. */
export const STANDARD_INPUT = "standard input";

/** Paths of standard input. Deno opens none of those below /dev. */
const standardInputs: readonly string[] = ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"];

/** The run folder of a text from standard input or a pipe of the shell, if none is given. */
export const UNNAMED_RUN = "runs/stdin";

/** Whether a path stands for standard input. */
export function isStandardInput(path: string): boolean {
  return standardInputs.includes(path);
}

/** Whether a path is no name for a text: standard input, or the `/dev/fd/63` of `<(…)`. */
export function isUnnamed(path: string): boolean {
  return isStandardInput(path) || /^\/(dev|proc\/self)\/fd\/\d+$/.test(path);
}

/** Options of {@linkcode readText}. */
export interface ReadTextOptions {
  /** The vocabulary to encode the text with. Default: the text's own. */
  readonly vocabulary?: Vocabulary;
  /** The maximal length in bytes. Default: any for a file, 64 MiB for a pipe. */
  readonly maxBytes?: number;
}

/**
 * Reads the text that a command line names.
 *
 * @param path A file, a pipe, or `-` for standard input. What is no regular file is read to its end
 * and held in memory.
 * @param options The vocabulary, and the maximal length.
 * @throws {InputError} when it cannot be read, is longer, is not UTF-8, or has a character that is
 * not in the vocabulary, naming the first.
 */
export async function readText(
  path: string,
  { vocabulary, maxBytes = Infinity }: ReadTextOptions = {},
): Promise<Corpus> {
  const name = isStandardInput(path) ? STANDARD_INPUT : path;
  const bytes = await withContextAsync(`Cannot read the text ${quotePath(name)}`, async () => {
    const limit = Math.min(maxBytes, MAX_BYTES_IN_MEMORY);
    if (isStandardInput(path)) {
      if (Deno.stdin.isTerminal()) {
        printMessage("Type the text; end it with Ctrl-D on a line of its own");
      }
      return await readAtMost(Deno.stdin, limit);
    }
    const info = infoOf(path);
    if (info?.isFifo || info?.isCharDevice) return await readPipe(path, limit);
    if (info !== null && info.size > maxBytes) throw tooLong(maxBytes);
    return undefined;
  });
  if (bytes !== undefined) return corpusFromBytes(bytes, { name, vocabulary });
  return await readWithProgress((options) => readCorpus(path, { ...options, vocabulary }));
}

/** Information about a path; `null` if there is none, which reading it explains. */
function infoOf(path: string): FileInfo | null {
  try {
    return statIfExists(path);
  } catch {
    return null;
  }
}

async function readPipe(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    using file = await Deno.open(path);
    return await readAtMost(file, maxBytes);
  } catch (error) {
    throw toInputError(error, { path, action: "read", missing: "it must be the path of a text" });
  }
}

/** Reads everything, if it is at most so many bytes. */
async function readAtMost(
  reader: { read(buffer: Uint8Array): Promise<number | null> },
  maxBytes: number,
): Promise<Uint8Array> {
  // The buffer grows with what is read, which may be much less than the maximum.
  let bytes = new Uint8Array(Math.min(1 << 16, maxBytes + 1));
  let length = 0;
  while (true) {
    const count = await reader.read(bytes.subarray(length));
    if (count === null) return bytes.slice(0, length);
    length += count;
    if (length > maxBytes) throw tooLong(maxBytes);
    if (length === bytes.length) {
      const longer = new Uint8Array(Math.min(2 * length, maxBytes + 1));
      longer.set(bytes);
      bytes = longer;
    }
  }
}

function tooLong(maxBytes: number): InputError {
  const advice = maxBytes < MAX_BYTES_IN_MEMORY ? "take a part of it" : "save it to a file";
  return new InputError(`it has more than ${maxBytes.toLocaleString("en")} bytes; ${advice}`);
}
