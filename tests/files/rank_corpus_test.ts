/** Texts of several ranks. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { readCorpus } from "../../src/files/read_corpus.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { testInFolder } from "../folders.ts";
import { describeReading, readShared } from "./read_ranks.ts";

const line = "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich 🥊.\n";
const text = Array.from({ length: 4000 }, (_, i) => `${i} ${line}`).join("");

testInFolder(
  "readOnRanks() scans a long file in parts, with the result of one scan",
  async (folder) => {
    const path = `${folder}/long.txt`;
    for (const contents of [text, "é".repeat(3001), "🥊".repeat(1001), "ab🥊"]) {
      await Deno.writeTextFile(path, contents);
      using corpus = await readCorpus(path);
      const expected = describeReading(corpus);
      for (const size of contents === text ? [2, 3] : [5]) {
        const readings = await readShared(size, { paths: [path], minSharedBytes: 0 });
        assertEquals(readings.length, size);
        for (const reading of readings) assertEquals(reading, expected);
      }
    }
  },
);

testInFolder(
  "readOnRanks() reads short, several and compressed texts on each rank",
  async (folder) => {
    await Deno.writeTextFile(`${folder}/a.txt`, text);
    await Deno.writeTextFile(`${folder}/b.txt`, line);
    const paths = [`${folder}/a.txt`, `${folder}/b.txt`];
    using corpus = await readCorpus(paths);
    const expected = describeReading(corpus);
    assertEquals(await readShared(2, { paths, minSharedBytes: 0 }), [expected, expected]);
  },
);

testInFolder("readOnRanks() sends what only rank 0 can read", async () => {
  const corpus = corpusFromText(text, "standard input");
  const read = () => Promise.resolve(corpus);
  const readings = await readShared(3, { paths: ["-"], read });
  assertEquals(readings, new Array(3).fill(describeReading(corpus)));
});

testInFolder("readOnRanks() finds copies that differ", async (folder) => {
  const [path, copy] = [`${folder}/text.txt`, `${folder}/copy.txt`];
  // Long enough that the second half is in another block.
  const long = text.repeat(40);
  await Deno.writeTextFile(path, long);
  for (const minSharedBytes of [0, Infinity]) {
    const options = { paths: [path], minSharedBytes };
    // Another length, or missing.
    await Deno.writeTextFile(copy, long.slice(1));
    await assertRejects(() => readShared(2, options, { copy }), InputError, "differ");
    await Deno.remove(copy);
    const missing = await assertRejects(() => readShared(2, options, { copy }), InputError);
    assert(missing.message.includes("(on rank 1, localhost)"), missing.message);
  }
  // A character that the rank reads, and one that it does not.
  const shared = { paths: [path], minSharedBytes: 0 };
  await Deno.writeTextFile(copy, long.replace("Zwölf", "Zwülf"));
  const [, found] = await readShared(2, shared, { copy });
  assert(String(found).includes("differ from those on rank 0"), String(found));
});

testInFolder("readOnRanks() refuses what is no text as one process does", async (folder) => {
  const path = `${folder}/text.txt`;
  await Deno.writeFile(
    path,
    Uint8Array.of(...new TextEncoder().encode(line.repeat(99)), 0xff, 0x20),
  );
  const alone = await assertRejects(() => readCorpus(path), InputError);
  const options = { paths: [path], minSharedBytes: 0 };
  const shared = await assertRejects(() => readShared(2, options), InputError);
  assertEquals(shared.message, alone.message);
});
