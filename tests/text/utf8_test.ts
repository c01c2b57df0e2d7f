import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { codePointAt, completeLength, utf8Length } from "../../src/text/utf8.ts";
import { malformed, truncated } from "./sequences.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

Deno.test("codePointAt() and utf8Length() agree with TextEncoder for every code point", () => {
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

Deno.test("codePointAt() accepts exactly what TextDecoder accepts", () => {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const characterOf = (bytes: Uint8Array) => {
    for (let length = 1; length <= bytes.length; length++) {
      try {
        return decoder.decode(bytes.subarray(0, length)).codePointAt(0)!;
      } catch {
        // The character is longer, or there is none.
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
  for (const sequence of [...malformed, ...truncated]) {
    assertEquals(codePointAt(Uint8Array.from(sequence), 0), -1);
  }
});

Deno.test("completeLength() ends before a character that the end cuts", () => {
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
    assertEquals(completeLength(bytes.subarray(0, end)), whole);
  }));
});

Deno.test("completeLength() leaves over malformed bytes only while they may become a character", () => {
  for (const sequence of malformed) {
    for (const before of ["", "a", "é", "\u{1f600}"]) {
      const bytes = Uint8Array.from([...utf8(before), ...sequence]);
      const whole = completeLength(bytes);
      assert(bytes.length - whole <= 3);
      // A complete part has the malformed sequence at its known place.
      if (whole > utf8(before).length) assertEquals(codePointAt(bytes, utf8(before).length), -1);
    }
  }
  for (const sequence of truncated) assertEquals(completeLength(Uint8Array.from(sequence)), 0);
});
