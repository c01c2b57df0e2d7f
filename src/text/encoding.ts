/** What bytes probably are that are not a UTF-8 text, and how they become one. */

import { InputError } from "../errors.ts";
import { detectEncoding } from "./detect_encoding.ts";

/** What bytes are that are no text in UTF-8. */
export interface Finding {
  /** What they are, for example `it is UTF-16`. */
  readonly what: string;
  /** What makes a text in UTF-8 of them. */
  readonly advice: string;
  /** Their encoding, by a label of `TextDecoder`, if it is one of those. */
  readonly encoding?: string;
}

/** A text that is not in UTF-8. */
export class NotUtf8Error extends InputError {
  /** What is wrong, without advice. */
  readonly problem: string;
  /** The probable encoding, by a label of `TextDecoder`. */
  readonly encoding: string | undefined;

  /** @param problem What is wrong, without advice. */
  constructor(problem: string, { advice, encoding }: Omit<Finding, "what">) {
    super(`${problem}; ${advice}`);
    this.problem = problem;
    this.encoding = encoding;
  }
}

/** Kinds of files by their first bytes: what they are, and what makes a text of them. */
const signatures: readonly (readonly [
  bytes: readonly number[],
  kind: string,
  advice: string,
  encoding?: string,
])[] = [
  [[0xff, 0xfe, 0, 0], "UTF-32", converting("UTF-32")],
  [[0, 0, 0xfe, 0xff], "UTF-32", converting("UTF-32")],
  [[0xff, 0xfe], "UTF-16", converting("UTF-16"), "utf-16le"],
  [[0xfe, 0xff], "UTF-16", converting("UTF-16"), "utf-16be"],
  [[0x1f, 0x8b], "a gzip file", "decompress it, for example with gunzip"],
  [[0x42, 0x5a, 0x68], "a bzip2 file", "decompress it, for example with bunzip2"],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], "an xz file", "decompress it, for example with unxz"],
  [[0x28, 0xb5, 0x2f, 0xfd], "a Zstandard file", "decompress it, for example with unzstd"],
  [
    [0x50, 0x4b, 3, 4],
    "a zip archive, or a document such as .docx, .odt or .epub",
    "unzip it, or save the document as plain text in UTF-8",
  ],
  [[0x25, 0x50, 0x44, 0x46, 0x2d], "a PDF", "extract its text, for example with pdftotext"],
  [[0xd0, 0xcf, 0x11, 0xe0], "an old Office document", "save it as plain text in UTF-8"],
  [[0x89, 0x50, 0x4e, 0x47], "a PNG image", "it must be a text in UTF-8"],
  [[0xff, 0xd8, 0xff], "a JPEG image", "it must be a text in UTF-8"],
  [[0x47, 0x49, 0x46, 0x38], "a GIF image", "it must be a text in UTF-8"],
];

/** Bytes from the start of a file that show an encoding. */
export const HEAD_BYTES = 4096;
/** The least part of the bytes at even, or odd, offsets that is zero in UTF-16 of most scripts. */
const MIN_ZEROS = 0.02;
/** The last of Unicode's planes, the third byte of a code point from the right. */
const MAX_PLANE = 0x10;
/** Bytes that are not UTF-8, and their surroundings. */
export interface Malformed {
  /** The first bytes of the file, up to {@linkcode HEAD_BYTES}. */
  readonly head: Uint8Array;
  /** Some bytes around the first that is not UTF-8. */
  readonly near: Uint8Array;
  /** Whether characters other than ASCII came before it: the text is UTF-8 up to there. */
  readonly wasUtf8: boolean;
}

/**
 * Describes what bytes that are not UTF-8 probably are, and what to do.
 *
 * @example
 * ```ts
 * import { describeMalformed } from "./encoding.ts";
 *
 * const head = Uint8Array.of(0x63, 0x61, 0x66, 0xe9);
 * const { what, encoding } = describeMalformed({ head, near: head, wasUtf8: false });
 * console.log(what, encoding); // it is probably windows-1252 windows-1252
 * ```
 */
export function describeMalformed({ head, near, wasUtf8 }: Malformed): Finding {
  const known = describeSignature(head) ?? describeWide(head);
  if (known !== undefined) return known;
  if (head.includes(0) || near.includes(0)) return binary;
  if (wasUtf8) {
    return {
      what: "the text before it is UTF-8, so it is damaged, cut off or mixed with another encoding",
      advice: "iconv -c -f UTF-8 -t UTF-8 drops what is not UTF-8",
    };
  }
  const encoding = detectEncoding(near);
  return encoding === undefined
    ? {
      what: "it is in an older encoding, such as windows-1251, gb18030 or shift_jis",
      advice: converting("ENCODING"),
    }
    : {
      what: `it is probably ${encoding}`,
      advice: converting(encoding.toUpperCase()),
      encoding,
    };
}

const binary: Finding = {
  what: "it seems to be a binary file",
  advice: "it must be a text in UTF-8",
};

/** Whether the first bytes of a file are those of no text: an image, an archive, a program. */
export function isBinary(head: Uint8Array): boolean {
  const known = describeSignature(head) ?? describeWide(head);
  if (known !== undefined) return known.encoding === undefined && !/^it .* UTF-32/.test(known.what);
  return head.includes(0);
}

/** Describes a file by its first bytes; `undefined` if they are not known. */
function describeSignature(head: Uint8Array): Finding | undefined {
  const found = signatures.find(([bytes]) => bytes.every((byte, i) => head[i] === byte));
  if (found === undefined) return undefined;
  const [, kind, advice, encoding] = found;
  return { what: `it is ${kind}`, advice, ...encoding === undefined ? {} : { encoding } };
}

/**
 * Describes UTF-16 or UTF-32 without a byte-order mark by where its zero bytes are; `undefined` if
 * it is neither. In most scripts, such bytes are UTF-8 with U+0000 in it.
 */
export function describeWide(head: Uint8Array): Finding | undefined {
  if (head.every((byte) => byte === 0)) return undefined;
  /** The parts of the bytes at offset `i` of four that are zero, and that a plane's number may be. */
  const zeros = [0, 0, 0, 0];
  const planes = [0, 0, 0, 0];
  const units = Math.ceil(head.length / 4);
  for (const [i, byte] of head.entries()) {
    if (byte === 0) zeros[i & 3]! += 1 / units;
    if (byte <= MAX_PLANE) planes[i & 3]! += 1 / units;
  }
  const [a, b, c, d] = zeros as [number, number, number, number];
  const encoding = planes[2]! > 0.9 && d > 0.7
    ? "UTF-32LE"
    : a > 0.7 && planes[1]! > 0.9
    ? "UTF-32BE"
    : isOnOneSide(b + d, a + c)
    ? "UTF-16LE"
    : isOnOneSide(a + c, b + d)
    ? "UTF-16BE"
    : undefined;
  return encoding && {
    what: `it seems to be ${encoding}`,
    advice: converting(encoding),
    ...encoding.startsWith("UTF-16") ? { encoding: encoding.toLowerCase() } : {},
  };
}

function isOnOneSide(zeros: number, others: number): boolean {
  return zeros / 2 > MIN_ZEROS && others < zeros / 10;
}

/** The most characters of a text that may be U+0000. */
const MAX_NULS = 0.1;

/** What is found of a text that is UTF-8. */
export interface Wellformed {
  /** The first bytes of the file, up to {@linkcode HEAD_BYTES}. */
  readonly head: Uint8Array;
  /** Length in characters. */
  readonly length: number;
  /** How often U+0000 occurs. */
  readonly nuls: number;
}

/**
 * Checks that bytes are a text, and not UTF-8 by chance, as UTF-16 of ASCII is.
 *
 * @throws {NotUtf8Error} if they are not.
 */
export function checkIsNoChance({ head, length, nuls }: Wellformed): void {
  if (nuls === 0) return;
  const wide = describeWide(head);
  if (wide === undefined && nuls <= MAX_NULS * length) return;
  const found = wide ?? binary;
  const counted = `${nuls} of its ${length} characters ${nuls === 1 ? "is" : "are"} U+0000`;
  throw new NotUtf8Error(`${counted}: ${found.what}`, found);
}

function converting(encoding: string): string {
  return `convert it, for example with iconv -f ${encoding} -t UTF-8`;
}
