/** The magic number of a frame, and those of a skippable frame without their last four bits. */
const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a5;

/** The field that is read next. */
type Field = "magic" | "skippable size" | "descriptor" | "block header" | "checksum";

/** A part of the bytes of a frame; see {@linkcode ZstdFrames.split}. */
export interface FramePart {
  /** The bytes; none of a skippable frame. */
  readonly bytes: Uint8Array;
  /** Whether the frame ends with them. */
  readonly isEnd: boolean;
  /** The checksum of the contents of a frame that ends, if it has one. */
  readonly checksum: number | undefined;
}

/**
 * Finds the ends of the frames of Zstandard data, and their checksums (RFC 8878, section 3.1).
 *
 * @example
 * ```ts
 * import { ZstdFrames } from "./zstd_frames.ts";
 *
 * // A frame with one raw block, the last, of one byte.
 * const bytes = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 1, 9, 0, 0, 0x61);
 * const frames = new ZstdFrames();
 * console.log(frames.split(bytes.subarray(0, 9)).length, frames.isWithin); // 1 true
 * console.log(frames.split(bytes.subarray(9))[0]!.isEnd, frames.isWithin); // true false
 * ```
 */
export class ZstdFrames {
  /** Bytes of a field that is not complete. */
  #field: number[] = [];
  #next: Field = "magic";
  #needed = 4;
  /** Bytes to pass over before the field. */
  #skipped = 0;
  #isSkippable = false;
  #hasChecksum = false;
  #checksum: number | undefined;

  /** Whether the data so far ends within a frame. */
  get isWithin(): boolean {
    return this.#next !== "magic" || this.#field.length > 0 || this.#skipped > 0;
  }

  /**
   * Splits the next bytes at the ends of frames.
   *
   * @throws {RangeError} if something else than a frame begins.
   */
  split(bytes: Uint8Array): FramePart[] {
    const parts: FramePart[] = [];
    let start = 0;
    for (let i = 0; i < bytes.length;) {
      if (this.#skipped > 0) {
        const count = Math.min(this.#skipped, bytes.length - i);
        this.#skipped -= count;
        i += count;
      } else {
        this.#field.push(bytes[i++]!);
        if (this.#field.length < this.#needed) continue;
        this.#read(littleEndian(this.#field));
        this.#field = [];
      }
      const isEnd = this.#next === "magic" && this.#skipped === 0;
      if (!isEnd && i < bytes.length) continue;
      const all = this.#isSkippable ? new Uint8Array(0) : bytes.subarray(start, i);
      parts.push({ bytes: all, isEnd, checksum: isEnd ? this.#checksum : undefined });
      start = i;
    }
    if (start < bytes.length) {
      parts.push({ bytes: bytes.subarray(start), isEnd: false, checksum: undefined });
    }
    return parts;
  }

  #read(value: number): void {
    switch (this.#next) {
      case "magic":
        this.#checksum = undefined;
        this.#isSkippable = value >>> 4 === SKIPPABLE;
        if (this.#isSkippable) return this.#expect("skippable size", 4);
        if (value !== MAGIC) throw new RangeError("no frame begins there");
        return this.#expect("descriptor", 1);
      case "skippable size":
        return this.#expect("magic", 4, value);
      case "descriptor": {
        const isSingleSegment = (value >> 5 & 1) === 1;
        const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][value >> 6]!;
        const dictionaryBytes = [0, 1, 2, 4][value & 3]!;
        this.#hasChecksum = (value >> 2 & 1) === 1;
        return this.#expect(
          "block header",
          3,
          (isSingleSegment ? 0 : 1) + dictionaryBytes + sizeBytes,
        );
      }
      case "block header": {
        const isLast = (value & 1) === 1;
        // A block of one repeated byte has only that byte.
        const size = (value >> 1 & 3) === 1 ? 1 : value >> 3;
        if (!isLast) return this.#expect("block header", 3, size);
        return this.#hasChecksum
          ? this.#expect("checksum", 4, size)
          : this.#expect("magic", 4, size);
      }
      case "checksum":
        this.#checksum = value;
        return this.#expect("magic", 4);
    }
  }

  #expect(next: Field, needed: number, skipped = 0): void {
    this.#next = next;
    this.#needed = needed;
    this.#skipped = skipped;
  }
}

function littleEndian(bytes: readonly number[]): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}
