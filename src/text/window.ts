import type { Corpus } from "./corpus.ts";

/**
 * A stretch of a text that is kept as ids and moves along with whoever reads on, so that reading a
 * few characters at a time costs little wherever the text is.
 *
 * @example
 * ```ts
 * import { corpusFromText } from "./corpus.ts";
 * import { IdWindow } from "./window.ts";
 *
 * const corpus = corpusFromText("abcabcabc");
 * const window = new IdWindow(corpus, corpus.length, 4);
 * console.log(window.ids(1, 3)); // Uint32Array(3) [1, 2, 0]
 * ```
 */
export class IdWindow {
  readonly #text: Pick<Corpus, "read">;
  readonly #end: number;
  readonly #ids: Uint32Array;
  /** Which characters it holds: so many from `start` on. */
  #start = 0;
  #length = 0;

  /**
   * @param text Where the characters come from.
   * @param end The character before which it ends: nothing further on is read.
   * @param size How many characters it holds: at least as many as are asked for at a time.
   */
  constructor(text: Pick<Corpus, "read">, end: number, size: number) {
    this.#text = text;
    this.#end = end;
    this.#ids = new Uint32Array(size);
  }

  /**
   * The ids of `count` characters from `start` on; valid until the next call.
   *
   * @throws {TextError} as {@linkcode Corpus.read} does; it may be asked again then.
   */
  ids(start: number, count: number): Uint32Array {
    if (start < this.#start || start + count > this.#start + this.#length) {
      // Should reading fail, nothing that is held then counts.
      this.#length = 0;
      const length = Math.min(this.#ids.length, this.#end - start);
      this.#text.read(start, length, this.#ids);
      this.#start = start;
      this.#length = length;
    }
    const from = start - this.#start;
    return this.#ids.subarray(from, from + count);
  }
}
