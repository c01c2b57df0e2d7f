/** Texts that are compressed with gzip or Zstandard. */

import { Decompress } from "fzstd";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { InputError } from "../errors.ts";
import { Xxh64 } from "./xxh64.ts";
import { ZstdFrames } from "./zstd_frames.ts";

/** How a text is compressed. */
export type Compression = "gzip" | "zstd";

/** The bytes that compressed files begin with. */
const signatures: Readonly<Record<Compression, readonly number[]>> = {
  gzip: [0x1f, 0x8b],
  zstd: [0x28, 0xb5, 0x2f, 0xfd],
};

/** Bytes that decide how a file is compressed. */
export const SIGNATURE_BYTES = 4;

/** How a file is compressed, by its first bytes; `undefined` if it is not. */
export function compressionOf(head: Uint8Array): Compression | undefined {
  const names = Object.keys(signatures) as Compression[];
  return names.find((name) => signatures[name].every((byte, i) => head[i] === byte));
}

/**
 * Decompresses a stream of bytes.
 *
 * @throws {InputError} without a context, if it is damaged or cut off; and what reading the bytes
 * throws.
 */
export function decompress(
  chunks: AsyncIterable<Uint8Array>,
  compression: Compression,
): AsyncIterable<Uint8Array> {
  return compression === "gzip" ? gunzip(chunks) : unzstd(chunks);
}

async function* gunzip(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const transform = createGunzip();
  let failure: unknown;
  const source = Readable.from(copies(chunks));
  source.on("error", (error) => {
    failure = error;
    transform.destroy();
  });
  source.pipe(transform);
  try {
    yield* transform as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (failure !== undefined) throw failure;
    const { code } = error as { code?: unknown };
    if (typeof code !== "string" || !code.startsWith("Z_")) throw error;
    throw code === "Z_BUF_ERROR" ? cutOff("gzip", error) : damaged("gzip", error);
  } finally {
    source.destroy();
  }
  if (failure !== undefined) throw failure;
}

/** Copies of chunks, which are valid until the next one only. */
async function* copies(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield chunk.slice();
}

/** Every runtime has the same decompressor here: that of Deno cannot report an error. */
async function* unzstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const frames = new ZstdFrames();
  let frame = new Frame();
  for await (const chunk of chunks) {
    for (const { bytes, isEnd, checksum } of orDamaged(() => frames.split(chunk))) {
      // A skippable frame has none.
      if (bytes.length > 0) yield* orDamaged(() => frame.decompress(bytes, isEnd));
      if (!isEnd) continue;
      if (checksum !== undefined && checksum !== frame.checksum) throw damaged("Zstandard");
      frame = new Frame();
    }
  }
  if (frames.isWithin) throw cutOff("Zstandard");
}

/** One frame of Zstandard data. */
class Frame {
  readonly #hash = new Xxh64();
  #decompressed: Uint8Array[] = [];
  readonly #decompress = new Decompress((chunk) => void this.#decompressed.push(chunk));

  /** The lower half of the hash of the contents. */
  get checksum(): number {
    return Number(this.#hash.digest() & 0xffffffffn);
  }

  /** Decompresses the next bytes of the frame. */
  decompress(bytes: Uint8Array, isEnd: boolean): Uint8Array[] {
    this.#decompressed = [];
    // It keeps parts of what it is given, and what was given is valid until the next only.
    this.#decompress.push(bytes.slice(), isEnd);
    for (const chunk of this.#decompressed) this.#hash.update(chunk);
    return this.#decompressed;
  }
}

function orDamaged<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw damaged("Zstandard", error);
  }
}

function damaged(name: string, cause?: unknown): InputError {
  return new InputError(`its ${name} data is damaged; use an undamaged copy`, { cause });
}

function cutOff(name: string, cause?: unknown): InputError {
  return new InputError(`its ${name} data ends early; use a complete copy`, { cause });
}
