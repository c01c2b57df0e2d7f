/** Code points in errors and in output. */

/**
 * Formats a code point in the notation of the Unicode Standard.
 *
 * @example
 * ```ts
 * import { formatCodePoint } from "./unicode.ts";
 *
 * console.log(formatCodePoint(0xe9)); // U+00E9
 * ```
 */
export function formatCodePoint(codePoint: number): string {
  return `U+${codePoint.toString(16).toUpperCase().padStart(4, "0")}`;
}

/**
 * Describes a character for an error: quoted if it is legible, and its code point.
 *
 * @example
 * ```ts
 * import { describeCharacter } from "./unicode.ts";
 *
 * console.log(describeCharacter(0xe9), describeCharacter(0x1b)); // "é" (U+00E9) U+001B
 * ```
 */
export function describeCharacter(codePoint: number): string {
  if (codePoint === 0xfeff) return `${formatCodePoint(codePoint)} (a byte-order mark)`;
  const character = String.fromCodePoint(codePoint);
  // Letters, numbers, punctuation, symbols, the space, and what JSON has a short escape for. A
  // combining mark would join the quote, and the rest is invisible or controls the terminal.
  return /[\p{L}\p{N}\p{P}\p{S} \t\n\r]/u.test(character)
    ? `${JSON.stringify(character)} (${formatCodePoint(codePoint)})`
    : formatCodePoint(codePoint);
}

/** Whether a code point is a surrogate: half of a pair in UTF-16, and not a character. */
export function isSurrogate(codePoint: number): boolean {
  return codePoint >= 0xd800 && codePoint <= 0xdfff;
}
