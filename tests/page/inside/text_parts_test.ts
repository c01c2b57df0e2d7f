import { assertEquals } from "@std/assert";
import { LEAD, TextParts } from "../../../page/inside/text_parts.ts";

Deno.test("TextParts reads every character of a text once, with those before it", async () => {
  // Characters of 1 to 4 bytes; a cut is at each of them in turn.
  const characters = Array.from({ length: 5003 }, (_, i) => ["a", "é", "€", "😀", "\n"][i % 5]!);
  for (const content of [characters.join(""), new Blob([characters.join("")])]) {
    const parts = await TextParts.of(content, 1201);
    assertEquals([parts.chars, parts.count, parts.startOf(3)], [5003, 5, 3603]);
    for (let part = 0; part < parts.count; part++) {
      const start = parts.startOf(part);
      assertEquals(await parts.read(part), {
        lead: characters.slice(Math.max(0, start - LEAD), start),
        characters: characters.slice(start, start + 1201),
      });
    }
  }
});

Deno.test("TextParts counts across slices of a file, and keeps a byte-order mark", async () => {
  const parts = await TextParts.of("\ufeff" + "€".repeat(1_000_000), 300_000);
  assertEquals([parts.chars, parts.count], [1_000_001, 4]);
  assertEquals((await parts.read(0)).characters.slice(0, 2), ["\ufeff", "€"]);
  const last = await parts.read(3);
  assertEquals([last.lead.length, last.characters.length], [LEAD, 100_001]);
  assertEquals(new Set([...last.lead, ...last.characters]), new Set("€"));
});

Deno.test("TextParts takes an empty text, and bytes that are no UTF-8", async () => {
  const empty = await TextParts.of("", 10);
  assertEquals([empty.chars, empty.count], [0, 0]);
  assertEquals(await empty.read(0), { lead: [], characters: [] });
  const broken = await TextParts.of(new Blob([new Uint8Array([0x80, 0x61, 0xff, 0x62, 0xe2])]), 2);
  assertEquals((await broken.read(0)).characters, ["a", "\ufffd"]);
  assertEquals((await broken.read(1)).characters, ["b", "\ufffd"]);
});
