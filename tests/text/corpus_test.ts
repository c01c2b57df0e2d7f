import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError, TextError } from "../../src/errors.ts";
import {
  type Corpus,
  corpusFromText,
  readCorpus,
  type ReadProgress,
} from "../../src/text/corpus.ts";
import { Vocabulary } from "../../src/text/vocabulary.ts";
import { fileTest, touch } from "./files.ts";
import { idsOf } from "./ids.ts";

const texts = fc.string({ unit: "binary", minLength: 1, maxLength: 300 });

/** This many distinct characters. */
function alphabet(size: number): string {
  const character = (_: unknown, i: number) => String.fromCodePoint(2 ** 16 + i);
  return Array.from({ length: size }, character).join("");
}

/** Characters of 1 to 4 bytes in no regular order: 10 bytes for 4 characters. */
function mixture(characters: number): string {
  let state = 1;
  return Array.from({ length: characters }, () => {
    state = state * 48271 % 0x7fffffff;
    return "aé€\u{1f600}"[Symbol.iterator]().toArray()[state % 4]!;
  }).join("");
}

Deno.test("a corpus of a text has its ids, counts, lengths and hash", () => {
  const corpus = corpusFromText("banané", "fruit");
  assertEquals(corpus.path, "fruit");
  assertEquals(corpus.vocabulary.characters, "abné");
  assertEquals(corpus.length, 6);
  assertEquals(idsOf(corpus), new Uint32Array([1, 0, 2, 0, 2, 3]));
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
    const corpus = corpusFromText(text);
    const { vocabulary, counts } = corpus;
    assertEquals(vocabulary.decode(idsOf(corpus)), text);
    const characters = [...text];
    assertEquals(corpus.length, characters.length);
    [...vocabulary.characters].forEach((character, id) =>
      assertEquals(counts[id], characters.filter((c) => c === character).length)
    );
  }));
});

Deno.test("whatever ids are decoded, no half of a surrogate pair comes out", () => {
  fc.assert(fc.property(texts, fc.array(fc.nat()), (text, numbers) => {
    const { vocabulary } = corpusFromText(text);
    assert(vocabulary.characters.isWellFormed());
    for (const id of numbers) assert(vocabulary.decode([id % vocabulary.size]).isWellFormed());
  }));
});

Deno.test("any part can be read, into any array that is long enough", () => {
  fc.assert(fc.property(texts, fc.nat(), fc.nat(), (text, a, b) => {
    const corpus = corpusFromText(text);
    const start = a % (corpus.length + 1);
    const count = b % (corpus.length - start + 1);
    const expected = idsOf(corpus).subarray(start, start + count);
    assertEquals(corpus.read(start, count), expected);
    const into = new Uint32Array(count + 2).fill(99);
    assert(corpus.read(start, count, into) === into);
    assertEquals([...into], [...expected, 99, 99]);
  }));
});

Deno.test("parts of a long text are read right, wherever they begin", () => {
  const text = mixture(600_000);
  const corpus = corpusFromText(text);
  const ids = corpus.vocabulary.encode(text);
  assert(corpus.vocabulary.decode(idsOf(corpus)) === text);
  const starts = fc.integer({ min: 0, max: 599_999 });
  fc.assert(fc.property(starts, fc.integer({ min: 0, max: 200_000 }), (start, most) => {
    const count = Math.min(most, 600_000 - start);
    const read = corpus.read(start, count);
    assert(read.every((id, i) => id === ids[start + i]));
  }));
});

Deno.test("a part that is none of the text's is refused", () => {
  const corpus = corpusFromText("banana");
  for (
    const [start, count] of [[-1, 2], [0, 7], [6, 1], [7, 0], [0, -1], [0.5, 1], [0, 0.5], [NaN, 1]]
  ) {
    assertThrows(
      () => corpus.read(start!, count!, new Uint32Array(9)),
      RangeError,
      "the text has 6",
    );
    assertThrows(() => corpus.read(start!, count!), RangeError, `from ${start} on: the text has 6`);
  }
  assertThrows(() => corpus.read(0, 3, new Uint32Array(2)), RangeError, "an array of 2 ids");
});

Deno.test("a text that is empty or not well-formed makes no corpus", () => {
  assertThrows(() => corpusFromText(""), InputError, "at least one character");
  assertThrows(() => corpusFromText("a\ud800"), InputError, "character 2 is");
});

/** Reads a file both ways that there are: held in memory, and streamed. */
async function bothWays(path: string, check: (corpus: Corpus) => void): Promise<void> {
  for (const heldBytes of [2 ** 20 * 64, 0]) {
    using corpus = await readCorpus(path, { heldBytes });
    check(corpus);
    using same = await readCorpus(path, { vocabulary: corpus.vocabulary, heldBytes });
    check(same);
  }
}

fileTest("a file gives the corpus of its text, held or streamed", async (path) => {
  await fc.assert(
    fc.asyncProperty(texts, fc.nat(), fc.nat(), async (text, a, b) => {
      await Deno.writeTextFile(path, text);
      const expected = corpusFromText(text, path);
      const start = a % (expected.length + 1);
      const count = b % (expected.length - start + 1);
      await bothWays(path, (corpus) => {
        assertEquals(corpus, expected);
        assertEquals(corpus.read(start, count), expected.read(start, count));
        assertEquals(corpus.vocabulary.decode(idsOf(corpus)), text);
      });
    }),
    { numRuns: 50 },
  );
});

fileTest("a file of several MiB and any number of characters is read whole", async (path) => {
  for (const text of [mixture(1_200_000), alphabet(70_000), "x".repeat(3_000_001)]) {
    await Deno.writeTextFile(path, text);
    const { sha256 } = corpusFromText(text);
    await bothWays(path, (corpus) => {
      assert(corpus.vocabulary.decode(idsOf(corpus)) === text);
      assertEquals(corpus.sha256, sha256);
    });
  }
});

fileTest("a byte-order mark and carriage returns are characters", async (path) => {
  await Deno.writeTextFile(path, "\ufeffa\r\n");
  await bothWays(path, (corpus) => {
    assertEquals(corpus.vocabulary.characters, "\n\ra\ufeff");
    assertEquals([...idsOf(corpus)], [3, 2, 1, 0]);
  });
});

fileTest("a file is read in the ids of a given vocabulary", async (path) => {
  await Deno.writeTextFile(path, "cab");
  const vocabulary = Vocabulary.fromText("abcd");
  const corpus = await readCorpus(path, { vocabulary });
  assert(corpus.vocabulary === vocabulary);
  assertEquals([...idsOf(corpus)], [2, 0, 1]);
  assertEquals(corpus.counts, [1, 1, 1, 0]);
});

fileTest("the first character that a given vocabulary lacks is named", async (path) => {
  const vocabulary = Vocabulary.fromText("ab\n\u{1f600}");
  for (
    const [before, where] of [
      ["ab\nb\u{1f600}a\nb", "line 3, character 2"],
      [`${"\u{1f600}".repeat(99_999)}\n`.repeat(2) + "aaa", "line 3, character 4"],
    ]
  ) {
    await Deno.writeTextFile(path, `${before}éx`);
    for (const heldBytes of [2 ** 30, 0]) {
      const { message } = await assertRejects(
        () => readCorpus(path, { vocabulary, heldBytes }),
        InputError,
      );
      assertEquals(
        message,
        `Cannot read the text ${
          JSON.stringify(path)
        }: ${where}, "é" (U+00E9), is not among the 4 characters of the vocabulary; use only characters of the text that the model was trained on`,
      );
    }
  }
});

fileTest("a file that is missing, empty or not UTF-8 is refused", async (path) => {
  const vocabulary = Vocabulary.fromText("a");
  const doing = `Cannot read the text ${JSON.stringify(path)}: `;
  const refused = async (words: string) => {
    for (const heldBytes of [2 ** 30, 0]) {
      for (
        const read of [
          () => readCorpus(path, { heldBytes }),
          () => readCorpus(path, { vocabulary, heldBytes }),
        ]
      ) await assertRejects(read, InputError, doing + words);
    }
  };
  await refused("there is no such file");
  await Deno.writeTextFile(path, "");
  await refused("the file is empty; it must have at least one character");
  await Deno.writeFile(path, new Uint8Array([0x61, 0x61, 0xe9, 0x61]));
  await refused("it is not UTF-8 at byte offset 2; convert it to UTF-8");
});

fileTest("a file that changes while it is read first is refused", async (path) => {
  const long = "before, ".repeat(100_000);
  for (
    const change of [
      () => Deno.truncateSync(path, 300_000),
      () => Deno.writeTextFileSync(path, "more", { append: true }),
      () => touch(path),
    ]
  ) {
    for (const heldBytes of [2 ** 30, 0]) {
      Deno.writeTextFileSync(path, long);
      let once = false;
      const onProgress = () => {
        if (!once) change();
        once = true;
      };
      await assertRejects(
        () => readCorpus(path, { heldBytes, onProgress }),
        TextError,
        "the file changed while it was read",
      );
    }
  }
});

fileTest(
  "a streamed file that changes is refused, one that is held does not matter",
  async (path) => {
    Deno.writeTextFileSync(path, "before, ".repeat(100));
    using held = await readCorpus(path);
    using streamed = await readCorpus(path, { heldBytes: 0 });
    assertEquals(streamed.read(300, 8), held.read(300, 8));
    Deno.writeTextFileSync(path, "afterwards");
    assertThrows(() => streamed.read(300, 8), TextError, "from 800 bytes to 10; it must stay");
    assertEquals(held.vocabulary.decode(held.read(304, 8)), "before, ");
  },
);

fileTest("characters that are not those of before are no text", async (path) => {
  Deno.writeTextFileSync(path, "before, ".repeat(100));
  for (const [other, at] of [["é", 350], ["z", 301], ["\xff", 300], ["\xf0", 798]] as const) {
    const { mtime } = Deno.statSync(path);
    using corpus = await readCorpus(path, { heldBytes: 0 });
    const original = Deno.readFileSync(path);
    const bytes = other < "\x80" || other === "é"
      ? new TextEncoder().encode(other)
      : Uint8Array.of(other.charCodeAt(0));
    const file = Deno.openSync(path, { write: true });
    file.seekSync(at, Deno.SeekMode.Start);
    file.writeSync(bytes);
    file.close();
    // As if the clock were too coarse to tell the two apart.
    Deno.utimeSync(path, mtime!, mtime!);
    assertThrows(
      () => corpus.read(290, 510),
      TextError,
      `Cannot read the text ${JSON.stringify(path)}: its characters changed while it was read; it`,
    );
    Deno.writeFileSync(path, original);
  }
});

fileTest("any part of a file is found without reading what comes before it", async (path) => {
  const text = mixture(1_000_000);
  await Deno.writeTextFile(path, text);
  using corpus = await readCorpus(path, { heldBytes: 0 });
  const { readSync } = Deno.FsFile.prototype;
  let bytes = 0;
  try {
    Deno.FsFile.prototype.readSync = function (buffer) {
      const count = readSync.call(this, buffer);
      bytes += count ?? 0;
      return count;
    };
    for (const start of [0, 123_456, 500_000, 999_990]) {
      bytes = 0;
      assertEquals(
        corpus.vocabulary.decode(corpus.read(start, 10)),
        [...text].slice(start, start + 10).join(""),
      );
      assert(bytes > 10 && bytes < 5000, `${bytes} bytes read`);
    }
  } finally {
    Deno.FsFile.prototype.readSync = readSync;
  }
});

fileTest("progress counts up to the whole file", async (path) => {
  Deno.writeTextFileSync(path, "é".repeat(1_000_000));
  for (const heldBytes of [2 ** 30, 0]) {
    const told: ReadProgress[] = [];
    const onProgress = (progress: ReadProgress) => void told.push(progress);
    using _corpus = await readCorpus(path, { heldBytes, onProgress });
    assert(told.length > 5);
    told.forEach(({ bytes, total }, i) => {
      assertEquals(total, 2_000_000);
      assert(bytes > (told[i - 1]?.bytes ?? 0));
    });
    assertEquals(told.at(-1)!.bytes, 2_000_000);
  }
});

fileTest("a corpus that was closed gives nothing more, and may be closed again", async (path) => {
  Deno.writeTextFileSync(path, "some text");
  const corpus = await readCorpus(path, { heldBytes: 0 });
  corpus.close();
  corpus.close();
  assertThrows(() => corpus.read(0, 1), Error, "it was closed");
  const text = corpusFromText("some text");
  text.close();
  assertEquals(text.read(0, 1).length, 1);
});

fileTest("an error in whoever is told of progress closes the file", async (path) => {
  Deno.writeTextFileSync(path, "some text");
  const onProgress = () => {
    throw new Error("enough");
  };
  await assertRejects(() => readCorpus(path, { heldBytes: 0, onProgress }), Error, "enough");
});
