/** A position in a text, in characters and in bytes. */
export interface CharOffset {
  /** The number of characters before it. */
  readonly character: number;
  /** The number of UTF-8 bytes before it. */
  readonly byte: number;
}

/** Finds positions in a text. */
export interface CharOffsets {
  /** Returns a known position at or before a character; the start of the text if there is none. */
  floor(character: number): CharOffset;
}

/** Options of {@linkcode CharIndex}. */
export interface CharIndexOptions {
  /** Characters between two entries at first: a whole number above 0. Default: 512. */
  readonly stride?: number;
  /** The number of entries at most: an even number above 0. Default: 524,288. */
  readonly maxEntries?: number;
}

/**
 * A sparse index of a UTF-8 text: the byte offset of every n-th character. It finds any character
 * by decoding only the few before it.
 *
 * When the index is full, n doubles and every other entry is dropped. So it never takes more than
 * 4 MiB, and in a text of 2 GiB its entries are at most 4,096 characters apart.
 *
 * @example
 * ```ts
 * import { CharIndex } from "./char_index.ts";
 *
 * const index = new CharIndex({ stride: 2 });
 * for (const byte of [0, 3, 7]) index.add(byte); // of characters 0, 2 and 4
 * console.log(index.floor(3)); // { character: 2, byte: 3 }
 * ```
 */
export class CharIndex implements CharOffsets {
  #offsets: number[] = [];
  #stride: number;
  readonly #maxEntries: number;

  /** Creates an empty index. */
  constructor({ stride = 512, maxEntries = 1 << 19 }: CharIndexOptions = {}) {
    this.#stride = stride;
    this.#maxEntries = maxEntries;
  }

  /** The character whose byte offset must be added next. */
  get nextCharacter(): number {
    return this.#offsets.length * this.#stride;
  }

  /** Characters between two entries. */
  get stride(): number {
    return this.#stride;
  }

  /** The byte offset of each entry. */
  get offsets(): readonly number[] {
    return this.#offsets;
  }

  /** Adds the byte offset of {@linkcode CharIndex.nextCharacter}. */
  add(byte: number): void {
    if (this.#offsets.length === this.#maxEntries) {
      this.#offsets = this.#offsets.filter((_, i) => i % 2 === 0);
      this.#stride *= 2;
    }
    this.#offsets.push(byte);
  }

  /** Returns the last entry at or before a character; the start of the text if there is none. */
  floor(character: number): CharOffset {
    const last = Math.max(0, this.#offsets.length - 1);
    const i = Math.min(Math.floor(character / this.#stride), last);
    return { character: i * this.#stride, byte: this.#offsets[i] ?? 0 };
  }
}

/** The index of a part of a text. */
export interface IndexPart {
  /** Where the part begins. */
  readonly start: CharOffset;
  /** Characters between two entries. */
  readonly stride: number;
  /** The byte offset of each entry, from the start of the part. */
  readonly offsets: ArrayLike<number>;
}

/** The index of a text of which several processes have scanned a part each. */
export class JoinedIndex implements CharOffsets {
  readonly #parts: readonly IndexPart[];

  /** @param parts The first begins at the start of the text, each other where the one before ends. */
  constructor(parts: readonly IndexPart[]) {
    this.#parts = parts;
  }

  /** Returns the last entry at or before a character. */
  floor(character: number): CharOffset {
    const { start, stride, offsets } = this.#parts.findLast((part) =>
      part.start.character <= character && part.offsets.length > 0
    )!;
    const i = Math.min(Math.floor((character - start.character) / stride), offsets.length - 1);
    return { character: start.character + i * stride, byte: start.byte + offsets[i]! };
  }
}
