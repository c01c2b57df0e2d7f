/** Characters that a vocabulary lacks: listing, skipping and replacing them. */

import { checkOptions, checkString, optionsSchema } from "../arguments.ts";
import { InputError, withContext } from "../errors.ts";
import { quote } from "../json.ts";
import { unchecked } from "../schemas.ts";
import { listUnknown, type UnknownCharacter } from "./unknown_characters.ts";
import { codePointAt, completeLength, utf8Length } from "./utf8.ts";
import { checkVocabulary, type Vocabulary } from "./vocabulary.ts";

/** What happens to a character that a vocabulary lacks: it is left out, or another takes its place. */
export type UnknownPolicy = "skip" | "replace";

/** A text without unknown characters; see {@linkcode toKnown}. */
export interface KnownText {
  /** The text. */
  readonly text: string;
  /** What was left out or replaced, the most frequent first. */
  readonly unknown: readonly UnknownCharacter[];
}

/** Options of {@linkcode toKnown}. */
export interface ToKnownOptions {
  /** The vocabulary. */
  readonly vocabulary: Vocabulary;
  /** What happens to other characters. */
  readonly unknown: UnknownPolicy;
}

/**
 * Leaves out or replaces the characters of a text that a vocabulary lacks, for a model that is to
 * read it nevertheless.
 *
 * `replace` takes the unknown symbol of the vocabulary if it has one. Otherwise it takes the
 * character without its accents, in the other case, or in its ASCII form, if the vocabulary has
 * that, and else a space; a character that has none of these is left out.
 *
 * @throws {InputError} if `unknown` is no policy.
 * @throws {TypeError} if the text is no string, or the vocabulary no vocabulary.
 *
 * @example
 * ```ts
 * import { toKnown, Vocabulary } from "../mod.ts";
 *
 * const vocabulary = Vocabulary.fromText("the cafe");
 * console.log(toKnown("thé café", { vocabulary, unknown: "replace" }).text); // the cafe
 * console.log(toKnown("thé café", { vocabulary, unknown: "skip" }).unknown);
 * // [ { character: "é", count: 2 } ]
 * ```
 */
export function toKnown(text: string, options: ToKnownOptions): KnownText {
  const context = "Cannot replace unknown characters";
  checkString(text, { context, name: "text" });
  const { vocabulary, unknown } = checkOptions(options, { schema: toKnownSchema, context });
  checkVocabulary(vocabulary, context);
  withContext(context, () => checkPolicy(unknown));
  const counts = new Map<number, number>();
  let known = "";
  for (const character of text) {
    const codePoint = character.codePointAt(0)!;
    if (vocabulary.has(codePoint)) {
      known += character;
      continue;
    }
    counts.set(codePoint, (counts.get(codePoint) ?? 0) + 1);
    const id = unknown === "replace" ? substituteFor(codePoint, vocabulary) : undefined;
    if (id !== undefined) known += vocabulary.decode([id]);
  }
  return { text: known, unknown: listUnknown(counts) };
}

const toKnownSchema = optionsSchema({}, { vocabulary: unchecked, unknown: unchecked });

/** @throws {InputError} if a value is no policy. */
export function checkPolicy(unknown: UnknownPolicy): void {
  if (unknown === "skip" || unknown === "replace") return;
  throw new InputError(`"unknown" must be skip or replace, not ${quote(unknown)}`, {
    option: "unknown",
  });
}

/** The id that takes the place of a character; `undefined` if there is none. */
export function substituteFor(codePoint: number, vocabulary: Vocabulary): number | undefined {
  if (vocabulary.unknown !== undefined) return vocabulary.unknown;
  const character = String.fromCodePoint(codePoint);
  const ascii = typography.find(([pattern]) => pattern.test(character))?.[1];
  const candidates = [
    character.normalize("NFKD"),
    character.toLowerCase(),
    character.toUpperCase(),
    character.normalize("NFKD").toLowerCase(),
    ascii ?? "",
    " ",
  ];
  for (const candidate of candidates) {
    const id = candidate === "" ? undefined : vocabulary.idOf(candidate.codePointAt(0)!);
    if (id !== undefined) return id;
  }
  return undefined;
}

/** The ASCII forms of signs of typography. */
const typography: readonly (readonly [RegExp, string])[] = [
  [/[“”„«»‟]/, '"'],
  [/[‘’‚‹›‛′`´]/, "'"],
  [/\p{Pd}|−/u, "-"],
  [/[…。．]/, "."],
  [/[\u2028\u2029\x85]/, "\n"],
];

/**
 * Leaves out or replaces the unknown characters of a stream of UTF-8. Bytes that are not UTF-8 stay
 * as they are.
 */
export class KnownFilter {
  readonly #vocabulary: Vocabulary;
  readonly #policy: UnknownPolicy;
  readonly #counts = new Map<number, number>();
  /** The bytes that take the place of a character, by its code point. */
  readonly #substitutes = new Map<number, Uint8Array>();
  #leftOver = new Uint8Array(0);

  /** Creates a filter for a text, from its start. */
  constructor({ vocabulary, unknown }: ToKnownOptions) {
    this.#vocabulary = vocabulary;
    this.#policy = unknown;
  }

  /** What was left out or replaced so far, by code point. */
  get counts(): ReadonlyMap<number, number> {
    return this.#counts;
  }

  /** The known bytes of the next ones, up to the last whole character. */
  filter(chunk: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(this.#leftOver.length + chunk.length);
    bytes.set(this.#leftOver);
    bytes.set(chunk, this.#leftOver.length);
    const end = completeLength(bytes);
    this.#leftOver = bytes.slice(end);
    // The unknown symbol may take more bytes than the character.
    let known = new Uint8Array(end);
    let length = 0;
    const append = (part: Uint8Array) => {
      if (length + part.length > known.length) {
        const longer = new Uint8Array(2 * (length + part.length));
        longer.set(known);
        known = longer;
      }
      known.set(part, length);
      length += part.length;
    };
    let copied = 0;
    for (let i = 0; i < end;) {
      const codePoint = codePointAt(bytes, i);
      const next = i + (codePoint < 0 ? 1 : utf8Length(codePoint));
      if (codePoint >= 0 && !this.#vocabulary.has(codePoint)) {
        append(bytes.subarray(copied, i));
        append(this.#replace(codePoint));
        copied = next;
      }
      i = next;
    }
    append(bytes.subarray(copied, end));
    return known.subarray(0, length);
  }

  /** Ends a text: returns the bytes of a character that its end cuts off. */
  finish(): Uint8Array {
    const rest = this.#leftOver;
    this.#leftOver = new Uint8Array(0);
    return rest;
  }

  #replace(codePoint: number): Uint8Array {
    this.#counts.set(codePoint, (this.#counts.get(codePoint) ?? 0) + 1);
    let substitute = this.#substitutes.get(codePoint);
    if (substitute === undefined) {
      const id = this.#policy === "skip" ? undefined : substituteFor(codePoint, this.#vocabulary);
      const text = id === undefined ? "" : this.#vocabulary.decode([id]);
      this.#substitutes.set(codePoint, substitute = new TextEncoder().encode(text));
    }
    return substitute;
  }
}
