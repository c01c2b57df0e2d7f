import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { InputError, TextError } from "../../src/errors.ts";
import { OpenFile } from "../../src/files/fs.ts";
import { TextFile } from "../../src/files/text_file.ts";
import { testWithFile, touch } from "../folders.ts";

const unreadable = Deno.permissions.querySync({ name: "read" }).state !== "granted";

function assertRefused(path: string, words: string): void {
  const { message } = assertThrows(() => TextFile.open(path), InputError);
  assertStringIncludes(message, words);
}

Deno.test({
  name: "TextFile.open() rejects a path that is not a regular file's (needs --allow-read)",
  ignore: unreadable,
  fn: () => {
    const missing = "there is no such file; it must be the path of a UTF-8 text";
    const here = import.meta.filename!;
    assertRefused("", "its path is empty; it must have a path");
    assertRefused(`${here}.missing`, missing);
    assertRefused(
      `${here}/below`,
      "a part of its path is not a folder",
    );
    assertRefused(
      `${here}.${"x".repeat(300)}`,
      "its name is too long for the file system",
    );
    assertRefused(`${here}.two\nlines`, missing);
    assertRefused(import.meta.dirname!, "it is a folder; it must be a regular file");
  },
});

Deno.test({
  name: "TextFile.open() rejects a device (needs --allow-read)",
  ignore: Deno.build.os === "windows" || unreadable,
  fn: () => assertRefused("/dev/null", "it is a device, pipe or socket; it must be a regular file"),
});

Deno.test({
  name: "TextFile.open() names the flag of a missing permission",
  permissions: { read: false },
  fn: () => assertRefused("text.txt", "Deno has no permission to read it; run with --allow-read"),
});

const text = "0123456789".repeat(10);

async function chunksOf(file: TextFile, length: number): Promise<string> {
  let read = "";
  for await (const chunk of file.chunks(length)) read += new TextDecoder().decode(chunk);
  return read;
}

const textAt = (file: TextFile, offset: number, length: number) =>
  new TextDecoder().decode(file.read(offset, length));

testWithFile("TextFile reads a file in chunks, then at any offset", async (path) => {
  await Deno.writeTextFile(path, text);
  using file = TextFile.open(path);
  assertEquals(file.size, 100);
  assertEquals(await chunksOf(file, 7), text);
  for (const [offset, length] of [[0, 100], [95, 5], [12, 3], [12, 30], [100, 0]] as const) {
    assertEquals(textAt(file, offset, length), text.slice(offset, offset + length));
  }
});

testWithFile("TextFile.chunks() yields nothing for an empty file", async (path) => {
  await Deno.writeTextFile(path, "");
  using file = TextFile.open(path);
  assertEquals([file.size, await chunksOf(file, 7)], [0, ""]);
});

testWithFile("TextFile cannot be read when closed, and may be closed again", async (path) => {
  await Deno.writeTextFile(path, text);
  const file = TextFile.open(path);
  file[Symbol.dispose]();
  file[Symbol.dispose]();
  const { message } = assertThrows(() => file.read(0, 1), Error);
  assertStringIncludes(message, "its file is closed");
});

/** Changes of a file, and how an error describes them. */
const changes: readonly (readonly [string, (path: string) => void, string])[] = [
  ["shortened", (path) => Deno.truncateSync(path, 40), "from 100 bytes to 40"],
  ["emptied", (path) => Deno.truncateSync(path), "from 100 bytes to 0"],
  [
    "lengthened",
    (path) => Deno.writeTextFileSync(path, "more", { append: true }),
    "from 100 bytes to 104",
  ],
  ["rewritten", (path) => {
    Deno.writeTextFileSync(path, "x".repeat(100));
    touch(path);
  }, "at 2"],
];

for (const [how, change, words] of changes) {
  testWithFile(`TextFile rejects a file that is ${how} while it is read`, async (path) => {
    const message = `the file changed while it was read, ${words}`;
    Deno.writeTextFileSync(path, text);
    {
      using file = TextFile.open(path);
      let chunks = 0;
      const error = await assertRejects(async () => {
        for await (const chunk of file.chunks(30)) {
          if (chunks++ === 1) change(path);
          assertEquals(chunk.length <= 30, true);
        }
      }, TextError);
      assertStringIncludes(error.message, message);
    }
    Deno.writeTextFileSync(path, text);
    using file = TextFile.open(path);
    assertEquals(textAt(file, 10, 5), "01234");
    change(path);
    for (const [offset, length] of [[10, 5], [35, 10], [90, 10]] as const) {
      const error = assertThrows(() => file.read(offset, length), TextError);
      assertStringIncludes(error.message, message);
      assertStringIncludes(error.message, "; it must not change while it is in use");
    }
  });
}

for (const how of ["deleted", "replaced"] as const) {
  Deno.test({
    name:
      `TextFile reads the old contents of a file that is ${how} (needs --allow-read --allow-write)`,
    // On Windows an open file cannot be deleted.
    ignore: Deno.build.os === "windows" || unreadable ||
      Deno.permissions.querySync({ name: "write" }).state !== "granted",
    fn: () => {
      const directory = Deno.makeTempDirSync();
      const path = `${directory}/text.txt`;
      Deno.writeTextFileSync(path, text);
      using file = TextFile.open(path);
      if (how === "replaced") {
        Deno.writeTextFileSync(`${path}.new`, "another");
        Deno.renameSync(`${path}.new`, path);
      }
      Deno.removeSync(directory, { recursive: true });
      assertEquals(textAt(file, 42, 5), "23456");
    },
  });
}

testWithFile("TextFile turns a failing disk into a TextError of one line", async (path) => {
  Deno.writeTextFileSync(path, text);
  using file = TextFile.open(path);
  const { read, readAsync } = OpenFile.prototype;
  const failure = () => new Error("Input/output error (os error 5)");
  const message = "Input/output error (os error 5); it must stay readable to the end";
  try {
    OpenFile.prototype.readAsync = () => Promise.reject(failure());
    OpenFile.prototype.read = () => {
      throw failure();
    };
    assertEquals((await assertRejects(() => chunksOf(file, 10), TextError)).message, message);
    assertEquals(assertThrows(() => file.read(0, 10), TextError).message, message);
    // An end that comes too early, although the file's size and time have not changed.
    OpenFile.prototype.read = () => 0;
    assertThrows(() => file.read(10, 10), TextError, "from 100 bytes to 10; it must not change");
  } finally {
    OpenFile.prototype.read = read;
    OpenFile.prototype.readAsync = readAsync;
  }
  assertEquals(textAt(file, 0, 10), "0123456789");
});
