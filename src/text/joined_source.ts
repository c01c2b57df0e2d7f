import { Disposables } from "../disposables.ts";
import type { ByteSource } from "./byte_source.ts";

/** A contiguous part of a text, and where its bytes are. */
export interface Segment {
  /** The number of bytes. */
  readonly bytes: number;
  /** Holds them. */
  readonly source: ByteSource;
  /** Where they begin in the source. */
  readonly offset: number;
}

/**
 * The bytes of a text that lies in segments, in memory or in files, which follow one another.
 *
 * @example
 * ```ts
 * import { inMemory } from "./corpus.ts";
 * import { JoinedSource } from "./joined_source.ts";
 *
 * const source = inMemory(new TextEncoder().encode("abc"));
 * const joined = new JoinedSource([
 *   { bytes: 2, source, offset: 0 },
 *   { bytes: 3, source, offset: 0 },
 * ]);
 * console.log(new TextDecoder().decode(joined.read(1, 4))); // babc
 * ```
 */
export class JoinedSource implements ByteSource {
  readonly #segments: readonly Segment[];
  /** The first byte of each segment. */
  readonly #starts: readonly number[];
  #buffer = new Uint8Array(0);

  /** Joins segments, whose sources are disposed of with this one. */
  constructor(segments: readonly Segment[]) {
    this.#segments = segments;
    let start = 0;
    this.#starts = segments.map(({ bytes }) => (start += bytes) - bytes);
  }

  read(offset: number, length: number): Uint8Array {
    let i = this.#find(offset);
    const { source, bytes, offset: from } = this.#segments[i]!;
    const at = offset - this.#starts[i]!;
    if (at + length <= bytes) return source.read(from + at, length);
    if (this.#buffer.length < length) this.#buffer = new Uint8Array(length);
    const joined = this.#buffer.subarray(0, length);
    for (let filled = 0; filled < length; i++) {
      const { source, bytes, offset: from } = this.#segments[i]!;
      const at = offset + filled - this.#starts[i]!;
      const part = source.read(from + at, Math.min(bytes - at, length - filled));
      joined.set(part, filled);
      filled += part.length;
    }
    return joined;
  }

  /** Closes all files. */
  [Symbol.dispose](): void {
    const sources = new Disposables();
    for (const source of new Set(this.#segments.map(({ source }) => source))) sources.use(source);
    sources.dispose();
  }

  /** The last segment that begins at or before a byte. */
  #find(byte: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#starts[middle]! <= byte) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
