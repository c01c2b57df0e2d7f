import { InputError, withContextAsync } from "../errors.ts";
import { quotePath } from "../json.ts";
import { openRegularFile } from "../text/text_file.ts";
import { unknownCharacter, type Vocabulary } from "../text/vocabulary.ts";

/** Stands for standard input where a path is expected. */
const STANDARD_INPUT = "-";

/** Options of {@linkcode readKnownText}. */
export interface ReadKnownTextOptions {
  /** The vocabulary that the text must be in. */
  readonly vocabulary: Vocabulary;
  /** The maximal length in bytes. */
  readonly maxBytes: number;
}

/**
 * Reads a whole UTF-8 text whose characters are all in a model's vocabulary.
 *
 * @param path A file, or `-` for standard input.
 * @param options The vocabulary, and the maximal length.
 * @throws {InputError} when it cannot be read, is longer, is not UTF-8, or has a character that is
 * not in the vocabulary, naming the first.
 */
export async function readKnownText(
  path: string,
  { vocabulary, maxBytes }: ReadKnownTextOptions,
): Promise<string> {
  const name = path === STANDARD_INPUT ? "from standard input" : quotePath(path);
  return await withContextAsync(`Cannot read the text ${name}`, async () => {
    const text = decode(
      path === STANDARD_INPUT
        ? await readAtMost(Deno.stdin, maxBytes)
        : await readFile(path, maxBytes),
    );
    checkKnown(text, vocabulary);
    return text;
  });
}

async function readFile(path: string, maxBytes: number): Promise<Uint8Array> {
  using file = await openRegularFile(path);
  return await readAtMost(file, maxBytes);
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
    if (count === null) return bytes.subarray(0, length);
    length += count;
    if (length > maxBytes) {
      throw new InputError(`it has more than ${maxBytes} bytes; take a part of it`);
    }
    if (length === bytes.length) {
      const longer = new Uint8Array(Math.min(2 * length, maxBytes + 1));
      longer.set(bytes);
      bytes = longer;
    }
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new InputError("it is not UTF-8; convert it to UTF-8");
  }
}

function checkKnown(text: string, vocabulary: Vocabulary): void {
  let line = 1;
  let column = 0;
  for (const character of text) {
    column++;
    const codePoint = character.codePointAt(0)!;
    if (!vocabulary.has(codePoint)) {
      throw unknownCharacter(codePoint, {
        where: `line ${line}, character ${column}`,
        vocabulary,
      });
    }
    if (character === "\n") {
      line++;
      column = 0;
    }
  }
}
