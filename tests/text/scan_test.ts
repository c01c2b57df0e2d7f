import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import { CharIndex } from "../../src/text/char_index.ts";
import { Utf8Scanner } from "../../src/text/scan.ts";
import { bad, cut } from "./sequences.ts";

const texts = fc.string({ unit: "binary", maxLength: 40 });
const utf8 = (text: string) => new TextEncoder().encode(text);

/** Lengths of the pieces: tiny, so that characters are cut everywhere, or all in one. */
const lengths = fc.oneof(
  fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 }),
  fc.constant([2 ** 30]),
);

/** Surveys the bytes in pieces of these lengths, over and over. */
function survey(
  bytes: Uint8Array,
  lengths: readonly number[],
  landmarks = new CharIndex(),
) {
  const survey = new Utf8Scanner("Cannot read it", landmarks);
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const piece = bytes.subarray(at, at + lengths[turn % lengths.length]!);
    survey.add(piece);
    at += piece.length;
  }
  return survey.finish();
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

Deno.test("a text is counted and hashed whole, in pieces of any length", async () => {
  await fc.assert(fc.asyncProperty(texts, lengths, async (text, lengths) => {
    const bytes = utf8(text);
    const result = survey(bytes, lengths);
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

Deno.test("ASCII in runs of any length, at any place, is counted", () => {
  const runs = fc.array(fc.stringMatching(/^[ -~]{0,20}[éб€\u{1f600}]?$/u), { maxLength: 10 });
  fc.assert(fc.property(runs, fc.integer({ min: 1, max: 9 }), (runs, length) => {
    const text = runs.join("");
    const { occurrences } = survey(utf8(text), [length], new CharIndex(3, 4));
    const counted = [...occurrences].flatMap(([codePoint, count]) =>
      Array(count).fill(String.fromCodePoint(codePoint))
    );
    assertEquals(counted.toSorted(), [...text].toSorted());
  }));
});

Deno.test("landmarks are the offsets of their characters", () => {
  const strides = fc.integer({ min: 1, max: 5 });
  fc.assert(fc.property(texts, lengths, strides, (text, lengths, stride) => {
    const bytes = utf8(text);
    const { landmarks, length } = survey(bytes, lengths, new CharIndex(stride, 8));
    for (let character = 0; character < length; character++) {
      const before = landmarks.before(character);
      const offset = utf8([...text].slice(0, before.character).join("")).length;
      assertEquals(before.offset, offset);
    }
    assert(landmarks.next >= length, "none is missing at the end");
  }));
});

Deno.test("a text of several MiB is counted whole", () => {
  // Characters of 1 to 4 bytes, 10 together, so that pieces cut each of them.
  const times = 400_000;
  const result = survey(utf8("aé€\u{1f600}".repeat(times)), [2 ** 30]);
  assertEquals([...result.occurrences.values()], [times, times, times, times]);
  assertEquals(result.length, 4 * times);
  assertEquals(result.landmarks.before(3_000_000).offset % 10, 0);
});

function assertBadAt(offset: number, bytes: Uint8Array, lengths: readonly number[]) {
  const { message } = assertThrows(() => survey(bytes, lengths), InputError);
  assertEquals(
    message,
    `Cannot read it: it is not UTF-8 at byte offset ${offset}; convert it to UTF-8`,
  );
}

const join = (...parts: readonly (Uint8Array | readonly number[])[]) =>
  new Uint8Array(parts.flatMap((part) => [...part]));

Deno.test("an error names the byte at which the first bad sequence starts", () => {
  fc.assert(
    fc.property(
      texts,
      fc.constantFrom(...bad),
      fc.uint8Array({ maxLength: 20 }),
      lengths,
      (before, sequence, after, lengths) => {
        const prefix = utf8(before);
        assertBadAt(prefix.length, join(prefix, sequence, after), lengths);
      },
    ),
    { numRuns: 1000 },
  );
});

Deno.test("an error names the byte at which a sequence cut by the end starts", () => {
  fc.assert(
    fc.property(texts, fc.constantFrom(...cut), lengths, (before, sequence, lengths) => {
      const prefix = utf8(before);
      assertBadAt(prefix.length, join(prefix, sequence), lengths);
    }),
    { numRuns: 300 },
  );
});

Deno.test("every bad sequence is found after every character, in pieces of 1 to 7", () => {
  for (const sequence of [...bad, ...cut]) {
    for (const before of ["", "\0", "a", "é", "€", "\u{1f600}", "\ufeff"]) {
      const prefix = utf8(before);
      for (const length of [1, 2, 3, 4, 5, 6, 7]) {
        assertBadAt(prefix.length, join(prefix, sequence), [length]);
      }
    }
  }
});

Deno.test("offsets are exact around the ends of 256 KiB and 1 MiB", () => {
  for (const end of [2 ** 18, 2 ** 20]) {
    for (let offset = end - 5; offset <= end + 1; offset++) {
      for (const character of ["a", "\u{1f600}"]) {
        const bytes = new Uint8Array(offset + 4).fill(0x61);
        const last = utf8(character);
        bytes.set(last, offset - last.length);
        bytes.set([0xf0, 0x9f, 0x98, 0x28], offset);
        assertBadAt(offset, bytes, [2 ** 30]);
      }
    }
  }
});
