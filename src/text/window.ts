import type { Corpus } from "./corpus.ts";

/** Options of {@linkcode IdWindow}. */
export interface IdWindowOptions {
  /** The end of what is read, in characters: the buffer never reads beyond it. */
  readonly end: number;
  /** The number of characters that are buffered: at least as many as each call asks for. */
  readonly size: number;
}

/**
 * A read-ahead buffer of character ids. It makes sequential reads of a few characters cheap,
 * whether the text is in memory or in a file.
 *
 * @example
 * ```ts
 * import { corpusFromText } from "./corpus.ts";
 * import { IdWindow } from "./window.ts";
 *
 * const corpus = corpusFromText("abcabcabc");
 * const window = new IdWindow(corpus, { end: corpus.length, size: 4 });
 * console.log(window.read(1, 3)); // Uint32Array(3) [1, 2, 0]
 * ```
 */
export class IdWindow {
  readonly #corpus: Pick<Corpus, "read">;
  readonly #end: number;
  readonly #ids: Uint32Array;
  /** The buffer holds `#length` characters from `#start` on. */
  #start = 0;
  #length = 0;

  /** Creates an empty buffer for a corpus. */
  constructor(corpus: Pick<Corpus, "read">, { end, size }: IdWindowOptions) {
    this.#corpus = corpus;
    this.#end = end;
    this.#ids = new Uint32Array(size);
  }

  /**
   * Reads the ids of `count` characters from `start` on.
   *
   * @returns A view that is valid until the next call.
   * @throws {TextError} as {@linkcode Corpus.read} does; the call may be repeated.
   */
  read(start: number, count: number): Uint32Array {
    if (start < this.#start || start + count > this.#start + this.#length) {
      // If reading fails, the buffer is empty.
      this.#length = 0;
      const length = Math.min(this.#ids.length, this.#end - start);
      this.#corpus.read(start, length, { into: this.#ids });
      this.#start = start;
      this.#length = length;
    }
    const offset = start - this.#start;
    return this.#ids.subarray(offset, offset + count);
  }
}
