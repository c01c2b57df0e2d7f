/** How characters that cannot be seen are shown, and which characters are seen as one. */

import { checkString, wrongType } from "../arguments.ts";
import { formatCodePoint } from "./unicode.ts";

/** More code points in one cluster are not joined: marks could pile up over the page. */
const MAX_CLUSTER = 16;

/** Usual abbreviations of invisible characters that texts often have. */
const NAMES: Readonly<Record<string, string>> = {
  "\t": "TAB",
  "\n": "LF",
  "\r": "CR",
  "\u00a0": "NBSP",
  "\u00ad": "SHY",
  "\u061c": "ALM",
  "\u200b": "ZWSP",
  "\u200c": "ZWNJ",
  "\u200d": "ZWJ",
  "\u200e": "LRM",
  "\u200f": "RLM",
  "\ufeff": "BOM",
};

/** Whether a character other than the space is invisible, or changes how others are displayed. */
export function isInvisible(character: string): boolean {
  return character !== " " && /[\p{C}\p{Z}]/u.test(character);
}

/**
 * Names a character that is invisible, or changes how others are displayed: by its usual
 * abbreviation or, without one, by its code point. A page that shows the name in its place cannot be
 * altered by the text.
 *
 * @param character One character.
 * @returns The name; `undefined` for a visible character, and for the space.
 * @throws {TypeError} if `character` is no string.
 *
 * @example
 * ```ts
 * import { nameInvisible } from "../mod.ts";
 *
 * console.log(["\u00a0", "\u202e", "a"].map(nameInvisible)); // [ "NBSP", "U+202E", undefined ]
 * ```
 */
export function nameInvisible(character: string): string | undefined {
  checkString(character, { context: "Cannot name a character", name: "character" });
  if (!isInvisible(character)) return undefined;
  return NAMES[character] ?? formatCodePoint(character.codePointAt(0)!);
}

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Invisible characters that form clusters: (non-)joiners, and the tags of some flags. */
const JOINERS = /^[\u200c\u200d\u{e0020}-\u{e007f}]$/u;

/**
 * Divides a line into what is seen as one: grapheme clusters, such as a letter with its marks or an
 * emoji of several code points. A character that is invisible is alone, and so are those of a
 * cluster of more than 16.
 *
 * @param characters The characters of the line.
 * @returns The same characters, cluster by cluster.
 * @throws {TypeError} if `characters` is no array of strings.
 *
 * @example
 * ```ts
 * import { displayedClusters } from "../mod.ts";
 *
 * console.log(displayedClusters(["e", "\u0301", "\u00a0", "!"]).length); // 3
 * ```
 */
export function displayedClusters(characters: readonly string[]): (readonly string[])[] {
  if (!Array.isArray(characters) || !characters.every((c) => typeof c === "string")) {
    throw wrongType({
      ...{ context: "Cannot divide a line", name: "characters", value: characters },
      expected: "an array of strings",
    });
  }
  const alone = (characters: readonly string[]) => characters.map((character) => [character]);
  // Lone surrogates would make pairs when they are joined.
  if (!characters.every((character) => character.isWellFormed())) return alone(characters);
  return [...segmenter.segment(characters.join(""))].flatMap(({ segment }) => {
    const cluster = [...segment];
    const isJoined = cluster.length > 1 && cluster.length <= MAX_CLUSTER &&
      cluster.every((character, i) => i > 0 && JOINERS.test(character) || !isInvisible(character));
    return isJoined ? [cluster] : alone(cluster);
  });
}
