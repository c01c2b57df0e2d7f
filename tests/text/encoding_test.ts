import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { gzipSync } from "node:zlib";
import { InputError } from "../../src/errors.ts";
import { corpusFromBytes, corpusFromText } from "../../src/text/corpus.ts";
import { findOddities } from "../../src/text/oddities.ts";

const alice = "Alice was beginning to get very tired.\nOf what? – “Nothing”, she said.\n".repeat(5);
const cyrillic = "Мороз и солнце; день чудесный!\nЕщё ты дремлешь, друг прелестный –\n".repeat(9);
const chinese = "床前明月光，疑是地上霜。\n舉頭望明月，低頭思故鄉。\n".repeat(9);

/** A text in UTF-16 or UTF-32. */
function encodeWide(text: string, { bytes, isLittle }: { bytes: 2 | 4; isLittle: boolean }) {
  const units = bytes === 2
    ? Array.from({ length: text.length }, (_, i) => text.charCodeAt(i))
    : Array.from(text, (character) => character.codePointAt(0)!);
  const view = new DataView(new ArrayBuffer(bytes * units.length));
  units.forEach((unit, i) =>
    bytes === 2 ? view.setUint16(2 * i, unit, isLittle) : view.setUint32(4 * i, unit, isLittle)
  );
  return new Uint8Array(view.buffer);
}

const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const utf8 = (text: string) => new TextEncoder().encode(text);

function refusal(bytes: Uint8Array): string {
  const refused = () => corpusFromBytes(bytes, { name: "a.txt" });
  return assertThrows(refused, InputError).message.replace('Cannot read the text "a.txt": ', "");
}

Deno.test("corpusFromBytes() names UTF-16 and UTF-32, with or without a byte-order mark", () => {
  for (const text of [alice, cyrillic, chinese, "Hello\n"]) {
    for (const bytes of [2, 4] as const) {
      for (const isLittle of [true, false]) {
        const name = `UTF-${8 * bytes}`;
        const marked = refusal(encodeWide(`\ufeff${text}`, { bytes, isLittle }));
        assertMatch(marked, new RegExp(`it is ${name}; convert it, .*iconv -f ${name} -t UTF-8$`));
        const encoding = `${name}${isLittle ? "LE" : "BE"}`;
        const plain = refusal(encodeWide(text, { bytes, isLittle }));
        assertMatch(plain, new RegExp(`it seems to be ${encoding}; .* -f ${encoding} -t UTF-8$`));
      }
    }
  }
});

Deno.test("corpusFromBytes() names UTF-32 of characters above U+FFFF", () => {
  for (const isLittle of [true, false]) {
    const bytes = encodeWide("😀😃😄\n".repeat(9), { bytes: 4, isLittle });
    assertMatch(refusal(bytes), new RegExp(`seems to be UTF-32${isLittle ? "LE" : "BE"}; `));
  }
});

Deno.test("corpusFromBytes() names archives and documents", () => {
  assertMatch(refusal(gzipSync(utf8(alice))), /it is a gzip file; decompress it/);
  assertMatch(refusal(Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0, 0xff)), /it is a zip archive, or/);
  assertMatch(refusal(latin1("%PDF-1.7\n%âãÏÓ\n1 0 obj")), /line 2, byte 0xE2\): it is a PDF; /);
  assertMatch(refusal(latin1("BZh91AY&SY\xff")), /it is a bzip2 file; /);
  assertMatch(refusal(latin1("\x7fELF\x02\x01\0\0\0\0\0\xff")), /seems to be a binary file; /);
  assertMatch(refusal(utf8("a\0".repeat(3) + "\0\0\0")), /6 of its 9 characters are U\+0000: it /);
});

Deno.test("corpusFromBytes() distinguishes older encodings from damaged UTF-8, with the line", () => {
  const french = latin1("Un café,\nune crêpe \x96 et une idée de génie.\n".repeat(9));
  assertMatch(
    refusal(french),
    /^it is not UTF-8 at byte offset 6 \(line 1, byte 0xE9\): it is probably windows-1252; /,
  );
  const russian = latin1("\xcc\xee\xf0\xee\xe7 \xe8 \xf1\xee\xeb\xed\xf6\xe5\n".repeat(9));
  assertMatch(refusal(russian), /line 1, byte 0xCC\): it is probably windows-1251; convert/);
  const mixed = new Uint8Array([...utf8("née\nà\n"), ...latin1("née"), ...utf8("\n")]);
  assertMatch(refusal(mixed), /\(line 3, byte 0xE9\): the text before it is UTF-8, /);
  const cut = utf8("née à");
  assertMatch(refusal(cut.subarray(0, -1)), /\(line 1, byte 0xC3\): .* cut off or mixed/);
});

Deno.test("corpusFromBytes() accepts a text with a few U+0000", () => {
  const corpus = corpusFromBytes(utf8(`${alice}\0${alice}`), { name: "a.txt" });
  assertEquals(corpus.length, [...alice].length * 2 + 1);
});

Deno.test("findOddities() counts and locates what a faulty conversion leaves", () => {
  const odd = (text: string) => findOddities(corpusFromText(text));
  assertEquals([odd("one\r\ntwo\r\n"), odd("one\ntwo"), odd("one\rtwo")], [[], [], []]);
  assertEquals(odd("one\r\ntwo\n"), ["line ends are mixed: 2 line feeds, 1 carriage return"]);
  assertEquals(odd("\ufeffone\n\ufefftwo").length, 1);
  assertMatch(odd("\ufeffone\n\ufefftwo")[0]!, /^U\+FEFF occurs 2 times, first in line 1: /);
  assertMatch(odd("one\ntwo\ufeff")[0]!, /^U\+FEFF occurs once, in line 2: a byte-order mark/);
  assertMatch(odd("a\n\nb\0")[0]!, /^U\+0000 occurs once, in line 3: /);
  assertMatch(odd("caf\ufffd")[0]!, /^U\+FFFD occurs once, in line 1: /);
  assertMatch(odd("%PDF-1.4\n")[0]!, /^it is the source of a PDF, /);
  assertMatch(odd("{\\rtf1\\ansi")[0]!, /^it is the source of an RTF document, /);
});
