import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError, TextError } from "../../src/errors.ts";
import { readCorpus, type ReadProgress } from "../../src/files/read_corpus.ts";
import { type Corpus, corpusFromText } from "../../src/text/corpus.ts";
import { Vocabulary } from "../../src/text/vocabulary.ts";
import { testWithFile, touch } from "../folders.ts";
import { idsOf } from "./ids.ts";
import { OpenFile } from "../../src/files/fs.ts";

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

Deno.test("corpusFromText() has the ids, counts, lengths and hash of its text", () => {
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

Deno.test("Corpus.read() and Vocabulary.decode() give the text back, and Corpus.counts counts it", () => {
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

Deno.test("Vocabulary.decode() never returns a lone surrogate", () => {
  fc.assert(fc.property(texts, fc.array(fc.nat()), (text, numbers) => {
    const { vocabulary } = corpusFromText(text);
    assert(vocabulary.characters.isWellFormed());
    for (const id of numbers) assert(vocabulary.decode([id % vocabulary.size]).isWellFormed());
  }));
});

Deno.test("Corpus.read() reads any range, into any array that is long enough", () => {
  fc.assert(fc.property(texts, fc.nat(), fc.nat(), (text, a, b) => {
    const corpus = corpusFromText(text);
    const start = a % (corpus.length + 1);
    const count = b % (corpus.length - start + 1);
    const expected = idsOf(corpus).subarray(start, start + count);
    assertEquals(corpus.read(start, count), expected);
    const into = new Uint32Array(count + 2).fill(99);
    assert(corpus.read(start, count, { into }) === into);
    assertEquals([...into], [...expected, 99, 99]);
  }));
});

Deno.test("Corpus.read() reads ranges of a long text from any start", () => {
  const text = mixture(600_000);
  const corpus = corpusFromText(text);
  const ids = corpus.vocabulary.encode(text);
  assert(corpus.vocabulary.decode(idsOf(corpus)) === text);
  const starts = fc.integer({ min: 0, max: 599_999 });
  fc.assert(fc.property(starts, fc.integer({ min: 0, max: 200_000 }), (start, length) => {
    const count = Math.min(length, 600_000 - start);
    const read = corpus.read(start, count);
    assert(read.every((id, i) => id === ids[start + i]));
  }));
});

Deno.test("Corpus.read() rejects ranges outside of the text", () => {
  const corpus = corpusFromText("banana");
  for (
    const [start, count] of [[-1, 2], [0, 7], [6, 1], [7, 0], [0, -1], [0.5, 1], [0, 0.5], [NaN, 1]]
  ) {
    assertThrows(
      () => corpus.read(start!, count!, { into: new Uint32Array(9) }),
      RangeError,
      "the text has 6",
    );
    assertThrows(() => corpus.read(start!, count!), RangeError, `from ${start} on: the text has 6`);
  }
  assertThrows(
    () => corpus.read(0, 3, { into: new Uint32Array(2) }),
    RangeError,
    "an array of 2 ids",
  );
});

Deno.test("corpusFromText() rejects a text that is empty or not well-formed", () => {
  assertThrows(() => corpusFromText(""), InputError, "at least one character");
  assertThrows(() => corpusFromText("a\ud800"), InputError, "character 2 is");
});

/** Reads a file in both ways: kept in memory, and streamed. */
async function bothWays(path: string, check: (corpus: Corpus) => void): Promise<void> {
  for (const maxBytesInMemory of [2 ** 20 * 64, 0]) {
    using corpus = await readCorpus(path, { maxBytesInMemory });
    check(corpus);
    using same = await readCorpus(path, { vocabulary: corpus.vocabulary, maxBytesInMemory });
    check(same);
  }
}

testWithFile("readCorpus() equals corpusFromText(), in memory or streamed", async (path) => {
  // Many U+0000 in a file are no text; see encoding_test.ts.
  const files = texts.map((text) => text.replaceAll("\0", "\x01"));
  await fc.assert(
    fc.asyncProperty(files, fc.nat(), fc.nat(), async (text, a, b) => {
      await Deno.writeTextFile(path, text);
      const expected = corpusFromText(text, path);
      const start = a % (expected.length + 1);
      const count = b % (expected.length - start + 1);
      await bothWays(path, (corpus) => {
        assertEquals({ ...corpus, reading: null }, { ...expected });
        assertEquals(corpus.read(start, count), expected.read(start, count));
        assertEquals(corpus.vocabulary.decode(idsOf(corpus)), text);
      });
    }),
    { numRuns: 50 },
  );
});

testWithFile(
  "readCorpus() reads several MiB and any number of distinct characters",
  async (path) => {
    for (const text of [mixture(1_200_000), alphabet(70_000), "x".repeat(3_000_001)]) {
      await Deno.writeTextFile(path, text);
      const { sha256 } = corpusFromText(text);
      await bothWays(path, (corpus) => {
        assert(corpus.vocabulary.decode(idsOf(corpus)) === text);
        assertEquals(corpus.sha256, sha256);
      });
    }
  },
);

testWithFile(
  "readCorpus() keeps a byte-order mark and carriage returns as characters",
  async (path) => {
    await Deno.writeTextFile(path, "\ufeffa\r\n");
    await bothWays(path, (corpus) => {
      assertEquals(corpus.vocabulary.characters, "\n\ra\ufeff");
      assertEquals([...idsOf(corpus)], [3, 2, 1, 0]);
    });
  },
);

testWithFile("readCorpus() encodes with a given vocabulary", async (path) => {
  await Deno.writeTextFile(path, "cab");
  const vocabulary = Vocabulary.fromText("abcd");
  using corpus = await readCorpus(path, { vocabulary });
  assert(corpus.vocabulary === vocabulary);
  assertEquals([...idsOf(corpus)], [2, 0, 1]);
  assertEquals(corpus.counts, [1, 1, 1, 0]);
});

testWithFile(
  "readCorpus() names the first character that the given vocabulary lacks",
  async (path) => {
    const vocabulary = Vocabulary.fromText("ab\n\u{1f600}");
    for (
      const [before, where] of [
        ["ab\nb\u{1f600}a\nb", "line 3, character 2"],
        [`${"\u{1f600}".repeat(99_999)}\n`.repeat(2) + "aaa", "line 3, character 4"],
      ]
    ) {
      await Deno.writeTextFile(path, `${before}éx`);
      for (const maxBytesInMemory of [2 ** 30, 0]) {
        const { message } = await assertRejects(
          () => readCorpus(path, { vocabulary, maxBytesInMemory }),
          InputError,
        );
        assert(
          message.startsWith(
            `Cannot read the text ${JSON.stringify(path)}: ${where}, "é" (U+00E9), is not among`,
          ),
          message,
        );
      }
    }
  },
);

testWithFile("readCorpus() rejects a file that is missing, empty or not UTF-8", async (path) => {
  const vocabulary = Vocabulary.fromText("a");
  const context = `Cannot read the text ${JSON.stringify(path)}: `;
  const refused = async (words: string) => {
    for (const maxBytesInMemory of [2 ** 30, 0]) {
      for (
        const read of [
          () => readCorpus(path, { maxBytesInMemory }),
          () => readCorpus(path, { vocabulary, maxBytesInMemory }),
        ]
      ) await assertRejects(read, InputError, context + words);
    }
  };
  await refused("there is no such file");
  await Deno.writeTextFile(path, "");
  await refused("it is empty; it must have at least one character");
  await Deno.writeFile(path, new Uint8Array([0x61, 0x61, 0xe9, 0x61]));
  await refused(
    "it is not UTF-8 at byte offset 2 (line 1, byte 0xE9): it is probably windows-1252; set",
  );
});

testWithFile("readCorpus() rejects a file that changes while it is read", async (path) => {
  const long = "before, ".repeat(100_000);
  for (
    const change of [
      () => Deno.truncateSync(path, 300_000),
      () => Deno.writeTextFileSync(path, "more", { append: true }),
      () => touch(path),
    ]
  ) {
    for (const maxBytesInMemory of [2 ** 30, 0]) {
      Deno.writeTextFileSync(path, long);
      let once = false;
      const onProgress = () => {
        if (!once) change();
        once = true;
      };
      await assertRejects(
        () => readCorpus(path, { maxBytesInMemory, onProgress }),
        TextError,
        "the file changed while it was read",
      );
    }
  }
});

testWithFile(
  "Corpus.read() rejects a streamed file that has changed; a copy in memory stays valid",
  async (path) => {
    Deno.writeTextFileSync(path, "before, ".repeat(100));
    using inMemory = await readCorpus(path);
    using streamed = await readCorpus(path, { maxBytesInMemory: 0 });
    assertEquals(streamed.read(300, 8), inMemory.read(300, 8));
    Deno.writeTextFileSync(path, "afterwards");
    assertThrows(
      () => streamed.read(300, 8),
      TextError,
      "from 800 bytes to 10; it must not change",
    );
    assertEquals(inMemory.vocabulary.decode(inMemory.read(304, 8)), "before, ");
  },
);

testWithFile("Corpus.read() rejects other contents with the same size and time", async (path) => {
  Deno.writeTextFileSync(path, "before, ".repeat(100));
  for (const [other, at] of [["é", 350], ["z", 301], ["\xff", 300], ["\xf0", 798]] as const) {
    const { mtime } = Deno.statSync(path);
    using corpus = await readCorpus(path, { maxBytesInMemory: 0 });
    const original = Deno.readFileSync(path);
    const bytes = other < "\x80" || other === "é"
      ? new TextEncoder().encode(other)
      : Uint8Array.of(other.charCodeAt(0));
    const file = Deno.openSync(path, { write: true });
    file.seekSync(at, Deno.SeekMode.Start);
    file.writeSync(bytes);
    file.close();
    // As if the clock were too coarse to distinguish the two.
    Deno.utimeSync(path, mtime!, mtime!);
    assertThrows(
      () => corpus.read(290, 510),
      TextError,
      `Cannot read the text ${JSON.stringify(path)}: its contents changed while it was read; it`,
    );
    Deno.writeFileSync(path, original);
  }
});

testWithFile("Corpus.read() finds a range without reading the file before it", async (path) => {
  const text = mixture(1_000_000);
  await Deno.writeTextFile(path, text);
  using corpus = await readCorpus(path, { maxBytesInMemory: 0 });
  const { read } = OpenFile.prototype;
  let bytes = 0;
  try {
    OpenFile.prototype.read = function (buffer) {
      const count = read.call(this, buffer);
      bytes += count;
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
    OpenFile.prototype.read = read;
  }
});

testWithFile("readCorpus() reports progress up to the whole file", async (path) => {
  Deno.writeTextFileSync(path, "é".repeat(1_000_000));
  for (const maxBytesInMemory of [2 ** 30, 0]) {
    const reports: ReadProgress[] = [];
    const onProgress = (progress: ReadProgress) => void reports.push(progress);
    using _corpus = await readCorpus(path, { maxBytesInMemory, onProgress });
    assert(reports.length > 5);
    reports.forEach(({ bytes, total }, i) => {
      assertEquals(total, 2_000_000);
      assert(bytes > (reports[i - 1]?.bytes ?? 0));
    });
    assertEquals(reports.at(-1)!.bytes, 2_000_000);
  }
});

testWithFile("Corpus disposed of twice closes its file once, and ends reading", async (path) => {
  Deno.writeTextFileSync(path, "some text");
  const corpus = await readCorpus(path, { maxBytesInMemory: 0 });
  corpus[Symbol.dispose]();
  corpus[Symbol.dispose]();
  assertThrows(() => corpus.read(0, 1), Error, "its file is closed");
  const text = corpusFromText("some text");
  text[Symbol.dispose]();
  assertEquals(text.read(0, 1).length, 1);
});

testWithFile("readCorpus() closes the file when onProgress throws", async (path) => {
  Deno.writeTextFileSync(path, "some text");
  const onProgress = () => {
    throw new Error("enough");
  };
  await assertRejects(() => readCorpus(path, { maxBytesInMemory: 0, onProgress }), Error, "enough");
});
