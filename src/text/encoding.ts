/** What bytes probably are that are not a UTF-8 text, and how they become one. */

/** Kinds of files by their first bytes: what they are, and what makes a text of them. */
const signatures: readonly (readonly [bytes: readonly number[], kind: string, advice: string])[] = [
  [[0xff, 0xfe, 0, 0], "UTF-32", converting("UTF-32")],
  [[0, 0, 0xfe, 0xff], "UTF-32", converting("UTF-32")],
  [[0xff, 0xfe], "UTF-16", converting("UTF-16")],
  [[0xfe, 0xff], "UTF-16", converting("UTF-16")],
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
];

/** Bytes from the start of a file that show an encoding. */
export const HEAD_BYTES = 4096;
/** The least part of the bytes at even, or odd, offsets that is zero in UTF-16 of most scripts. */
const MIN_ZEROS = 0.02;
/** The last of Unicode's planes, the third byte of a code point from the right. */
const MAX_PLANE = 0x10;
/** The largest part of the bytes that is not ASCII in Windows-1252, of European languages. */
const MAX_HIGH = 0.25;

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
 * console.log(describeMalformed({ head, near: head, wasUtf8: false }));
 * // it may be Windows-1252 or Latin-1; convert it, for example with iconv -f WINDOWS-1252 -t UTF-8
 * ```
 */
export function describeMalformed({ head, near, wasUtf8 }: Malformed): string {
  const known = describeSignature(head) ?? describeWide(head);
  if (known !== undefined) return known;
  if (head.includes(0) || near.includes(0)) {
    return "it seems to be a binary file; it must be a text in UTF-8";
  }
  if (wasUtf8) {
    return "the text before it is UTF-8, so it is damaged, cut off or mixed with another encoding; " +
      "iconv -c -f UTF-8 -t UTF-8 drops what is not UTF-8";
  }
  if (near.filter((byte) => byte >= 0x80).length <= MAX_HIGH * near.length || near.length < 16) {
    return `it may be Windows-1252 or Latin-1; ${converting("WINDOWS-1252")}`;
  }
  return "it may be an older encoding, such as WINDOWS-1251, GB18030 or SHIFT_JIS; " +
    converting("ENCODING");
}

/** Describes a file by its first bytes; `undefined` if they are not known. */
function describeSignature(head: Uint8Array): string | undefined {
  const found = signatures.find(([bytes]) => bytes.every((byte, i) => head[i] === byte));
  return found && `it is ${found[1]}; ${found[2]}`;
}

/**
 * Describes UTF-16 or UTF-32 without a byte-order mark by where its zero bytes are; `undefined` if
 * it is neither. In most scripts, such bytes are UTF-8 with U+0000 in it.
 */
export function describeWide(head: Uint8Array): string | undefined {
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
  return encoding && `it seems to be ${encoding}; ${converting(encoding)}`;
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

/** Describes bytes that are UTF-8 by chance, as UTF-16 of ASCII is; `undefined` if it is a text. */
export function describeByChance({ head, length, nuls }: Wellformed): string | undefined {
  if (nuls === 0) return undefined;
  const wide = describeWide(head);
  if (wide === undefined && nuls <= MAX_NULS * length) return undefined;
  return `${nuls} of its ${length} characters ${nuls === 1 ? "is" : "are"} U+0000: ` +
    (wide ?? "it seems to be a binary file; it must be a text in UTF-8");
}

function converting(encoding: string): string {
  return `convert it, for example with iconv -f ${encoding} -t UTF-8`;
}
