/** How many bytes a character takes in UTF-8: 1 to 4. */
export function utf8Length(codePoint: number): number {
  return codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
}

/**
 * The code point whose UTF-8 begins at bytes[i], or −1 when what begins there is not well-formed,
 * by table 3-7 of the Unicode Standard, or is cut by the end of the bytes.
 *
 * @param i Where to look: 0 up to, not including, the number of bytes.
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
  // Of a byte that continues a sequence, 10xxxxxx, six bits are left; of any other, more. Beyond
  // the end there is `undefined`, which counts as 0 and so continues nothing.
  const second = bytes[i + 1]! ^ 0x80;
  if (first < 0xe0) {
    return first >= 0xc2 && second < 0x40 ? (first & 0x1f) << 6 | second : -1;
  }
  const third = bytes[i + 2]! ^ 0x80;
  if (first < 0xf0) {
    const codePoint = (first & 0x0f) << 12 | second << 6 | third;
    const valid = (second | third) < 0x40 && codePoint >= 0x800 && (codePoint & 0xf800) !== 0xd800;
    return valid ? codePoint : -1;
  }
  const fourth = bytes[i + 3]! ^ 0x80;
  const codePoint = (first & 0x07) << 18 | second << 12 | third << 6 | fourth;
  const valid = first < 0xf5 && (second | third | fourth) < 0x40 &&
    codePoint >= 0x10000 && codePoint <= 0x10ffff;
  return valid ? codePoint : -1;
}

/**
 * How many of the bytes come before a character that their end cuts; all of them when it cuts none.
 * At most three bytes are left over.
 */
export function wholeCharacters(bytes: Uint8Array): number {
  const end = bytes.length;
  for (let i = end - 1; i >= 0 && i >= end - 3; i--) {
    const byte = bytes[i]!;
    if (byte < 0x80) return end;
    if (byte >= 0xc0) return i + (byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4) > end ? i : end;
  }
  return end;
}
