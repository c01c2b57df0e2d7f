/** Cyclic redundancy checks of 32 bits, which zip archives and TensorBoard's event files have. */

/** The table of a reflected polynomial: the remainder of each byte. */
function tableOf(polynomial: number): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) {
      remainder = remainder & 1 ? (remainder >>> 1) ^ polynomial : remainder >>> 1;
    }
    return remainder;
  });
}

/** The polynomial of zip and Ethernet, bits reversed. */
const ZIP_TABLE = tableOf(0xedb88320);
/** The polynomial of Castagnoli, bits reversed (RFC 3720, section 12.1). */
const CASTAGNOLI_TABLE = tableOf(0x82f63b78);

function remainderOf(bytes: Uint8Array, table: Uint32Array): number {
  let remainder = 0xffffffff;
  for (const byte of bytes) remainder = (remainder >>> 8) ^ table[(remainder ^ byte) & 0xff]!;
  return ~remainder >>> 0;
}

/**
 * The CRC-32 of zip archives.
 *
 * @example
 * ```ts
 * import { crc32 } from "./crc32.ts";
 *
 * console.log(crc32(new TextEncoder().encode("123456789")).toString(16)); // cbf43926
 * ```
 */
export function crc32(bytes: Uint8Array): number {
  return remainderOf(bytes, ZIP_TABLE);
}

/**
 * The CRC-32C of event files.
 *
 * @example
 * ```ts
 * import { crc32c } from "./crc32.ts";
 *
 * console.log(crc32c(new TextEncoder().encode("123456789")).toString(16)); // e3069283
 * ```
 */
export function crc32c(bytes: Uint8Array): number {
  return remainderOf(bytes, CASTAGNOLI_TABLE);
}
