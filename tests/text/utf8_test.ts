import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { codePointAt, utf8Length, wholeCharacters } from "../../src/text/utf8.ts";
import { bad, cut } from "./sequences.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

Deno.test("every code point is decoded, and its length known", () => {
  const bytes = new Uint8Array(4);
  const encoder = new TextEncoder();
  for (let codePoint = 0; codePoint <= 0x10ffff; codePoint++) {
    if (codePoint === 0xd800) codePoint = 0xe000;
    const { written } = encoder.encodeInto(String.fromCodePoint(codePoint), bytes);
    const decoded = codePointAt(bytes, 0);
    if (decoded !== codePoint || utf8Length(codePoint) !== written) {
      throw new Error(`U+${codePoint.toString(16)} became ${decoded}`);
    }
  }
});

Deno.test("what the platform's decoder takes for a character is one, and nothing else", () => {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const characterOf = (bytes: Uint8Array) => {
    for (let length = 1; length <= bytes.length; length++) {
      try {
        return decoder.decode(bytes.subarray(0, length)).codePointAt(0)!;
      } catch {
        // It is longer, or none.
      }
    }
    return -1;
  };
  const check = (...bytes: number[]) => {
    const all = Uint8Array.from(bytes);
    assertEquals(codePointAt(all, 0), characterOf(all), bytes.join());
  };
  for (let first = 0; first < 256; first++) {
    check(first);
    for (let second = 0; second < 256; second++) check(first, second);
  }
  // Around every limit that a lead or a continuation byte has.
  const edges = fc.constantFrom(
    ...[0x00, 0x28, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xff],
  );
  const leads = fc.integer({ min: 0xdf, max: 0xf6 });
  fc.assert(fc.property(fc.tuple(leads, edges, edges, edges), (b) => check(...b)), {
    numRuns: 5000,
  });
  for (const sequence of [...bad, ...cut]) {
    assertEquals(codePointAt(Uint8Array.from(sequence), 0), -1);
  }
});

Deno.test("bytes are whole up to the character that their end cuts", () => {
  const texts = fc.string({ unit: "binary", maxLength: 20 });
  fc.assert(fc.property(texts, fc.nat(), (text, at) => {
    const bytes = utf8(text);
    const end = at % (bytes.length + 1);
    let whole = 0;
    for (const character of text) {
      const next = whole + utf8(character).length;
      if (next > end) break;
      whole = next;
    }
    assertEquals(wholeCharacters(bytes.subarray(0, end)), whole);
  }));
});

Deno.test("bytes that are no UTF-8 are left over only while they may become a character", () => {
  for (const sequence of bad) {
    for (const before of ["", "a", "é", "\u{1f600}"]) {
      const bytes = Uint8Array.from([...utf8(before), ...sequence]);
      const whole = wholeCharacters(bytes);
      assert(bytes.length - whole <= 3);
      // What is taken for whole shows where it is bad, or it begins with what is left over.
      if (whole > utf8(before).length) assertEquals(codePointAt(bytes, utf8(before).length), -1);
    }
  }
  for (const sequence of cut) assertEquals(wholeCharacters(Uint8Array.from(sequence)), 0);
});
