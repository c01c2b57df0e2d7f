import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import { corpusFromText, readCorpus, readCorpusWith } from "../../src/text/corpus.ts";
import { Vocabulary } from "../../src/text/vocabulary.ts";

const denied = (["read", "write"] as const).some((name) =>
  Deno.permissions.querySync({ name }).state !== "granted"
);

/** A test that is handed the path of a file of its own, which does not exist yet. */
function fileTest(name: string, fn: (path: string) => Promise<void>) {
  Deno.test({
    name: `${name} (needs --allow-read --allow-write)`,
    ignore: denied,
    fn: async () => {
      const directory = await Deno.makeTempDir();
      try {
        await fn(`${directory}/text.txt`);
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    },
  });
}

const texts = fc.string({ unit: "binary", minLength: 1, maxLength: 300 });

/** This many distinct characters. */
function alphabet(size: number): string {
  const character = (_: unknown, i: number) => String.fromCodePoint(2 ** 16 + i);
  return Array.from({ length: size }, character).join("");
}

Deno.test("a corpus of a text has its ids, counts, length and hash", () => {
  const corpus = corpusFromText("banané", "fruit");
  assertEquals(corpus.path, "fruit");
  assertEquals(corpus.vocabulary.characters, "abné");
  assertEquals(corpus.ids, new Uint8Array([1, 0, 2, 0, 2, 3]));
  assertEquals(corpus.counts, [2, 1, 2, 1]);
  assertEquals(corpus.bytes, 7);
  // printf 'banané' | sha256sum
  assertEquals(
    corpus.sha256,
    "e845dba1abca18efa3bc1c97bbe9c244fcaebb9192aafdd98dcc0f2825cd2ced",
  );
  assertEquals(corpusFromText("a").path, "text");
});

Deno.test("ids decode to the text, and counts count it", () => {
  fc.assert(fc.property(texts, (text) => {
    const { vocabulary, ids, counts } = corpusFromText(text);
    assertEquals(vocabulary.decode(ids), text);
    const characters = [...text];
    [...vocabulary.characters].forEach((character, id) =>
      assertEquals(
        counts[id],
        characters.filter((c) => c === character).length,
      )
    );
  }));
});

Deno.test("ids are of the smallest type that holds the vocabulary", () => {
  for (
    const [size, type] of [
      [255, Uint8Array],
      [256, Uint8Array],
      [257, Uint16Array],
      [65536, Uint16Array],
      [65537, Uint32Array],
    ] as const
  ) {
    const { ids } = corpusFromText(alphabet(size));
    assert(ids instanceof type, `${size} characters in ${ids.constructor.name}`);
    assertEquals(ids.at(-1), size - 1);
  }
});

Deno.test("a text that is empty or not well-formed makes no corpus", () => {
  assertThrows(() => corpusFromText(""), InputError, "at least one character");
  assertThrows(() => corpusFromText("a\ud800"), InputError, "character 2 is");
});

fileTest("a file gives the corpus of its text", async (path) => {
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      await Deno.writeTextFile(path, text);
      const expected = corpusFromText(text, path);
      assertEquals(await readCorpus(path), expected);
      assertEquals(
        await readCorpusWith(path, expected.vocabulary),
        expected,
      );
    }),
    { numRuns: 30 },
  );
});

fileTest("a file of several MiB and all widths of ids is read whole", async (path) => {
  for (const text of ["aé€\u{1f600}\r\n".repeat(300_000), alphabet(70_000)]) {
    await Deno.writeTextFile(path, text);
    const corpus = await readCorpus(path);
    assert(corpus.vocabulary.decode(corpus.ids) === text);
    assertEquals(corpus.sha256, corpusFromText(text).sha256);
  }
});

fileTest("a byte-order mark and carriage returns are characters", async (path) => {
  await Deno.writeTextFile(path, "\ufeffa\r\n");
  const { vocabulary, ids } = await readCorpus(path);
  assertEquals(vocabulary.characters, "\n\ra\ufeff");
  assertEquals([...ids], [3, 2, 1, 0]);
});

fileTest("a file is read in the ids of a given vocabulary", async (path) => {
  await Deno.writeTextFile(path, "cab");
  const vocabulary = Vocabulary.fromText("abcd");
  const corpus = await readCorpusWith(path, vocabulary);
  assert(corpus.vocabulary === vocabulary);
  assertEquals([...corpus.ids], [2, 0, 1]);
  assertEquals(corpus.counts, [1, 1, 1, 0]);
});

fileTest("the first character that a given vocabulary lacks is named", async (path) => {
  await Deno.writeTextFile(path, "ab\nb\u{1f600}a\nbéx");
  const vocabulary = Vocabulary.fromText("ab\n\u{1f600}");
  const { message } = await assertRejects(
    () => readCorpusWith(path, vocabulary),
    InputError,
  );
  assertEquals(
    message,
    `Cannot read the text ${
      JSON.stringify(path)
    }: line 3, character 2, "é" (U+00E9), is not among the 4 characters of the vocabulary; use only characters of the text that the model was trained on`,
  );
});

fileTest("a file that is missing, empty or not UTF-8 is refused", async (path) => {
  const vocabulary = Vocabulary.fromText("a");
  const read = [readCorpus, (p: string) => readCorpusWith(p, vocabulary)];
  const doing = `Cannot read the text ${JSON.stringify(path)}: `;
  const refused = async (words: string) => {
    for (const each of read) {
      await assertRejects(() => each(path), InputError, doing + words);
    }
  };
  await refused("there is no such file");
  await Deno.writeTextFile(path, "");
  await refused("the file is empty; it must have at least one character");
  await Deno.writeFile(path, new Uint8Array([0x61, 0x61, 0xe9, 0x61]));
  await refused("it is not UTF-8 at byte offset 2; convert it to UTF-8");
});

fileTest("a file that changes between the two readings is refused", async (path) => {
  await Deno.writeTextFile(path, "before");
  const stat = Deno.stat;
  let calls = 0;
  try {
    // Each reading asks for the file's kind first: the second finds another text.
    Deno.stat = async (p) => {
      if (++calls === 2) await Deno.writeTextFile(path, "afterwards");
      return stat(p);
    };
    await assertRejects(
      () => readCorpus(path),
      InputError,
      "the file changed while it was read",
    );
  } finally {
    Deno.stat = stat;
  }
});
