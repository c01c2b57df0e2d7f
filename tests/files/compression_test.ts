import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { InputError, TextError } from "../../src/errors.ts";
import { type Compression, compressionOf, decompress } from "../../src/files/compression.ts";
import { Xxh64 } from "../../src/files/xxh64.ts";
import { ZstdFrames } from "../../src/files/zstd_frames.ts";

const compressors: Readonly<Record<Compression, (bytes: Uint8Array) => Uint8Array>> = {
  gzip: gzipSync,
  zstd: zstdCompressSync,
};

const text = Array.from({ length: 30_000 }, (_, i) => `${i * 7919 % 10007} née\n`).join("");
const utf8 = new TextEncoder().encode(text);

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  // One buffer, as readers of files have it.
  const buffer = new Uint8Array(size);
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.subarray(at, at + size);
    buffer.set(piece);
    yield await Promise.resolve(buffer.subarray(0, piece.length));
  }
}

async function textOf(bytes: Uint8Array, compression: Compression, size = 1000): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of decompress(pieces(bytes, size), compression)) {
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

for (const [name, compress] of Object.entries(compressors)) {
  const compression = name as Compression;
  const whole = compress(utf8);

  Deno.test(`decompress() reads ${name} in pieces of any length, and several after another`, async () => {
    assertEquals(compressionOf(whole), compression);
    for (const size of [1 << 20, 777, 31]) {
      assertEquals(await textOf(whole, compression, size) === text, true);
    }
    const two = new Uint8Array([...whole, ...compress(new TextEncoder().encode("more"))]);
    assertEquals(await textOf(two, compression) === `${text}more`, true);
    assertEquals(await textOf(compress(new Uint8Array(0)), compression), "");
  });

  Deno.test(`decompress() rejects ${name} that is cut off anywhere`, async () => {
    const lengths = [20, whole.length >> 1, whole.length - 5, whole.length - 1];
    for (const length of lengths) {
      const read = () => textOf(whole.subarray(0, length), compression);
      await assertRejects(read, InputError, "data ends early; use a complete copy");
    }
  });

  Deno.test(`decompress() rejects ${name} that is damaged anywhere`, async () => {
    for (let at = 20; at < whole.length; at += Math.floor(whole.length / 23)) {
      const damaged = whole.slice();
      damaged[at]! ^= 0x40;
      // Damage to a length may end the data early.
      await assertRejects(() => textOf(damaged, compression), InputError, "; use a");
    }
    const garbage = new Uint8Array([...whole, ...new TextEncoder().encode("more")]);
    await assertRejects(() => textOf(garbage, compression), InputError, "data is damaged");
  });

  Deno.test(`decompress() passes on what fails while ${name} is read`, async () => {
    async function* failing() {
      yield* pieces(whole.subarray(0, 2000), 1000);
      throw new TextError("the file changed");
    }
    await assertRejects(
      async () => {
        for await (const _ of decompress(failing(), compression));
      },
      TextError,
      "the file changed",
    );
  });
}

Deno.test("decompress() passes over skippable frames of Zstandard", async () => {
  const skippable = [0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
  const frame = zstdCompressSync(new TextEncoder().encode("text"));
  const bytes = new Uint8Array([...skippable, ...frame, ...skippable, ...frame]);
  for (const size of [1, 5, 100]) assertEquals(await textOf(bytes, "zstd", size), "texttext");
});

Deno.test("ZstdFrames.split() finds the same frames in pieces of any length", () => {
  const frames = [utf8.subarray(0, 5000), utf8.subarray(0, 10)].map((part) =>
    zstdCompressSync(part)
  );
  const all = new Uint8Array(frames.flatMap((frame) => [...frame]));
  fc.assert(fc.property(fc.integer({ min: 1, max: all.length }), (size) => {
    const scanner = new ZstdFrames();
    const lengths = [0];
    for (let at = 0; at < all.length; at += size) {
      for (const { bytes, isEnd } of scanner.split(all.subarray(at, at + size))) {
        lengths[lengths.length - 1]! += bytes.length;
        if (isEnd) lengths.push(0);
      }
    }
    assertEquals(lengths, [...frames.map((frame) => frame.length), 0]);
    assertEquals(scanner.isWithin, false);
  }));
});

Deno.test("Xxh64 gives the published hashes, whatever the pieces", () => {
  const hashes = [["", "ef46db3751d8e999"], ["a", "d24ec4f1a98c6e5b"], [
    "abc",
    "44bc2cf5ad770999",
  ]] as const;
  for (const [text, expected] of hashes) {
    const hash = new Xxh64();
    hash.update(new TextEncoder().encode(text));
    assertEquals(hash.digest().toString(16), expected);
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, at) => {
    const [whole, parts] = [new Xxh64(), new Xxh64()];
    whole.update(bytes);
    parts.update(bytes.subarray(0, at));
    parts.update(bytes.subarray(at));
    assertEquals(parts.digest(), whole.digest());
  }));
});
