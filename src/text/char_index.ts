/** A place in a text, found by counting characters, and where its bytes begin. */
export interface Landmark {
  /** How many characters come before it. */
  readonly character: number;
  /** How many bytes of UTF-8 come before it. */
  readonly offset: number;
}

/**
 * The byte offsets of every n-th character of a text, so that any character is found by reading
 * only the few before it.
 *
 * n doubles whenever there would be too many of them: 4 MiB is the most that they ever take, and in
 * a text of 2 GiB they are at most 4,096 characters apart.
 *
 * @example
 * ```ts
 * import { CharIndex } from "./char_index.ts";
 *
 * const landmarks = new CharIndex(2);
 * for (const offset of [0, 3, 7]) landmarks.add(offset); // of characters 0, 2 and 4
 * console.log(landmarks.before(3)); // { character: 2, offset: 3 }
 * ```
 */
export class CharIndex {
  #offsets: number[] = [];
  #stride: number;
  readonly #most: number;

  /**
   * @param stride n at first: a whole number above 0.
   * @param most How many there may be: an even number above 0.
   */
  constructor(stride = 512, most = 1 << 19) {
    this.#stride = stride;
    this.#most = most;
  }

  /** The character whose offset is to be added next. */
  get next(): number {
    return this.#offsets.length * this.#stride;
  }

  /** Adds the offset of the character that is {@linkcode CharIndex.next}. */
  add(offset: number): void {
    if (this.#offsets.length === this.#most) {
      this.#offsets = this.#offsets.filter((_, i) => i % 2 === 0);
      this.#stride *= 2;
    }
    this.#offsets.push(offset);
  }

  /** The last one that is not after a character; the text's start if there is none. */
  before(character: number): Landmark {
    const last = Math.max(0, this.#offsets.length - 1);
    const i = Math.min(Math.floor(character / this.#stride), last);
    return { character: i * this.#stride, offset: this.#offsets[i] ?? 0 };
  }
}
