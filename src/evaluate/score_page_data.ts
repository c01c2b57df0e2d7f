/**
 * The scores of a page in few bytes: what the page's script decodes and shows for a character.
 *
 * Each character of the text has a record of digits in base {@linkcode DIGITS}.length: 2 for its
 * surprisal, and for each of its predictions `width` for the character's index in `characters`, from
 * 1, and 2 for the probability. An index of 0 stands for no prediction.
 *
 * @module
 */
import { charactersOf, type Score, type TextCharacter } from "./score.ts";
import { bitsOf } from "./score_format.ts";

/** Printable ASCII characters that need no escape in JSON or in HTML. */
export const DIGITS = Array.from({ length: 0x7f - 0x21 }, (_, i) => String.fromCharCode(0x21 + i))
  .filter((c) => !"\"&'<>\\`".includes(c)).join("");

/** Largest number of two digits. */
const MAX_CODE = DIGITS.length ** 2 - 1;
/** The code of a character that begins a text, which is not predicted. */
export const NOT_PREDICTED = MAX_CODE;
/** The code of more than {@linkcode surprisalCode} can tell apart. */
export const MORE = MAX_CODE - 1;
/** Codes up to this one count hundredths of a bit; those above it, tenths. */
export const HUNDREDTHS = 4000;
/** Three significant digits have this many mantissas, 100 to 999. */
export const MANTISSAS = 900;
/** Powers of ten of a percentage's last digit: from 10^0 to 10^−7. */
const EXPONENTS = 8;

/** The contents of a page's data element, as JSON. */
export interface PageData {
  /** All characters that are predicted anywhere. */
  readonly characters: readonly string[];
  /** Digits of an index. */
  readonly width: number;
  /** Predictions of a character. */
  readonly top: number;
  /** The records of all characters but the first of all. */
  readonly records: string;
}

/** Encodes all scores of texts but their sums. */
export function encodePageData(scores: readonly Score[]): PageData {
  const characters = [...charactersOf(scores)].slice(1);
  const indices = new Map<string, number>();
  let top = 0;
  for (const scored of characters) {
    top = Math.max(top, scored.top.length);
    for (const { character } of scored.top) {
      if (!indices.has(character)) indices.set(character, indices.size + 1);
    }
  }
  let width = 1;
  while (DIGITS.length ** width <= indices.size) width++;
  const record = ({ nats, top: predictions }: TextCharacter) => {
    let digits = encode(nats === null ? NOT_PREDICTED : surprisalCode(nats), 2);
    for (let i = 0; i < top; i++) {
      const prediction = predictions[i];
      digits += encode(prediction === undefined ? 0 : indices.get(prediction.character)!, width) +
        encode(prediction === undefined ? 0 : percentCode(prediction.probability), 2);
    }
    return digits;
  };
  return { characters: [...indices.keys()], width, top, records: characters.map(record).join("") };
}

function encode(code: number, width: number): string {
  let digits = "";
  for (let rest = code; digits.length < width; rest = Math.floor(rest / DIGITS.length)) {
    digits = DIGITS[rest % DIGITS.length] + digits;
  }
  return digits;
}

/** Hundredths of a bit up to 40 bits, tenths up to some 396; the largest code stands for more. */
function surprisalCode(nats: number): number {
  const bits = Math.max(0, bitsOf(nats));
  const hundredths = Math.round(bits * 100);
  if (hundredths <= HUNDREDTHS) return hundredths;
  return Math.min(MORE, HUNDREDTHS + Math.round((bits - HUNDREDTHS / 100) * 10));
}

/** A percentage by its three significant digits; the largest code stands for less than 0.00001 %. */
function percentCode(probability: number): number {
  const [digits, power] = (100 * probability).toExponential(2).split("e") as [string, string];
  const mantissa = Number(digits) * 100;
  const exponent = 2 - Number(power);
  if (!(exponent >= 0 && exponent < EXPONENTS) || mantissa === 0) return MANTISSAS * EXPONENTS;
  return exponent * MANTISSAS + Math.round(mantissa) - 100;
}
