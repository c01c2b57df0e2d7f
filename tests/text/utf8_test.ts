import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import { type ByteReader, readUtf8 } from "../../src/text/utf8.ts";

const texts = fc.string({ unit: "binary", maxLength: 40 });
const utf8 = (text: string) => new TextEncoder().encode(text);

/** Gives the bytes in pieces of these lengths, over and over. */
function readerOf(
  bytes: Uint8Array,
  lengths: readonly number[],
): ByteReader {
  let at = 0;
  let turn = 0;
  return {
    read(buffer) {
      if (at === bytes.length) return Promise.resolve(null);
      const length = lengths[turn++ % lengths.length]!;
      const piece = bytes.subarray(at, at + Math.min(length, buffer.length));
      buffer.set(piece);
      at += piece.length;
      return Promise.resolve(piece.length);
    },
  };
}

/** Lengths of the pieces: tiny, so that characters are cut everywhere, or all in one. */
const lengths = fc.oneof(
  fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 }),
  fc.constant([2 ** 30]),
);

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return new Uint8Array(digest).toHex();
}

Deno.test("the text is the same in pieces of any length", async () => {
  await fc.assert(fc.asyncProperty(texts, lengths, async (text, lengths) => {
    const bytes = utf8(text);
    let read = "";
    const result = await readUtf8(readerOf(bytes, lengths), "", (piece) => {
      assert(piece.isWellFormed());
      read += piece;
    });
    assertEquals(read, text);
    assertEquals(result, {
      bytes: bytes.length,
      sha256: await sha256(bytes),
    });
  }));
});

Deno.test("byte-order marks are characters, at the start too", async () => {
  const text = "\ufeff\ufeffa\ufeff";
  for (const length of [1, 2, 3, 4, 100]) {
    let read = "";
    await readUtf8(readerOf(utf8(text), [length]), "", (p) => read += p);
    assertEquals(read, text);
  }
});

Deno.test("a text of several MiB is read whole", async () => {
  // Characters of 1 to 4 bytes, 10 together, so that each is cut by one of the pieces' ends.
  const text = "aé€\u{1f600}".repeat(400_000);
  let read = "";
  let pieces = 0;
  await readUtf8(readerOf(utf8(text), [2 ** 30]), "", (piece) => {
    read += piece;
    pieces++;
  });
  assert(read === text);
  assertEquals(pieces, 5); // 3.8 MiB in four pieces, and the empty one at the end
});

/** What is not UTF-8 whatever follows, by the table of well-formed sequences (Unicode, 3-7). */
const bad: readonly (readonly number[])[] = [
  [0x80], // a continuation byte alone
  [0xbf],
  [0xc0, 0xaf], // overlong forms
  [0xc1, 0xbf],
  [0xe0, 0x80, 0xaf],
  [0xe0, 0x9f, 0xbf],
  [0xf0, 0x80, 0x80, 0xaf],
  [0xf0, 0x8f, 0xbf, 0xbf],
  [0xed, 0xa0, 0x80], // surrogates
  [0xed, 0xbf, 0xbf],
  [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80],
  [0xf4, 0x90, 0x80, 0x80], // above U+10FFFF
  [0xf5, 0x80, 0x80, 0x80],
  [0xff],
  [0xfe, 0xff],
  [0xc3, 0x28], // a byte that does not continue
  [0xe2, 0x28],
  [0xe2, 0x82, 0x28],
  [0xe2, 0x82, 0xe2, 0x82, 0xac],
  [0xf0, 0x9f, 0x28],
  [0xf0, 0x9f, 0x98, 0x28],
  [0xf0, 0x9f, 0x98, 0xf0],
];

/** What is not UTF-8 at the end of the bytes. */
const cut: readonly (readonly number[])[] = [
  [0xc3],
  [0xe2],
  [0xe2, 0x82],
  [0xf0],
  [0xf0, 0x9f],
  [0xf0, 0x9f, 0x98],
];

async function assertBadAt(
  offset: number,
  bytes: Uint8Array,
  lengths: readonly number[],
) {
  const { message } = await assertRejects(
    () => readUtf8(readerOf(bytes, lengths), "Cannot read it", () => {}),
    InputError,
  );
  assertEquals(
    message,
    `Cannot read it: it is not UTF-8 at byte offset ${offset}; convert it to UTF-8`,
  );
}

const join = (...parts: readonly (Uint8Array | readonly number[])[]) =>
  new Uint8Array(parts.flatMap((part) => [...part]));

Deno.test("an error names the byte at which the first bad sequence starts", async () => {
  await fc.assert(
    fc.asyncProperty(
      texts,
      fc.constantFrom(...bad),
      fc.uint8Array({ maxLength: 20 }),
      lengths,
      async (before, sequence, after, lengths) => {
        const prefix = utf8(before);
        const bytes = join(prefix, sequence, after);
        await assertBadAt(prefix.length, bytes, lengths);
      },
    ),
    { numRuns: 1000 },
  );
});

Deno.test("an error names the byte at which a sequence cut by the end starts", async () => {
  await fc.assert(
    fc.asyncProperty(
      texts,
      fc.constantFrom(...cut),
      lengths,
      async (before, sequence, lengths) => {
        const prefix = utf8(before);
        await assertBadAt(prefix.length, join(prefix, sequence), lengths);
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("every bad sequence is found after every character, in pieces of 1 to 7", async () => {
  for (const sequence of [...bad, ...cut]) {
    for (const before of ["", "\0", "a", "é", "€", "\u{1f600}", "\ufeff"]) {
      const prefix = utf8(before);
      for (const length of [1, 2, 3, 4, 5, 6, 7]) {
        await assertBadAt(prefix.length, join(prefix, sequence), [length]);
      }
    }
  }
});

Deno.test("offsets are exact around the end of a piece of 1 MiB", async () => {
  for (let offset = 2 ** 20 - 5; offset <= 2 ** 20 + 1; offset++) {
    for (const character of ["a", "\u{1f600}"]) {
      const bytes = new Uint8Array(offset + 4).fill(0x61);
      const last = utf8(character);
      bytes.set(last, offset - last.length);
      bytes.set([0xf0, 0x9f, 0x98, 0x28], offset);
      await assertBadAt(offset, bytes, [2 ** 30]);
    }
  }
});
