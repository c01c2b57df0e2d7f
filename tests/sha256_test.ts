import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createPortableSha256, createSha256, type Sha256 } from "../src/sha256.ts";

const implementations = { createSha256, createPortableSha256 };

/** The digest of parts that are added one after the other. */
function digestOf(hash: Sha256, parts: readonly Uint8Array[]): string {
  for (const part of parts) hash.update(part);
  return hash.digest();
}

for (const [name, create] of Object.entries(implementations)) {
  Deno.test(`${name}() gives the digests of FIPS 180-4`, () => {
    const digest = (text: string) => digestOf(create(), [new TextEncoder().encode(text)]);
    assertEquals(
      digest("abc"),
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    assertEquals(digest(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });
}

Deno.test("createSha256() gives the digest of createPortableSha256() for any parts", () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (parts) => {
    assertEquals(digestOf(createSha256(), parts), digestOf(createPortableSha256(), parts));
  }));
});

for (const [name, create] of Object.entries(implementations)) {
  Deno.test(`${name}().updateText() adds the UTF-8 of a text, however long`, () => {
    const units = ["a", "é", "☃", "🦊"];
    for (const length of [0, 1, 21844, 21845, 21846, 70_000]) {
      const text = Array.from({ length }, (_, i) => units[(i * 7 + (i >> 3)) % 4]).join("");
      const hash = create();
      hash.updateText(text);
      assertEquals(hash.digest(), digestOf(create(), [new TextEncoder().encode(text)]));
    }
  });
}
