/** Text from outside: what a terminal may receive of it, and how the rest is written. */

/**
 * Characters that are invisible or direct a terminal: controls, formats, separators of lines and
 * paragraphs, lone surrogates, characters without a meaning, and those that Unicode says to ignore
 * where they cannot be shown.
 */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Characters that a terminal must not receive: controls other than tabs and line breaks; directions
 * of writing, which reorder what stands beside them; separators of lines and paragraphs; characters
 * of no width, tags among them. Joiners are left where scripts and emoji need them: after a letter
 * without case, a mark or a pictograph.
 */
const UNPRINTABLE = new RegExp(
  [
    "\\r(?!\\n)|[\\0-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\u061c\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e]",
    "[\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb\\u{e0000}-\\u{e0fff}\\p{Cs}]",
    "(?<![\\p{Lo}\\p{M}\\p{Extended_Pictographic}\\p{Emoji_Modifier}])[\\u200c\\u200d]",
  ].join("|"),
  "gu",
);

/**
 * Replaces the characters that a terminal must not receive by `·`.
 *
 * @param text Text of any number of lines.
 * @param before What was printed before it in the same line; joiners depend on it.
 *
 * @example
 * ```ts
 * import { printable } from "./printable.ts";
 *
 * console.log(printable("clear \x1b[2J")); // clear ·[2J
 * ```
 */
export function printable(text: string, before = ""): string {
  const { length } = before;
  return (before + text).replace(UNPRINTABLE, (found, offset) => offset < length ? found : "·")
    .slice(length);
}

/**
 * Writes invisible characters as `\u{…}`.
 *
 * @example
 * ```ts
 * import { escapeInvisible } from "./printable.ts";
 *
 * console.log(escapeInvisible("a\u202eb")); // a\u{202e}b
 * ```
 */
export function escapeInvisible(text: string): string {
  return text.replace(INVISIBLE, (found) => `\\u{${found.codePointAt(0)!.toString(16)}}`);
}

/** Whether a text has a character that {@linkcode escapeInvisible} would write in another way. */
export function hasInvisible(text: string): boolean {
  return text.search(INVISIBLE) >= 0;
}

/** Replaces invisible characters, for a name that is made of a text. */
export function replaceInvisible(text: string, replacement: string): string {
  return text.replace(INVISIBLE, replacement);
}

/**
 * JSON for programs, on one line, in which the characters that a terminal must not receive are
 * escaped. Its value is the same.
 *
 * @param value Anything that `JSON.stringify` takes.
 * @param space Spaces of indentation; the JSON has several lines then.
 *
 * @example
 * ```ts
 * import { toJson } from "./printable.ts";
 *
 * console.log(toJson("\u202e")); // "\u202e", as six characters
 * ```
 */
export function toJson(value: unknown, space?: number): string {
  // JSON.stringify() escapes the controls below U+0020, so a line break is one of the layout.
  return JSON.stringify(value, null, space).replace(UNPRINTABLE, escapeUnits);
}

function escapeUnits(text: string): string {
  return text.split("").map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}
