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

/** Whether a quotation mark opens or closes a quotation; `undefined` for an apostrophe. */
type QuoteTurn = "opens" | "closes" | "turns" | undefined;

/**
 * What a character does to a quotation. Single marks are apostrophes, too: one between two letters
 * always is; else it opens after anything but a letter, and closes after one.
 */
function quoteTurn(
  character: string,
  before: string | undefined,
  after: string | undefined,
): QuoteTurn {
  if ("“«„‘‚".includes(character)) return "opens";
  if ("”»".includes(character)) return "closes";
  if (character === '"') return "turns";
  if (character !== "'" && character !== "’") return undefined;
  if (isWordCharacter(before) && isWordCharacter(after)) return undefined;
  const isAtStart = before === undefined || isSpace(before) || '([—–-"“'.includes(before);
  return character === "'" && isAtStart && after !== undefined && !isSpace(after)
    ? "opens"
    : "closes";
}

/**
 * 1 between quotation marks, the opening one included. Since a mark may be missing, a blank line ends
 * every quotation.
 */
function insideQuotes(characters: readonly string[]): Float64Array {
  let isInside = false;
  return Float64Array.from(characters, (character, i) => {
    const [before, after] = [characters[i - 1], characters[i + 1]];
    const turn = quoteTurn(character, before, after);
    if (turn === "turns") isInside = !isInside;
    else if (turn !== undefined) isInside = turn === "opens";
    else if (character === "\n" && before === "\n") isInside = false;
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
