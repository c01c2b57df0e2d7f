import { createHash } from "node:crypto";
import { InputError } from "../errors.ts";

/** Where bytes come from; an open `Deno.FsFile` is one. */
export interface ByteReader {
  /** Fills some of the buffer and says how many bytes; `null` at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
}

/** What {@linkcode readUtf8} has read. */
export interface ReadResult {
  /** How many bytes. */
  readonly bytes: number;
  /** SHA-256 of them, in lower-case hexadecimal digits. */
  readonly sha256: string;
}

/** Bytes read at a time: few calls, and a small part of any memory. */
const pieceBytes = 1 << 20;

/** A byte that begins no character stands at most this far from the character's first. */
const lookBehind = 3;

/**
 * Reads UTF-8 to its end in pieces of at most a MiB, so that memory does not grow with the length.
 *
 * A byte-order mark is a character like any other: the pieces hold exactly the bytes' characters.
 *
 * @param doing What is being done, for an error's first words.
 * @param visit Takes the next piece of the text, maybe empty; no piece ends within a character.
 * @throws {InputError} when the bytes are not UTF-8, naming the offset from 0 of the first byte of
 * the first sequence that is not.
 */
export async function readUtf8(
  reader: ByteReader,
  doing: string,
  visit: (piece: string) => void,
): Promise<ReadResult> {
  const hash = createHash("sha256");
  const decoder = strictDecoder();
  // The last bytes of the piece before, then the piece. What stands there first are NULs.
  const buffer = new Uint8Array(lookBehind + pieceBytes);
  let bytes = 0;
  while (true) {
    const count = await reader.read(buffer.subarray(lookBehind));
    const piece = buffer.subarray(lookBehind, lookBehind + (count ?? 0));
    let text: string;
    try {
      text = decoder.decode(piece, { stream: count !== null });
    } catch {
      const window = buffer.subarray(0, lookBehind + piece.length);
      const offset = bytes - lookBehind + startOfBadSequence(window);
      throw new InputError(
        `${doing}: it is not UTF-8 at byte offset ${offset}; convert it to UTF-8`,
      );
    }
    visit(text);
    if (count === null) return { bytes, sha256: hash.digest("hex") };
    hash.update(piece);
    bytes += count;
    buffer.copyWithin(0, count, count + lookBehind);
  }
}

/**
 * The index in `window` at which the first bad or unfinished sequence starts.
 *
 * The decoder says only that there is one. But it takes every prefix that ends before the sequence
 * turns bad, and none that ends after: so that place is found by halving, and of the prefix before
 * it the decoder gives back all but the beginning of the sequence.
 *
 * @param window `lookBehind` bytes that were found good, of a character that may have begun before
 * them or may not end in them, then the bytes to be searched.
 */
function startOfBadSequence(window: Uint8Array): number {
  let start = 0;
  while (start < lookBehind && (window[start]! & 0xc0) === 0x80) start++;
  const decode = (end: number) =>
    strictDecoder().decode(window.subarray(start, end), { stream: true });
  let good = start;
  let bad = window.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    try {
      decode(middle);
      good = middle;
    } catch {
      bad = middle;
    }
  }
  return start + new TextEncoder().encode(decode(good)).length;
}

function strictDecoder(): TextDecoder {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
}
