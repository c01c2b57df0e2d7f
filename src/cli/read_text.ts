import { InputError } from "../errors.ts";
import { explain, reading } from "../text/text_file.ts";
import { unknownCharacter, type Vocabulary } from "../text/vocabulary.ts";

/** What stands for standard input where a path is expected. */
const STANDARD_INPUT = "-";

/**
 * Reads a whole text in UTF-8 whose characters a model knows.
 *
 * @param path A file, or `-` for standard input.
 * @param mostBytes How long it may be.
 * @throws {InputError} when it cannot be read, is longer, is not UTF-8, or has a character that is
 * not in the vocabulary, naming the first.
 */
export async function readKnownText(
  path: string,
  mostBytes: number,
  vocabulary: Vocabulary,
): Promise<string> {
  const fromInput = path === STANDARD_INPUT;
  const doing = fromInput ? "Cannot read the text from standard input" : reading(path);
  const bytes = fromInput
    ? await readAtMost(Deno.stdin, mostBytes, doing)
    : await readFile(path, mostBytes, doing);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new InputError(`${doing}: it is not UTF-8; convert it to UTF-8`);
  }
  checkKnown(text, vocabulary, doing);
  return text;
}

async function readFile(path: string, mostBytes: number, doing: string): Promise<Uint8Array> {
  try {
    // Asked before it is opened: opening a named pipe would wait for a writer.
    const { isFile, isDirectory } = await Deno.stat(path);
    if (!isFile) {
      const found = isDirectory ? "a directory" : "a device, pipe or socket";
      throw new InputError(`${doing}: it is ${found}; it must be a regular file`);
    }
    using file = await Deno.open(path);
    return await readAtMost(file, mostBytes, doing);
  } catch (error) {
    throw explain(path, error);
  }
}

/** All that a reader gives, if that is no more than so many bytes. */
async function readAtMost(
  reader: { read(buffer: Uint8Array): Promise<number | null> },
  mostBytes: number,
  doing: string,
): Promise<Uint8Array> {
  // It grows with what is there, which may be much less than what may be.
  let bytes = new Uint8Array(Math.min(1 << 16, mostBytes + 1));
  let length = 0;
  while (true) {
    const count = await reader.read(bytes.subarray(length));
    if (count === null) return bytes.subarray(0, length);
    length += count;
    if (length > mostBytes) {
      throw new InputError(`${doing}: it has more than ${mostBytes} bytes; take a part of it`);
    }
    if (length === bytes.length) {
      const longer = new Uint8Array(Math.min(2 * length, mostBytes + 1));
      longer.set(bytes);
      bytes = longer;
    }
  }
}

function checkKnown(text: string, vocabulary: Vocabulary, doing: string): void {
  let line = 1;
  let column = 0;
  for (const character of text) {
    column++;
    const codePoint = character.codePointAt(0)!;
    if (!vocabulary.has(codePoint)) {
      const where = `line ${line}, character ${column}`;
      throw new InputError(unknownCharacter(doing, codePoint, where, vocabulary.size));
    }
    if (character === "\n") {
      line++;
      column = 0;
    }
  }
}
