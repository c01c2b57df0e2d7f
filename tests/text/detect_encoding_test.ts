import { assertEquals } from "@std/assert";
import { detectEncoding } from "../../src/text/detect_encoding.ts";

/** The bytes of a text in an encoding: `TextEncoder` has UTF-8 only, so the decoder is inverted. */
function encode(text: string, encoding: string): Uint8Array {
  const bytesOf = new Map<string, number[]>();
  const decoder = new TextDecoder(encoding);
  for (let a = 255; a >= 0; a--) {
    for (const bytes of [...Array.from({ length: 256 }, (_, b) => [a, b]), [a]]) {
      const decoded = [...decoder.decode(Uint8Array.from(bytes))];
      if (decoded.length === 1 && decoded[0] !== "\ufffd") bytesOf.set(decoded[0]!, bytes);
    }
  }
  return Uint8Array.from([...text].flatMap((character) => bytesOf.get(character)!));
}

const texts: Readonly<Record<string, string>> = {
  "windows-1252": "Un café, une crêpe – et « une idée » de génie où l'été passait déjà.",
  "windows-1250": "Zażółć gęślą jaźń, łódź płynęła przez świętą rzekę. Żółw.",
  "iso-8859-2": "Příliš žluťoučký kůň úpěl ďábelské ódy. Řeka tekla.",
  "windows-1251": "Мороз и солнце; день чудесный! Ещё ты дремлешь, друг прелестный.",
  "koi8-r": "Мороз и солнце; день чудесный! Ещё ты дремлешь, друг прелестный.",
  "ibm866": "Мороз и солнце; день чудесный! Ещё ты дремлешь, друг прелестный.",
  "windows-1253": "Στην αρχή ο Θεός έπλασε τον ουρανό και τη γη.",
  "windows-1254": "Işık doğudan gelir; çocuklar güneşi görünce şarkı söyledi.",
  "windows-1255": "בראשית ברא אלהים את השמים ואת הארץ.",
  "windows-1256": "في البدء خلق الله السماوات والأرض. يوم جديد",
  "shift_jis": "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。",
  "euc-jp": "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。",
  "gb18030": "床前明月光，疑是地上霜。他们说这个国家的人都是好人。",
  "big5": "他們說這個國家的人都是好人。舉頭望明月，低頭思故鄉。",
  "euc-kr": "나는 학교에 갑니다. 오늘은 날씨가 아주 좋습니다.",
};

for (const [encoding, text] of Object.entries(texts)) {
  Deno.test(`detectEncoding() recognizes ${encoding}`, () => {
    assertEquals(detectEncoding(encode(text, encoding)), encoding);
    assertEquals(detectEncoding(encode(`${text}\n`.repeat(20), encoding)), encoding);
  });
}

Deno.test("detectEncoding() recognizes windows-1252 by a few signs in an English text", () => {
  const english = "The rain in Spain stays mainly in the plain, and it rains again.\n".repeat(9);
  for (const signs of ["so – it rains", "\n\u00a0\n", "for £5 or 20° © 1990", "½ of it", "5 m²"]) {
    const bytes = encode(`${english}${signs}\n${english}`, "windows-1252");
    assertEquals(detectEncoding(bytes), "windows-1252", signs);
  }
  // Words of one letter are still words.
  assertEquals(detectEncoding(encode("я и ты, а он в лесу\n".repeat(9), "koi8-r")), "koi8-r");
});

Deno.test("detectEncoding() finds no encoding for bytes that are no text", () => {
  const bytes = Uint8Array.from({ length: 2000 }, (_, i) => (i * i * 31 + 7 * i) % 255 + 1);
  assertEquals(detectEncoding(bytes), undefined);
});
