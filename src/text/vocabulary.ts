import { InputError } from "../errors.ts";

/**
 * The characters of a text: its distinct Unicode code points, ascending. A character's id is its
 * rank, so that ids do not depend on the order in which characters occur.
 *
 * Nothing is normalised or left out: line ends, combining marks and U+FEFF are characters too.
 *
 * @example
 * ```ts
 * import { Vocabulary } from "./vocabulary.ts";
 *
 * const vocabulary = Vocabulary.fromText("hello");
 * console.log(vocabulary.characters); // ehlo
 * console.log(vocabulary.encode("hole")); // Uint32Array(4) [1, 3, 2, 0]
 * console.log(vocabulary.decode([1, 3, 2, 0])); // hole
 * ```
 */
export class Vocabulary {
  /** All characters in the order of their ids. */
  readonly characters: string;
  /** V, how many characters there are: at least 1. */
  readonly size: number;
  /** The character of each id. */
  readonly #strings: readonly string[];
  /** One more than the id at each code point up to the highest; 0 where there is none. */
  readonly #ranks: Uint32Array;

  private constructor(distinct: ReadonlySet<number>, source: string) {
    if (distinct.size === 0) {
      throw new InputError(
        `Cannot make a vocabulary: ${source} must have at least one character, not none`,
      );
    }
    // A typed array sorts by value; it is as long as the number of distinct characters.
    const codePoints = Uint32Array.from(distinct).sort();
    this.#strings = Array.from(codePoints, (c) => String.fromCodePoint(c));
    this.#ranks = new Uint32Array(codePoints.at(-1)! + 1);
    codePoints.forEach((codePoint, id) => this.#ranks[codePoint] = id + 1);
    this.characters = this.#strings.join("");
    this.size = codePoints.length;
  }

  /**
   * The vocabulary of a text. That of `characters` of another vocabulary is the same again.
   *
   * @throws {InputError} when the text is empty, or has a surrogate that is not one of a pair.
   */
  static fromText(text: string): Vocabulary {
    const distinct = new Set<number>();
    let position = 0;
    for (const character of text) {
      position++;
      const codePoint = character.codePointAt(0)!;
      if (isSurrogate(codePoint)) {
        throw new InputError(
          loneSurrogate("Cannot make a vocabulary", codePoint, position),
        );
      }
      distinct.add(codePoint);
    }
    return new Vocabulary(distinct, "the text");
  }

  /**
   * The vocabulary of these code points, in any order and with any repetitions.
   *
   * @throws {InputError} when there are none, or one is not a Unicode scalar value: a whole number
   * from 0 to 0x10FFFF, except the surrogates 0xD800 to 0xDFFF.
   */
  static fromCodePoints(codePoints: Iterable<number>): Vocabulary {
    const distinct = new Set<number>();
    for (const codePoint of codePoints) {
      const valid = Number.isInteger(codePoint) && codePoint >= 0 &&
        codePoint <= 0x10ffff && !isSurrogate(codePoint);
      if (!valid) {
        throw new InputError(
          `Cannot make a vocabulary: a code point must be a whole number from 0 to 1114111 and not a surrogate (55296 to 57343), not ${codePoint}`,
        );
      }
      distinct.add(codePoint);
    }
    return new Vocabulary(distinct, "the list of code points");
  }

  /** Whether this code point is in the vocabulary. */
  has(codePoint: number): boolean {
    return this.idOf(codePoint) !== undefined;
  }

  /** The id of a code point, 0 up to, not including, V; `undefined` for one that has none. */
  idOf(codePoint: number): number | undefined {
    const rank = this.#ranks[codePoint];
    return rank ? rank - 1 : undefined;
  }

  /**
   * The id of each character of a text.
   *
   * @param doing What the text is wanted for, for an error's first words.
   * @throws {InputError} naming the first character that is not in the vocabulary, or the first
   * surrogate that is not one of a pair, with its position in characters, counted from 1.
   */
  encode(text: string, doing = "Cannot encode the text"): Uint32Array {
    const ids = new Uint32Array(text.length);
    let length = 0;
    for (let i = 0; i < text.length; i++) {
      const codePoint = text.codePointAt(i)!;
      if (codePoint > 0xffff) i++;
      const id = this.idOf(codePoint);
      if (id === undefined) {
        throw new InputError(
          isSurrogate(codePoint) ? loneSurrogate(doing, codePoint, length + 1) : unknownCharacter(
            doing,
            codePoint,
            `character ${length + 1}`,
            this.size,
          ),
        );
      }
      ids[length++] = id;
    }
    return length === ids.length ? ids : ids.slice(0, length);
  }

  /**
   * The text whose characters have these ids.
   *
   * @throws {RangeError} when an id is not a whole number from 0 up to, not including, V.
   */
  decode(ids: Iterable<number>): string {
    let text = "";
    for (const id of ids) {
      const character = this.#strings[id];
      if (character === undefined) {
        throw new RangeError(
          `Cannot decode the id ${id}: ids must be whole numbers from 0 to ${this.size - 1}`,
        );
      }
      text += character;
    }
    return text;
  }
}

/**
 * The line that says that a character is not in a vocabulary.
 *
 * @param doing What is being done, for the first words.
 * @param where Which character of the text it is.
 * @param size V, the size of the vocabulary.
 */
export function unknownCharacter(
  doing: string,
  codePoint: number,
  where: string,
  size: number,
): string {
  const among = size === 1 ? "the one character" : `the ${size} characters`;
  return `${doing}: ${where}, ${
    describe(codePoint)
  }, is not among ${among} of the vocabulary; use only characters of the text that the model was trained on`;
}

function isSurrogate(codePoint: number): boolean {
  return codePoint >= 0xd800 && codePoint <= 0xdfff;
}

function loneSurrogate(doing: string, codePoint: number, position: number) {
  return `${doing}: character ${position} is ${
    notation(codePoint)
  }, one half of a surrogate pair; the text must be well-formed Unicode`;
}

/** A code point as an error shows it: itself, quoted, where that can be read, and its number. */
function describe(codePoint: number): string {
  const character = String.fromCodePoint(codePoint);
  // Letters, numbers, punctuation, symbols, the space, and what JSON has a short escape for: alone,
  // a combining mark would join the quote, and the rest shows nothing or directs the terminal.
  return /[\p{L}\p{N}\p{P}\p{S} \t\n\r]/u.test(character)
    ? `${JSON.stringify(character)} (${notation(codePoint)})`
    : notation(codePoint);
}

function notation(codePoint: number): string {
  return `U+${codePoint.toString(16).toUpperCase().padStart(4, "0")}`;
}
