/** Guessing the encoding of a text that is not UTF-8. */

/** Encodings of single bytes, the most frequent first: of equally plausible ones it is taken. */
const singleByte = [
  ...["windows-1252", "windows-1251", "windows-1250", "koi8-r", "ibm866", "windows-1253"],
  ...["iso-8859-5", "iso-8859-2", "windows-1255", "windows-1256", "windows-1254", "macintosh"],
];
/** Encodings of several bytes, which most other texts are no valid sequences of. */
const multiByte = ["shift_jis", "euc-jp", "gb18030", "big5", "euc-kr"];

/** The most frequent characters of Chinese, simplified and traditional, and of Japanese. */
const frequentHan = new Set(
  "的一是不了人我在有他这为之大来以个中上们到说国和地也子时道出而要于就下得可你年生自会那后能对着事其里所去行过家十用发天如然作方成者多日都三小军二无同么经法当起与好看学进种将还分此心前面又定见只主没公从" +
    "這為來個們說國時會後裡過發無麼經當與學進種將還見沒從對開點長動兩現實頭問話語書樣間日人大年中出本上今見分行",
);

/** The most frequent letters of Russian, Greek, Hebrew and Arabic. */
const frequentLetters = new Set("оеаинтαοιετσיוהלאמاليمون");

/** Points that a character takes away if it is out of place. */
const ODD = 4;

/**
 * Guesses the encoding of a text by decoding it in every one and comparing how plausible the
 * characters are: letters of one script within a word, capitals at its start only, kana, Hangul and
 * frequent Han characters in texts of East Asia.
 *
 * @param bytes Some hundred bytes or more of a text that is neither UTF-8 nor UTF-16.
 * @returns A label of `TextDecoder`; `undefined` if no encoding gives a plausible text.
 *
 * @example
 * ```ts
 * import { detectEncoding } from "./detect_encoding.ts";
 *
 * const bytes = Uint8Array.from("Caf\xe9 cr\xe8me", (character) => character.charCodeAt(0));
 * console.log(detectEncoding(bytes)); // windows-1252
 * ```
 */
export function detectEncoding(bytes: Uint8Array): string | undefined {
  let best: string | undefined;
  let bestScore = 0;
  for (const encoding of [...singleByte, ...multiByte]) {
    const text = decode(bytes, encoding);
    if (text === undefined) continue;
    const score = plausibilityOf(text) / bytes.filter((byte) => byte >= 0x80).length;
    if (score > bestScore) [best, bestScore] = [encoding, score];
  }
  return best;
}

/** The text in an encoding, without characters that the end of the bytes cuts. */
function decode(bytes: Uint8Array, encoding: string): string | undefined {
  // Only syllables that are hardly used have lead bytes below 0xA1 in Korean texts.
  if (encoding === "euc-kr" && bytes.some((byte) => byte > 0x80 && byte < 0xa1)) return undefined;
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes.slice(), { stream: true });
  } catch {
    // Not of this encoding, or an encoding that the runtime lacks.
    return undefined;
  }
}

/** Points of the characters that are not ASCII: each that is in its place has as many as bytes. */
function plausibilityOf(text: string): number {
  let points = 0;
  let before = " ";
  const characters = [...text];
  for (const [i, character] of characters.entries()) {
    const after = characters[i + 1] ?? " ";
    if (character > "\x7f") points += pointsOf(character, { before, after });
    else if (isLetter(before) && before > "\x7f" && /[A-Z]/.test(character)) points -= ODD;
    before = character;
  }
  return points;
}

function pointsOf(
  character: string,
  { before, after }: { readonly before: string; readonly after: string },
): number {
  // Two bytes of an East Asian encoding.
  if (/[\u3040-\u30ff\u3000-\u3003\u300a-\u3011\uff01-\uff0f\uff1a-\uff1f]/.test(character)) {
    return 2;
  }
  if (/\p{Script=Hangul}/u.test(character)) return isHangulOrAscii(before) ? 1.9 : 0;
  if (frequentHan.has(character)) return 2.5;
  if (/\p{Script=Han}/u.test(character)) return 0.5;
  if (/[\uff61-\uff9f]/.test(character)) return 0;
  if (/[\p{Cc}\p{Co}\p{Cn}\ufffd]/u.test(character)) return -2 * ODD;
  if (isLetter(character)) {
    if (!isLetter(before)) {
      // The dash or the sign of a currency of a Western text is a letter in other encodings, alone.
      if (!isLetter(after)) return scriptOf(character) === LATIN ? 0.7 : 0.5;
      return 0.9;
    }
    if (scriptOf(character) !== scriptOf(before)) return -ODD;
    if (/\p{Lu}/u.test(character) && /\p{Ll}/u.test(before)) return -ODD;
    // Two letters with marks seldom stand side by side.
    if (scriptOf(character) === LATIN && before > "\x7f") return 0.2;
    return frequentLetters.has(character) ? 1.1 : /[ðþý]/.test(character) ? 0.6 : 0.95;
  }
  // Signs of typography stand everywhere, others within no word.
  if (/[–—‘’“”„‚…«»‹›•€°§©\u00a0¡¿]/u.test(character)) {
    return isLetter(before) && /[¡¿„‚«‹]/u.test(character) ? -ODD : 0.8;
  }
  if (/[£¥±½¼¾]/u.test(character) && !isLetter(before)) return 0.8;
  if (/[®™²³]/u.test(character) && before <= "\x7f") return 0.8;
  return isLetter(before) ? -ODD : -1;
}

function isLetter(character: string): boolean {
  return /[\p{L}\p{M}]/u.test(character);
}

function isHangulOrAscii(character: string): boolean {
  return character <= "\x7f" || /[\p{Script=Hangul}\p{P}]/u.test(character);
}

const LATIN = 0;
const scripts = ["Latin", "Cyrillic", "Greek", "Hebrew", "Arabic"]
  .map((script) => new RegExp(`\\p{Script=${script}}`, "u"));

function scriptOf(character: string): number {
  return scripts.findIndex((script) => script.test(character));
}
