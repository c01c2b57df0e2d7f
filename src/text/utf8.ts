/** Decoding of UTF-8 from bytes that are not known to be well-formed. */

/** Returns the number of bytes that a character takes in UTF-8: 1 to 4. */
export function utf8Length(codePoint: number): number {
  return codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
}

/**
 * Decodes the code point whose UTF-8 starts at `bytes[i]`.
 *
 * @param bytes Any bytes.
 * @param i The index to decode at: 0 to below the number of bytes.
 * @returns The code point; −1 when the sequence is not well-formed, by table 3-7 of the Unicode
 * Standard, or is cut off by the end of the bytes.
 *
 * @example
 * ```ts
 * import { codePointAt } from "./utf8.ts";
 *
 * const bytes = new TextEncoder().encode("aé");
 * console.log(codePointAt(bytes, 0), codePointAt(bytes, 1), codePointAt(bytes, 2)); // 97 233 -1
 * ```
 */
export function codePointAt(bytes: Uint8Array, i: number): number {
  const first = bytes[i]!;
  if (first < 0x80) return first;
  // A continuation byte is 10xxxxxx: this leaves its six bits, and more than six of any other byte.
  // Beyond the end there is `undefined`, which counts as 0, and so is no continuation byte.
  const second = bytes[i + 1]! ^ 0x80;
  if (first < 0xe0) {
    return first >= 0xc2 && second < 0x40 ? (first & 0x1f) << 6 | second : -1;
  }
  const third = bytes[i + 2]! ^ 0x80;
  if (first < 0xf0) {
    const codePoint = (first & 0x0f) << 12 | second << 6 | third;
    const isValid = (second | third) < 0x40 && codePoint >= 0x800 &&
      (codePoint & 0xf800) !== 0xd800;
    return isValid ? codePoint : -1;
  }
  const fourth = bytes[i + 3]! ^ 0x80;
  const codePoint = (first & 0x07) << 18 | second << 12 | third << 6 | fourth;
  const isValid = first < 0xf5 && (second | third | fourth) < 0x40 &&
    codePoint >= 0x10000 && codePoint <= 0x10ffff;
  return isValid ? codePoint : -1;
}

/**
 * Returns the length of the longest prefix that ends between two characters: all bytes, or up to
 * three fewer when the end cuts a character.
 */
export function completeLength(bytes: Uint8Array): number {
  const end = bytes.length;
  for (let i = end - 1; i >= 0 && i >= end - 3; i--) {
    const byte = bytes[i]!;
    if (byte < 0x80) return end;
    if (byte >= 0xc0) return i + (byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4) > end ? i : end;
  }
  return end;
}
