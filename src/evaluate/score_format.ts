/**
 * Formats of scores that the HTML page and the command line share.
 *
 * @module
 */

import { isInvisible } from "../text/display.ts";
import { formatCodePoint } from "../text/unicode.ts";

/** Nats in bits. */
export function bitsOf(nats: number): number {
  return nats / Math.LN2;
}

/** A loss or surprisal in nats and bits, for example `0.69 nats = 1.00 bits`. */
export function formatNats(nats: number, decimals: number): string {
  // Rounding errors may leave slightly less than 0, which would print a minus sign.
  const clamped = Math.max(0, nats);
  const [inNats, inBits] = [clamped, bitsOf(clamped)].map((loss) =>
    loss.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
  );
  return `${inNats} nats = ${inBits} bits`;
}

/** A probability with three significant digits, for example `12.0 %`. */
export function formatPercent(probability: number): string {
  const percent = (100 * probability).toPrecision(3);
  // An exponent is for what is next to nothing.
  return `${percent.includes("e") ? Number(percent) : percent} %`;
}

/** A character in quotes, its name, or its code point if it is invisible; always on one line. */
export function formatCharacter(character: string): string {
  if (character === " ") return "space";
  if (character === "\n") return "line break";
  if (character === "\t") return "tab";
  // A combining mark would join the quotation mark before it.
  const isPrintable = !isInvisible(character) && !/\p{M}/u.test(character);
  return isPrintable ? `“${character}”` : formatCodePoint(character.codePointAt(0)!);
}
