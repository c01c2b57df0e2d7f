/**
 * What a unit may follow: a number for each character of a text, computed from the text alone.
 *
 * @module
 */

/** A feature of characters. */
export interface Feature {
  /** For people, as in "follows …". */
  readonly label: string;
  /** One number for each character, at the moment when it has just been read. */
  readonly compute: (characters: readonly string[]) => Float64Array;
}

const isWordCharacter = (character: string | undefined) =>
  character !== undefined && /[\p{L}\p{M}\p{N}]/u.test(character);
const isSpace = (character: string | undefined) => character !== undefined && /\s/u.test(character);

/** 1 where a character, seen with its neighbors, has a property; else 0. */
function where(
  has: (character: string, before: string | undefined, after: string | undefined) => boolean,
): Feature["compute"] {
  return (characters) =>
    Float64Array.from(
      characters,
      (character, i) => has(character, characters[i - 1], characters[i + 1]) ? 1 : 0,
    );
}

/** Counts characters since the last one at which a count begins again. */
function countSince(begins: (character: string) => boolean): Feature["compute"] {
  return (characters) => {
    let count = 0;
    return Float64Array.from(characters, (character) => count = begins(character) ? 0 : count + 1);
  };
}

/** Vowels of the Latin, Greek and Cyrillic scripts, without their marks. */
const VOWELS = new Set("aeiouyæœøıαεηιουωаеиоуыэюяіє");

function isVowel(character: string): boolean {
  return VOWELS.has(character.normalize("NFD").charAt(0).toLowerCase());
}

const OPENING = new Set("“«„");
const CLOSING = new Set("”»");

/**
 * 1 between quotation marks, the opening one included. A straight mark opens and closes; since one may
 * be missing, a blank line ends every quotation.
 */
function insideQuotes(characters: readonly string[]): Float64Array {
  let isInside = false;
  return Float64Array.from(characters, (character, i) => {
    if (OPENING.has(character)) isInside = true;
    else if (CLOSING.has(character)) isInside = false;
    else if (character === '"') isInside = !isInside;
    else if (character === "\n" && characters[i - 1] === "\n") isInside = false;
    return isInside ? 1 : 0;
  });
}

/** 1 between brackets of any kind, the opening one included; a blank line ends all. */
function insideBrackets(characters: readonly string[]): Float64Array {
  let depth = 0;
  return Float64Array.from(characters, (character, i) => {
    if ("([{".includes(character)) depth++;
    else if (")]}".includes(character)) depth = Math.max(0, depth - 1);
    else if (character === "\n" && characters[i - 1] === "\n") depth = 0;
    return depth > 0 ? 1 : 0;
  });
}

/** The length of the line of each character, its line break not counted. */
function lineLength(characters: readonly string[]): Float64Array {
  const lengths = new Float64Array(characters.length);
  for (let from = 0; from < characters.length;) {
    const lineBreak = characters.indexOf("\n", from);
    const to = lineBreak < 0 ? characters.length : lineBreak;
    lengths.fill(to - from, from, to + 1);
    from = to + 1;
  }
  return lengths;
}

/** Every feature, by its name. */
export const features = {
  quotes: { label: "inside quotation marks", compute: insideQuotes },
  brackets: { label: "inside brackets", compute: insideBrackets },
  linePosition: { label: "position in the line", compute: countSince((c) => c === "\n") },
  lineLength: { label: "length of the line", compute: lineLength },
  wordPosition: { label: "position in the word", compute: countSince((c) => !isWordCharacter(c)) },
  afterSpace: { label: "after a space", compute: where((_, before) => isSpace(before)) },
  space: { label: "space", compute: where(isSpace) },
  wordEnd: {
    label: "end of a word",
    compute: where((c, _, after) => isWordCharacter(c) && !isWordCharacter(after)),
  },
  vowel: { label: "vowel", compute: where(isVowel) },
  upperCase: { label: "upper case", compute: where((c) => /\p{Lu}/u.test(c)) },
  digit: { label: "digit", compute: where((c) => /\p{Nd}/u.test(c)) },
  punctuation: { label: "punctuation", compute: where((c) => /\p{P}/u.test(c)) },
} as const satisfies Record<string, Feature>;

/** The name of a feature. */
export type FeatureName = keyof typeof features;
