/** A part of a text, with what the model reads before it. */
export interface TextPart {
  /** The end of the text before the part: at most {@linkcode LEAD} characters. */
  readonly lead: readonly string[];
  readonly characters: readonly string[];
}

/**
 * Characters that the model reads before a part, so that its state is nearly that of a model that has
 * read the whole text.
 */
export const LEAD = 1000;
/** Bytes that are counted between two turns of the event loop, which takes a millisecond or two. */
const SLICE = 1 << 18;
/** The most bytes of a character. */
const MAX_BYTES = 4;

/** Whether a byte of UTF-8 continues a character. */
function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/**
 * A text of any length that is looked into part by part. Only the parts that are asked for are
 * decoded.
 */
export class TextParts {
  readonly #blob: Blob;
  /** The byte at which each part begins, and the length of the text. */
  readonly #offsets: readonly number[];

  /** Length of the text in characters. */
  readonly chars: number;
  /** Characters of each part but the last. */
  readonly partLength: number;

  private constructor(
    blob: Blob,
    { chars, partLength, offsets }: {
      readonly chars: number;
      readonly partLength: number;
      readonly offsets: readonly number[];
    },
  ) {
    this.#blob = blob;
    this.#offsets = offsets;
    this.chars = chars;
    this.partLength = partLength;
  }

  /**
   * Counts the characters of a text.
   *
   * @param content A string, or a file of UTF-8.
   * @param partLength Characters of each part but the last.
   */
  static async of(content: string | Blob, partLength: number): Promise<TextParts> {
    const blob = typeof content === "string" ? new Blob([content]) : content;
    const offsets: number[] = [];
    let chars = 0;
    let untilNext = 0;
    for (let start = 0; start < blob.size; start += SLICE) {
      const bytes = await bytesOf(blob, start, start + SLICE);
      for (let i = 0; i < bytes.length; i++) {
        if (isContinuation(bytes[i]!)) continue;
        if (untilNext === 0) {
          offsets.push(start + i);
          untilNext = partLength;
        }
        untilNext--;
        chars++;
      }
    }
    offsets.push(blob.size);
    return new TextParts(blob, { chars, partLength, offsets });
  }

  /** Number of parts. */
  get count(): number {
    return this.#offsets.length - 1;
  }

  /** The index in the text of the first character of a part. */
  startOf(part: number): number {
    return part * this.partLength;
  }

  /** Reads a part. Characters that are no UTF-8 are U+FFFD. */
  async read(part: number): Promise<TextPart> {
    const [start = 0, end = start] = this.#offsets.slice(part, part + 2);
    const before = await bytesOf(this.#blob, Math.max(0, start - MAX_BYTES * LEAD), start);
    const first = before.findIndex((byte) => !isContinuation(byte));
    return {
      lead: charactersOf(before.subarray(Math.max(0, first))).slice(-LEAD),
      characters: charactersOf(await bytesOf(this.#blob, start, end)),
    };
  }
}

async function bytesOf(blob: Blob, start: number, end: number): Promise<Uint8Array> {
  return new Uint8Array(await blob.slice(start, end).arrayBuffer());
}

function charactersOf(bytes: Uint8Array): string[] {
  // A byte-order mark is a character of the text, as in training.
  return [...new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)];
}
