import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import { CharIndex } from "../../src/text/char_index.ts";
import { Utf8Scanner } from "../../src/text/scan.ts";
import { malformed, truncated } from "./sequences.ts";

const texts = fc.string({ unit: "binary", maxLength: 40 });
const utf8 = (text: string) => new TextEncoder().encode(text);

/** Lengths of the pieces: tiny, so that characters are cut everywhere, or all in one. */
const lengths = fc.oneof(
  fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 }),
  fc.constant([2 ** 30]),
);

/** Scans bytes in pieces of these lengths, which repeat. */
function scan(
  bytes: Uint8Array,
  lengths: readonly number[],
  index = new CharIndex(),
) {
  const scanner = new Utf8Scanner(index);
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const piece = bytes.subarray(at, at + lengths[turn % lengths.length]!);
    scanner.add(piece);
    at += piece.length;
  }
  return scanner.finish();
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

Deno.test("Utf8Scanner counts and hashes a text in pieces of any length", async () => {
  await fc.assert(fc.asyncProperty(texts, lengths, async (text, lengths) => {
    const bytes = utf8(text);
    const result = scan(bytes, lengths);
    assertEquals(result.bytes, bytes.length);
    assertEquals(result.length, [...text].length);
    assertEquals(result.sha256, await sha256(bytes));
    const occurrences = new Map<number, number>();
    for (const character of text) {
      const codePoint = character.codePointAt(0)!;
      occurrences.set(codePoint, (occurrences.get(codePoint) ?? 0) + 1);
    }
    assertEquals(result.occurrences, occurrences);
  }));
});

Deno.test("Utf8Scanner counts ASCII in runs of any length at any offset", () => {
  const runs = fc.array(fc.stringMatching(/^[ -~]{0,20}[éб€\u{1f600}]?$/u), { maxLength: 10 });
  fc.assert(fc.property(runs, fc.integer({ min: 1, max: 9 }), (runs, length) => {
    const text = runs.join("");
    const { occurrences } = scan(utf8(text), [length], new CharIndex({ stride: 3, maxEntries: 4 }));
    const counted = [...occurrences].flatMap(([codePoint, count]) =>
      Array(count).fill(String.fromCodePoint(codePoint))
    );
    assertEquals(counted.toSorted(), [...text].toSorted());
  }));
});

Deno.test("Utf8Scanner indexes the byte offsets of characters", () => {
  const strides = fc.integer({ min: 1, max: 5 });
  fc.assert(fc.property(texts, lengths, strides, (text, lengths, stride) => {
    const bytes = utf8(text);
    const { index, length } = scan(bytes, lengths, new CharIndex({ stride, maxEntries: 8 }));
    for (let character = 0; character < length; character++) {
      const entry = index.floor(character);
      const offset = utf8([...text].slice(0, entry.character).join("")).length;
      assertEquals(entry.byte, offset);
    }
    assert(index.nextCharacter >= length, "no entry is missing at the end");
  }));
});

Deno.test("Utf8Scanner counts a text of several MiB", () => {
  // Characters of 1 to 4 bytes, 10 together, so that pieces cut each of them.
  const times = 400_000;
  const result = scan(utf8("aé€\u{1f600}".repeat(times)), [2 ** 30]);
  assertEquals([...result.occurrences.values()], [times, times, times, times]);
  assertEquals(result.length, 4 * times);
  assertEquals(result.index.floor(3_000_000).byte % 10, 0);
});

function assertMalformedAt(offset: number, bytes: Uint8Array, lengths: readonly number[]) {
  const { message } = assertThrows(() => scan(bytes, lengths), InputError);
  const line = bytes.subarray(0, offset).filter((byte) => byte === 0x0a).length + 1;
  const byte = bytes[offset]!.toString(16).toUpperCase();
  const start = `it is not UTF-8 at byte offset ${offset} (line ${line}, byte 0x${byte}): `;
  assertEquals(message.slice(0, start.length), start);
}

const join = (...parts: readonly (Uint8Array | readonly number[])[]) =>
  new Uint8Array(parts.flatMap((part) => [...part]));

Deno.test("Utf8Scanner names the byte at which the first malformed sequence starts", () => {
  fc.assert(
    fc.property(
      texts,
      fc.constantFrom(...malformed),
      fc.uint8Array({ maxLength: 20 }),
      lengths,
      (before, sequence, after, lengths) => {
        const prefix = utf8(before);
        assertMalformedAt(prefix.length, join(prefix, sequence, after), lengths);
      },
    ),
    { numRuns: 1000 },
  );
});

Deno.test("Utf8Scanner names the byte at which a truncated sequence starts", () => {
  fc.assert(
    fc.property(texts, fc.constantFrom(...truncated), lengths, (before, sequence, lengths) => {
      const prefix = utf8(before);
      assertMalformedAt(prefix.length, join(prefix, sequence), lengths);
    }),
    { numRuns: 300 },
  );
});

Deno.test("Utf8Scanner finds each malformed sequence after any character, in pieces of 1 to 7", () => {
  for (const sequence of [...malformed, ...truncated]) {
    for (const before of ["", "\0", "a", "é", "€", "\u{1f600}", "\ufeff"]) {
      const prefix = utf8(before);
      for (const length of [1, 2, 3, 4, 5, 6, 7]) {
        assertMalformedAt(prefix.length, join(prefix, sequence), [length]);
      }
    }
  }
});

Deno.test("Utf8Scanner names exact offsets around 256 KiB and 1 MiB", () => {
  for (const end of [2 ** 18, 2 ** 20]) {
    for (let offset = end - 5; offset <= end + 1; offset++) {
      for (const character of ["a", "\u{1f600}"]) {
        const bytes = new Uint8Array(offset + 4).fill(0x61);
        const last = utf8(character);
        bytes.set(last, offset - last.length);
        bytes.set([0xf0, 0x9f, 0x98, 0x28], offset);
        assertMalformedAt(offset, bytes, [2 ** 30]);
      }
    }
  }
});
