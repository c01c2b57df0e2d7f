import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { quote, show } from "../src/json.ts";
import { escapeInvisible, printable, toJson } from "../src/printable.ts";

/** Characters that a terminal must not receive, other than joiners. */
const hazards = [
  ...["\0", "\x07", "\b", "\f", "\x1b", "\x7f", "\x80", "\x9b", "\x9f"],
  ...["\u061c", "\u200b", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202e"],
  ...["\u2060", "\u2066", "\u2069", "\ufeff", "\u{e0041}", "\ud800", "\udc00"],
];
const joiners = ["\u200c", "\u200d"];
/** Text that is likely to go wrong. */
const hostile = fc.array(
  fc.oneof(
    fc.constantFrom(...hazards, ...joiners, "\n", "\t", " ", '"', "\\", "a", "é", "ب", "👩", "💻"),
    fc.string({ unit: "binary", maxLength: 3 }),
  ),
  { maxLength: 12 },
).map((parts) => parts.join(""));

function hasHazard(text: string): boolean {
  // Written in another way than in the source.
  return Array.from(text).some((character) => {
    const code = character.codePointAt(0)!;
    return code < 0x20 && !"\t\n\r".includes(character) || code >= 0x7f && code <= 0x9f ||
      code >= 0xd800 && code <= 0xdfff || hazards.includes(character);
  });
}

Deno.test("printable() leaves nothing that directs a terminal, in one piece or in many", () => {
  for (const hazard of hazards) assertEquals(printable(`a${hazard}b`), "a·b");
  fc.assert(fc.property(hostile, (text) => {
    const shown = printable(text);
    assert(!hasHazard(shown));
    assertEquals(printable(shown), shown);
    assertEquals(Array.from(shown).length, Array.from(text).length);
    if (text.includes("\r")) return;
    let pieces = "";
    let before = "";
    for (const character of text) {
      pieces += printable(character, before);
      before = character;
    }
    assertEquals(pieces, shown);
  }));
});

Deno.test("printable() leaves text, emoji and joiners between letters that need them", () => {
  for (const text of ["naïve – “text”\n\tnext", "👩🏽‍💻 👨‍👩‍👧 ❤️", "می‌خواهم", "क्‍ष", "漢字", "עברית"]) {
    assertEquals(printable(text), text);
  }
  assertEquals(printable("one\r\ntwo\rthree\r"), "one\r\ntwo·three·");
  assertEquals(printable("pass\u200dword \u200cx"), "pass·word ·x");
});

Deno.test("quote(), show() and escapeInvisible() write every invisible character as an escape", () => {
  const isVisible = (text: string) =>
    !hasHazard(text) && !/[\p{C}\p{Default_Ignorable_Code_Point}\n\t]/u.test(text);
  fc.assert(fc.property(hostile, (text) => {
    assert(isVisible(quote(text)));
    assert(isVisible(quote({ [text]: [text] })));
    assert(isVisible(show(text)));
    assert(isVisible(escapeInvisible(text)));
  }));
  for (const plain of ["runs/alice", "my text.txt", "übung (1).txt"]) {
    assertEquals(show(plain), plain);
  }
  assertEquals(show("a\u202eb"), '"a\\u{202e}b"');
  assertEquals(show("a\nb"), '"a\\nb"');
  assertEquals([show(""), show(" a"), show('a"b')], ['""', '" a"', '"a\\"b"']);
});

Deno.test("toJson() has the same value as JSON.stringify(), without what directs a terminal", () => {
  fc.assert(fc.property(hostile, fc.double({ noNaN: true }), (text, x) => {
    const value = { [text]: [text, x] };
    for (const space of [undefined, 2]) {
      const json = toJson(value, space);
      assert(!hasHazard(json));
      assertEquals(JSON.stringify(JSON.parse(json)), JSON.stringify(value));
    }
    assert(!toJson(value).includes("\n"));
  }));
});
