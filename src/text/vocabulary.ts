import { checkOptions, checkString, optionsSchema, wrongType } from "../arguments.ts";
import { InputError, withContext } from "../errors.ts";
import { quote } from "../json.ts";
import { flag } from "../schemas.ts";
import { formatCodePoint, isSurrogate } from "./unicode.ts";
import { listUnknown, type UnknownCharacter, unknownCharacter } from "./unknown_characters.ts";

/** The character that stands for all others in a vocabulary that has an unknown symbol: U+FFFD. */
export const UNKNOWN = 0xfffd;

/** Options of {@linkcode Vocabulary.fromText} and {@linkcode Vocabulary.fromCodePoints}. */
export interface VocabularyOptions {
  /**
   * Whether U+FFFD, the replacement character, is the unknown symbol: it stands for all characters
   * that the vocabulary lacks, and is never sampled. It is added if it is not there. Default: false.
   */
  readonly unknown?: boolean;
}

const vocabularyOptionsSchema = optionsSchema({ unknown: flag });

/**
 * The distinct characters of a text, which are Unicode code points, in ascending order. The id of a
 * character is its rank, so ids do not depend on the order in which characters occur.
 *
 * Nothing is normalized or skipped: line breaks, combining marks and U+FEFF are characters too.
 *
 * @example
 * ```ts
 * import { Vocabulary } from "../mod.ts";
 *
 * const vocabulary = Vocabulary.fromText("hello");
 * console.log(vocabulary.characters); // ehlo
 * console.log(vocabulary.encode("hole")); // Uint32Array(4) [1, 3, 2, 0]
 * console.log(vocabulary.decode([1, 3, 2, 0])); // hole
 * ```
 */
export class Vocabulary {
  /** All characters, in the order of their ids. */
  readonly characters: string;
  /** V, the number of characters: at least 1. */
  readonly size: number;
  /** The id of the unknown symbol, which stands for all other characters, if there is one. */
  readonly unknown: number | undefined;
  /** The character of each id. */
  readonly #strings: readonly string[];
  /**
   * The id of each code point plus 1, up to the highest code point; 0 for code points without id.
   */
  readonly #ranks: Uint32Array;

  private constructor(
    distinct: Set<number>,
    { source, unknown }: { readonly source: string; readonly unknown: boolean },
  ) {
    if (!(distinct instanceof Set)) {
      throw new TypeError("Cannot make a vocabulary: use Vocabulary.fromText()");
    }
    if (distinct.size === 0) {
      throw new InputError(`${source} must have at least one character, not none`);
    }
    if (unknown) distinct.add(UNKNOWN);
    // A typed array sorts by value.
    const codePoints = Uint32Array.from(distinct).sort();
    this.#strings = Array.from(codePoints, (codePoint) => String.fromCodePoint(codePoint));
    this.#ranks = new Uint32Array(codePoints.at(-1)! + 1);
    codePoints.forEach((codePoint, id) => this.#ranks[codePoint] = id + 1);
    this.characters = this.#strings.join("");
    this.size = codePoints.length;
    this.unknown = unknown ? this.idOf(UNKNOWN) : undefined;
    Object.freeze(this);
  }

  /**
   * Creates the vocabulary of a text. The `characters` of a vocabulary give an equal one.
   *
   * @throws {InputError} if the text is empty, or has a lone surrogate, or if an option is wrong.
   * @throws {TypeError} if it is not a string.
   */
  static fromText(text: string, options: VocabularyOptions = {}): Vocabulary {
    const context = "Cannot make a vocabulary";
    checkString(text, { context, name: "text" });
    const { unknown = false } = checkOptions(options, { schema: vocabularyOptionsSchema, context });
    return withContext("Cannot make a vocabulary", () => {
      const distinct = new Set<number>();
      let position = 0;
      for (const character of text) {
        position++;
        const codePoint = character.codePointAt(0)!;
        if (isSurrogate(codePoint)) throw loneSurrogate(codePoint, position);
        distinct.add(codePoint);
      }
      return new Vocabulary(distinct, { source: "the text", unknown });
    });
  }

  /**
   * Creates the vocabulary of code points, in any order and with any repetitions.
   *
   * @throws {InputError} if there are none, or one is not a Unicode scalar value: a whole number
   * from 0 to 0x10FFFF, except the surrogates 0xD800 to 0xDFFF.
   * @throws {TypeError} if `codePoints` cannot be iterated.
   */
  static fromCodePoints(
    codePoints: Iterable<number>,
    options: VocabularyOptions = {},
  ): Vocabulary {
    const context = "Cannot make a vocabulary";
    checkIterable(codePoints, { context, name: "codePoints" });
    const { unknown = false } = checkOptions(options, { schema: vocabularyOptionsSchema, context });
    return withContext(context, () => {
      const distinct = new Set<number>();
      for (const codePoint of codePoints) {
        const isValid = Number.isInteger(codePoint) && codePoint >= 0 &&
          codePoint <= 0x10ffff && !isSurrogate(codePoint);
        if (!isValid) {
          throw new InputError(
            "a code point must be a whole number from 0 to 1114111 and not a surrogate (55296 to " +
              `57343), not ${quote(codePoint)}`,
          );
        }
        distinct.add(codePoint);
      }
      return new Vocabulary(distinct, { source: "the list of code points", unknown });
    });
  }

  /**
   * Whether another vocabulary gives every character the same id.
   *
   * @throws {TypeError} if it is no vocabulary.
   */
  equals(other: Vocabulary): boolean {
    checkVocabulary(other, "Cannot compare vocabularies");
    return this.characters === other.characters && this.unknown === other.unknown;
  }

  /** Whether a code point is in the vocabulary. */
  has(codePoint: number): boolean {
    return this.idOf(codePoint) !== undefined;
  }

  /** Returns the id of a code point, 0 to below V; `undefined` when it is not in the vocabulary. */
  idOf(codePoint: number): number | undefined {
    const rank = typeof codePoint === "number" ? this.#ranks[codePoint] : undefined;
    return rank ? rank - 1 : undefined;
  }

  /**
   * Encodes a text as the ids of its characters. Those that the vocabulary lacks are its unknown
   * symbol, if it has one.
   *
   * @throws {InputError} listing the characters that are not in the vocabulary, or naming the first
   * lone surrogate, with its position in characters, counted from 1.
   * @throws {TypeError} if the text is not a string.
   */
  encode(text: string): Uint32Array {
    return withContext("Cannot encode the text", () => encodeText(text, this));
  }

  /**
   * Decodes ids to the text of their characters.
   *
   * @throws {RangeError} if an id is not a whole number from 0 to below V.
   * @throws {TypeError} if `ids` cannot be iterated.
   */
  decode(ids: Iterable<number>): string {
    checkIterable(ids, { context: "Cannot decode ids", name: "ids" });
    let text = "";
    for (const id of ids) {
      const character = typeof id === "number" ? this.#strings[id] : undefined;
      if (character === undefined) {
        throw new RangeError(
          `Cannot decode the id ${quote(id)}: ids must be whole numbers from 0 to ${this.size - 1}`,
        );
      }
      text += character;
    }
    return text;
  }
}

/**
 * Encodes a text as {@linkcode Vocabulary.encode} does, for a caller that adds another context to
 * an error.
 *
 * @throws {InputError} without a context.
 * @throws {TypeError} if the text is not a string.
 */
export function encodeText(text: string, vocabulary: Vocabulary): Uint32Array {
  checkString(text, { context: "Cannot encode a text", name: "text" });
  const ids = new Uint32Array(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const codePoint = text.codePointAt(i)!;
    if (codePoint > 0xffff) i++;
    if (isSurrogate(codePoint)) throw loneSurrogate(codePoint, length + 1);
    const id = vocabulary.idOf(codePoint) ?? vocabulary.unknown;
    if (id === undefined) {
      const unknown = findUnknown(text, vocabulary);
      throw unknownCharacter(codePoint, { where: `character ${length + 1}`, vocabulary, unknown });
    }
    ids[length++] = id;
  }
  return length === ids.length ? ids : ids.slice(0, length);
}

/** The characters of a text that a vocabulary lacks, the most frequent first. */
export function findUnknown(text: string, vocabulary: Vocabulary): readonly UnknownCharacter[] {
  const counts = new Map<number, number>();
  for (const character of text) {
    const codePoint = character.codePointAt(0)!;
    if (!vocabulary.has(codePoint)) counts.set(codePoint, (counts.get(codePoint) ?? 0) + 1);
  }
  return listUnknown(counts);
}

/**
 * Checks a vocabulary that was passed to a function.
 *
 * @throws {TypeError} if it is none.
 */
export function checkVocabulary(vocabulary: Vocabulary, context: string): void {
  if (vocabulary instanceof Vocabulary) return;
  const expected = "a Vocabulary";
  throw wrongType({ context, name: "vocabulary", expected, value: vocabulary });
}

function checkIterable(
  value: unknown,
  { context, name }: { readonly context: string; readonly name: string },
): void {
  const isIterable = typeof value === "object" && value !== null && Symbol.iterator in value;
  if (!isIterable) {
    throw wrongType({ context, name, expected: "an array, or another iterable", value });
  }
}

function loneSurrogate(codePoint: number, position: number): InputError {
  return new InputError(
    `character ${position} is ${formatCodePoint(codePoint)}, one half of a surrogate pair; the ` +
      "text must be well-formed Unicode",
  );
}
