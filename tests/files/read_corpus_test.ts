import { assert, assertEquals, assertRejects } from "@std/assert";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { InputError } from "../../src/errors.ts";
import { readCorpus, type ReadCorpusOptions } from "../../src/files/read_corpus.ts";
import { listTexts } from "../../src/files/text_paths.ts";
import { toUtf8 } from "../../src/files/text_stream.ts";
import { type Corpus, corpusFromText } from "../../src/text/corpus.ts";
import { namesIn, testInFolder } from "../folders.ts";

function write(folder: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, contents] of Object.entries(files)) {
    const path = `${folder}/${name}`;
    Deno.mkdirSync(path.replace(/\/[^/]*$/, ""), { recursive: true });
    if (typeof contents === "string") Deno.writeTextFileSync(path, contents);
    else Deno.writeFileSync(path, contents);
  }
}

function textOf(corpus: Corpus): string {
  return corpus.vocabulary.decode(corpus.read(0, corpus.length));
}

async function read(paths: string | string[], options?: ReadCorpusOptions): Promise<string> {
  using corpus = await readCorpus(paths, options);
  return textOf(corpus);
}

const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

testInFolder(
  "readCorpus() joins texts with a separator, and knows where each begins",
  async (f) => {
    write(f, { "a.txt": "één", "b.txt": "two\n", "c.txt": "3" });
    const paths = [`${f}/c.txt`, `${f}/a.txt`, `${f}/b.txt`];
    using corpus = await readCorpus(paths, { separator: " — " });
    assertEquals(textOf(corpus), "3 — één — two\n");
    assertEquals(corpus.texts, [
      { path: paths[0]!, start: 0 },
      { path: paths[1]!, start: 4 },
      { path: paths[2]!, start: 10 },
    ]);
    assertEquals(corpus.path, `${paths[0]} and 2 more`);
    assertEquals(corpus.reading, { paths, separator: " — " });
    assertEquals(await read(paths), "3\néén\ntwo\n");
    assertEquals(await read(paths, { separator: "" }), "3ééntwo\n");
  },
);

testInFolder(
  "readCorpus() reads folders in the order of paths, without what is no text",
  async (f) => {
    write(f, {
      ...{ "n/b.md": "b", "n/a/z.md": "z", "n/a.md": "a", "n/10.md": "10", "n/9.md": "9" },
      ...{ "n/.git/x": "hidden", "n/.DS_Store": "hidden", "n/empty.md": "" },
      "n/i.png": Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0, 0),
      "n/run/checkpoint.safetensors": "weights",
      "n/run/metrics.jsonl": "metrics",
      "n/new/.unroll-lock": "lock",
      "n/new/config.json": "{}",
    });
    const skipped: string[] = [];
    const options = {
      separator: ",",
      onSkip: ({ path, reason }: { path: string; reason: string }) =>
        void skipped.push(`${path.slice(f.length)} ${reason}`),
    };
    assertEquals(await read(`${f}/n/`, options), "10,9,a,z,b");
    assertEquals(skipped, ["/n/empty.md empty", "/n/i.png binary"]);
    assertEquals(await read(`${f}/n/**/*.md`, options), "10,9,a,z,b");
    assertEquals(await read(`${f}/n/*.md`, options), "10,9,a,b");
    assertEquals(await read([`${f}/n/{a,b}.md`, `${f}/n/[0-9]*.md`], options), "a,b,10,9");
    // Each file once, by any path.
    Deno.symlinkSync(`${f}/n/b.md`, `${f}/n/c.md`);
    assertEquals(await read([`${f}/n/b.md`, `${f}/n/./b.md`, `${f}/n`], options), "b,10,9,a,z");
    // A file whose name is a pattern is that file.
    write(f, { "n/*.md": "star" });
    assertEquals(await read(`${f}/n/*.md`, options), "star");
  },
);

testInFolder("readCorpus() names what adds a text, not what is given twice", async (f) => {
  write(f, { "a.txt": "a", "n/b.txt": "b", "n/c.txt": "c" });
  const [a, n] = [`${f}/a.txt`, `${f}/n`];
  for (
    const [paths, name, expected] of [
      [[a, a, `${f}/./a.txt`, a], a, [a]],
      [[a, n, `${n}/b.txt`, `${n}/*`], `${a} and 1 more`, [a, n]],
      [[`${n}/c.txt`, n, a], `${n}/c.txt and 2 more`, [`${n}/c.txt`, n, a]],
    ] as const
  ) {
    using corpus = await readCorpus(paths);
    assertEquals(corpus.path, name);
    assertEquals(corpus.reading!.paths, expected);
  }
});

testInFolder("readCorpus() rejects folders and patterns without a text", async (f) => {
  const program = latin1("\x7fELF\x02\x01\x01\0\0\0\x03\x3e\x01\0\0\0");
  write(f, { "hidden/.a": "a", "none/a.txt": "", "none/b.txt": program });
  Deno.mkdirSync(`${f}/empty`);
  Deno.symlinkSync("nowhere", `${f}/empty/link`);
  const refused = (path: string, words: string) =>
    assertRejects(() => readCorpus(`${f}/${path}`), InputError, words);
  await refused("empty", "it has no file that may be a text");
  await refused("hidden", "it has no file that may be a text");
  await refused("none", "it has no text, as all files are empty or binary");
  await refused("*.md", "no file matches this pattern");
  await refused("missing/*.md", "there is no such file");
  await refused("missing", "there is no such file");
  // What is named is not passed over.
  await refused("none/a.txt", "it is empty");
  await refused("none/b.txt", "are U+0000: it seems to be a binary file; it must");
});

testInFolder("readCorpus() rejects links that lead in a circle", async (f) => {
  write(f, { "loop/a/a.txt": "a" });
  Deno.symlinkSync("..", `${f}/loop/a/up`);
  const words = `its links lead in a circle, at "${f}/loop/a/up"; remove that link`;
  await assertRejects(() => readCorpus(`${f}/loop`), InputError, words);
  // A folder that is linked twice is none.
  write(f, { "twice/a/a.txt": "a" });
  Deno.symlinkSync("a", `${f}/twice/b`);
  assertEquals(await read(`${f}/twice`), "a");
});

testInFolder("listTexts() lists a file that disappears, and reading explains it", async (f) => {
  write(f, { "n/a.txt": "a", "n/b.txt": "b" });
  assertEquals(listTexts([`${f}/n`]).length, 2);
  let isRemoved = false;
  const onProgress = () => {
    if (!isRemoved) Deno.removeSync(`${f}/n/b.txt`);
    isRemoved = true;
  };
  const words = `Cannot read the text "${f}/n/b.txt": there is no such file`;
  await assertRejects(() => readCorpus(`${f}/n`, { onProgress }), InputError, words);
});

const long = Array.from({ length: 4000 }, (_, i) => `line ${i * 7919 % 4001} née\n`).join("");

testInFolder(
  "readCorpus() reads the same from memory, open files and a temporary file",
  async (f) => {
    const bytes = new TextEncoder().encode(long);
    write(f, {
      ...{ "a.txt": long, "d.txt": long.toUpperCase() },
      ...{ "b.gz": gzipSync(bytes), "c.zst": zstdCompressSync(bytes) },
    });
    const expected = [long, long, long, long.toUpperCase()].join("\n");
    for (const maxBytesInMemory of [2 ** 30, 100_000, 70_000, 0]) {
      using corpus = await readCorpus(`${f}/*.*`, { maxBytesInMemory, temporaryFolder: f });
      assert(textOf(corpus) === expected);
      // Across the borders of segments, in any order.
      const points = [...expected];
      for (let at = points.length - 30; at > 0; at -= 6007) {
        const part = corpus.vocabulary.decode(corpus.read(at, 30));
        assertEquals(part, points.slice(at, at + 30).join(""));
      }
      assertEquals(namesIn(f), ["a.txt", "b.gz", "c.zst", "d.txt"]);
    }
  },
);

testInFolder("readCorpus() needs a folder for what does not fit into memory", async (f) => {
  write(f, { "b.gz": gzipSync(long), "a.txt": long });
  const options = { maxBytesInMemory: 1000 };
  await assertRejects(() => readCorpus(`${f}/b.gz`, options), InputError, "fit into memory; save");
  await assertRejects(
    () => readCorpus(`${f}/b.gz`, { ...options, temporaryFolder: `${f}/none` }),
    InputError,
    "there is no such file; its folder must exist",
  );
  assertEquals(await read(`${f}/a.txt`, options), long);
  const limited = { maxBytes: 50_000 };
  await assertRejects(
    () => readCorpus(`${f}/a.txt`, limited),
    InputError,
    "more than 50,000 bytes",
  );
});

testInFolder("readCorpus() reads other encodings, and names the likely one", async (f) => {
  const french = "Un café, une crêpe.\n".repeat(9);
  const wide = new Uint8Array(Uint16Array.from(`\ufeff${french}`, (c) => c.charCodeAt(0)).buffer);
  write(f, {
    ...{ "a.txt": latin1(french), "w.txt": wide, "u.txt": french, "ascii.txt": "coffee\n" },
    "z.gz": gzipSync(latin1(french)),
  });
  for (const name of ["a.txt", "z.gz"]) {
    const error = await assertRejects(() => readCorpus(`${f}/${name}`), InputError);
    assert(error.message.endsWith('; set "encoding" to windows-1252, or convert it to UTF-8'));
    assertEquals(error.option, "encoding");
    assertEquals(await read(`${f}/${name}`, { encoding: "latin1" }), french);
  }
  await assertRejects(() => readCorpus(`${f}/w.txt`), InputError, 'set "encoding" to utf-16le');
  assertEquals(await read(`${f}/w.txt`, { encoding: "utf-16le" }), french);
  assertEquals(await read(`${f}/ascii.txt`, { encoding: "latin1" }), "coffee\n");
  using corpus = await readCorpus(`${f}/a.txt`, { encoding: "LATIN1" });
  assertEquals(corpus.reading!.encoding, "windows-1252");
});

Deno.test("toUtf8() drops a byte-order mark, however UTF-8 is cut into chunks", async () => {
  const decode = async (text: string, size: number) => {
    const bytes = new TextEncoder().encode(text);
    async function* chunks() {
      for (let at = 0; at < bytes.length; at += size) {
        yield await Promise.resolve(bytes.subarray(at, at + size));
      }
    }
    const decoded = await Array.fromAsync(toUtf8(chunks(), "utf-8"));
    const all = Uint8Array.from(decoded.flatMap((bytes) => [...bytes]));
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(all);
  };
  // A mark that is not at the start stays.
  for (const text of ["", "é", "café\ufeff\n"]) {
    for (const size of [1, 2, 3, 4, 99]) {
      assertEquals(await decode(`\ufeff${text}`, size), text);
      assertEquals(await decode(text, size), text);
    }
  }
});

testInFolder("readCorpus() rejects texts of several encodings, and names the file", async (f) => {
  write(f, { "a.txt": latin1("Un café.\n"), "u.txt": "Un café, deux crêpes, trois idées.\n" });
  const both = [`${f}/u.txt`, `${f}/a.txt`];
  const refused = (encoding: string | undefined, words: string) =>
    assertRejects(() => readCorpus(both, { encoding }), InputError, words);
  await refused(undefined, `"${f}/a.txt": it is not UTF-8 at byte offset 6 (line 1, byte 0xE9)`);
  await refused("windows-1252", `"${f}/u.txt": it is UTF-8, not windows-1252; all texts must`);
  await refused("utf-16le", `"${f}/u.txt": it is UTF-8, not utf-16le`);
  await refused("shift_jis", `"${f}/u.txt": it is UTF-8, not shift_jis`);
  // A mark that is dropped counts, too; text before the byte is not needed to see that it is UTF-8.
  write(f, {
    "m.txt": latin1("\xef\xbb\xbfUn caf\xe9.\n"),
    "n.txt": gzipSync(latin1("\xef\xbb\xbf\n\xe9")),
  });
  for (const encoding of [undefined, "utf-8"]) {
    for (const [name, where] of [["m.txt", "9 (line 1"], ["n.txt", "4 (line 2"]] as const) {
      const words =
        `${name}": it is not UTF-8 at byte offset ${where}, byte 0xE9): the text before`;
      await assertRejects(() => readCorpus(`${f}/${name}`, { encoding }), InputError, words);
    }
  }
  // What a filter leaves out or replaces counts, too.
  write(f, {
    "x.txt": latin1("e\n\xc3\xa9\xe2\x82\xac e \xff"),
    "y.txt": latin1("\xc3\xa9e \xc3"),
  });
  const { vocabulary } = corpusFromText("e ?");
  for (const unknown of ["skip", "replace"] as const) {
    for (const [name, where] of [["x.txt", "10 (line 2"], ["y.txt", "4 (line 1"]] as const) {
      const words = `${name}": it is not UTF-8 at byte offset ${where}`;
      const options = { vocabulary, unknown };
      await assertRejects(() => readCorpus(`${f}/${name}`, options), InputError, words);
    }
  }
  await refused("klingon", '"encoding" must be the name of an encoding, such as');
});
