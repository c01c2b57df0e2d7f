/** Lists of characters that a vocabulary lacks, and the error for them. */

import { InputError } from "../errors.ts";
import { describeCharacter } from "./unicode.ts";

/** A character that a vocabulary lacks. */
export interface UnknownCharacter {
  /** The character. */
  readonly character: string;
  /** How often it occurs. */
  readonly count: number;
}

/** Counts by code point as a list, the most frequent first. */
export function listUnknown(counts: ReadonlyMap<number, number>): readonly UnknownCharacter[] {
  return [...counts].toSorted(([a, m], [b, n]) => n - m || a - b)
    .map(([codePoint, count]) => ({ character: String.fromCodePoint(codePoint), count }));
}

/** Characters that a description names. */
const MAX_NAMED = 200;

/**
 * Describes unknown characters with their counts, in one line.
 *
 * @example
 * ```ts
 * import { describeUnknown } from "./unknown_characters.ts";
 *
 * console.log(describeUnknown([{ character: "é", count: 2 }])); // "é" (U+00E9) 2 times
 * ```
 */
export function describeUnknown(unknown: readonly UnknownCharacter[]): string {
  const times = (count: number) => count === 1 ? "once" : `${count.toLocaleString("en")} times`;
  const named = unknown.slice(0, MAX_NAMED).map(({ character, count }) =>
    `${describeCharacter(character.codePointAt(0)!)} ${times(count)}`
  );
  const rest = unknown.slice(MAX_NAMED);
  if (rest.length > 0) {
    const count = rest.reduce((sum, { count }) => sum + count, 0);
    named.push(`${rest.length.toLocaleString("en")} other characters ${times(count)}`);
  }
  return named.join(", ");
}

/** Where the first unknown character is, and what is known of all. */
export interface UnknownPlace {
  /** For example `line 2, character 7`. */
  readonly where: string;
  /** The vocabulary that lacks it. */
  readonly vocabulary: { readonly size: number };
  /** All characters of the text that it lacks. */
  readonly unknown: readonly UnknownCharacter[];
  /** Whether the call has an option "unknown". Default: false. */
  readonly hasOption?: boolean;
}

/** Returns the error for characters that a vocabulary lacks, by the first of them. */
export function unknownCharacter(
  codePoint: number,
  { where, vocabulary: { size }, unknown, hasOption = false }: UnknownPlace,
): InputError {
  const character = describeCharacter(codePoint);
  const characters = size === 1 ? "the one character" : `the ${size} characters`;
  const isAlone = unknown.length === 1 && unknown[0]!.count === 1;
  const all = isAlone ? "" : `; unknown in all: ${describeUnknown(unknown)}`;
  const found = `${where}, ${character}, is not among ${characters} of the vocabulary${all}; use ` +
    "only characters of the text that the model was trained on";
  return hasOption
    ? new InputError(`${found}, or set "unknown" to skip or replace`, { option: "unknown" })
    : new InputError(found);
}
