import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import { Vocabulary } from "../../src/text/vocabulary.ts";

/** Any text, of whole code points from all planes. */
const texts = fc.string({ unit: "binary", minLength: 1, maxLength: 200 });

Deno.test("Vocabulary ids are the ranks of the distinct code points", () => {
  fc.assert(fc.property(texts, (text) => {
    const vocabulary = Vocabulary.fromText(text);
    const sorted = [...new Set(text)].map((c) => c.codePointAt(0)!)
      .sort((a, b) => a - b);
    assertEquals(vocabulary.size, sorted.length);
    assertEquals(vocabulary.characters, String.fromCodePoint(...sorted));
    sorted.forEach((codePoint, id) => {
      assertEquals(vocabulary.idOf(codePoint), id);
      assert(vocabulary.has(codePoint));
    });
    assertEquals(
      [...vocabulary.encode(text)],
      Array.from(text, (c) => sorted.indexOf(c.codePointAt(0)!)),
    );
  }));
});

Deno.test("Vocabulary.decode() undoes encode()", () => {
  fc.assert(fc.property(texts, (text) => {
    const vocabulary = Vocabulary.fromText(text);
    assertEquals(vocabulary.decode(vocabulary.encode(text)), text);
  }));
});

Deno.test("Vocabulary.fromText() and fromCodePoints() of the same characters are equal", () => {
  fc.assert(fc.property(texts, (text) => {
    const { characters } = Vocabulary.fromText(text);
    const codePoints = Array.from(text, (c) => c.codePointAt(0)!);
    assertEquals(Vocabulary.fromText(characters).characters, characters);
    assertEquals(
      Vocabulary.fromCodePoints(codePoints).characters,
      characters,
    );
  }));
});

Deno.test("Vocabulary keeps emoji, combining marks, line breaks and U+FEFF", () => {
  const text = "\ufeffe\u0301\r\n\u{1f469}\u200d\u{1f680}\0\u{10ffff}é\n\ufeff";
  const vocabulary = Vocabulary.fromText(text);
  assertEquals(vocabulary.size, 11);
  assertEquals(vocabulary.decode(vocabulary.encode(text)), text);
  assertEquals(vocabulary.encode(text).length, 13);
});

Deno.test("Vocabulary needs at least one character", () => {
  const vocabulary = Vocabulary.fromText("aaa");
  assertEquals(vocabulary.size, 1);
  assertEquals([...vocabulary.encode("aa")], [0, 0]);
  assertEquals(vocabulary.encode("").length, 0);
  assertEquals(vocabulary.decode([]), "");
  assertThrows(
    () => Vocabulary.fromText(""),
    InputError,
    "the text must have at least one character, not none",
  );
  assertThrows(
    () => Vocabulary.fromCodePoints([]),
    InputError,
    "the list of code points must have at least one",
  );
});

Deno.test("Vocabulary.idOf() is undefined for other code points", () => {
  const vocabulary = Vocabulary.fromText("bd");
  for (const codePoint of [0, 97, 99, 101, 0xd800, 0x10ffff, -1, 97.5, NaN]) {
    assertEquals(vocabulary.idOf(codePoint), undefined);
    assertEquals(vocabulary.has(codePoint), false);
  }
});

Deno.test("Vocabulary.encode() names the first unknown character and its position", () => {
  const { message } = assertThrows(
    () => Vocabulary.fromText("ab\u{1f600}").encode("a\u{1f600}bxy"),
    InputError,
  );
  assertEquals(
    message,
    'Cannot encode the text: character 4, "x" (U+0078), is not among the 3 characters of the vocabulary; unknown in all: "x" (U+0078) once, "y" (U+0079) once; use only characters of the text that the model was trained on',
  );
});

Deno.test("Vocabulary.encode() quotes an unknown character only if it is legible", () => {
  const shown = {
    "é": '"é" (U+00E9)',
    "\u{1f600}": '"\u{1f600}" (U+1F600)',
    " ": '" " (U+0020)',
    '"': '"\\"" (U+0022)',
    "\n": '"\\n" (U+000A)',
    "\0": "U+0000",
    "\x1b": "U+001B",
    "\u0301": "U+0301",
    "\u202e": "U+202E",
    "\ufeff": "U+FEFF (a byte-order mark)",
    "\u{10ffff}": "U+10FFFF",
  };
  for (const [character, words] of Object.entries(shown)) {
    assertThrows(
      () => Vocabulary.fromText("a").encode(character),
      InputError,
      `: character 1, ${words}, is not among the one character of`,
    );
  }
});

Deno.test("Vocabulary rejects a lone surrogate anywhere", () => {
  const halves = fc.constantFrom("\ud800", "\udbff", "\udc00", "\udfff");
  fc.assert(fc.property(texts, halves, texts, (before, half, after) => {
    const text = before + half + after;
    const position = [...before].length + 1;
    const code = half.charCodeAt(0).toString(16).toUpperCase();
    const words = `character ${position} is U+${code}, one half of`;
    const vocabulary = Vocabulary.fromText(before + after);
    assertThrows(() => Vocabulary.fromText(text), InputError, words);
    assertThrows(() => vocabulary.encode(text), InputError, words);
  }));
});

Deno.test("Vocabulary.fromCodePoints() rejects numbers that are not characters", () => {
  for (const wrong of [-1, 0.5, NaN, 0x110000, 0xd800, 0xdfff]) {
    assertThrows(
      () => Vocabulary.fromCodePoints([97, wrong, 98]),
      InputError,
      `, not ${wrong}`,
    );
  }
  assertEquals(Vocabulary.fromCodePoints([0xe000, 0xd7ff]).size, 2);
});

Deno.test("Vocabulary.decode() rejects ids outside the vocabulary", () => {
  const vocabulary = Vocabulary.fromText("abc");
  for (const wrong of [-1, 3, 0.5, NaN]) {
    assertThrows(
      () => vocabulary.decode([0, wrong]),
      RangeError,
      `the id ${wrong}: ids must be whole numbers from 0 to 2`,
    );
  }
});

Deno.test("Vocabulary encodes and decodes a million characters", () => {
  const text = "It is an ancient Mariner,\n\u{1f6a2} and he stoppeth one of three. "
    .repeat(20_000);
  const vocabulary = Vocabulary.fromText(text);
  const ids = vocabulary.encode(text);
  assertEquals(ids.length, [...text].length);
  assertEquals(vocabulary.decode(ids), text);
});
