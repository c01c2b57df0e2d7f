import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { InputError, TextError } from "../../src/errors.ts";
import { explain, TextFile } from "../../src/text/text_file.ts";
import { fileTest, touch } from "./files.ts";

const unreadable = Deno.permissions.querySync({ name: "read" }).state !== "granted";

async function assertRefused(path: string, words: string) {
  const { message } = await assertRejects(() => TextFile.open(path), InputError);
  assertEquals(message, `Cannot read the text ${JSON.stringify(path)}: ${words}`);
}

Deno.test({
  name: "a path that is no file's is refused (needs --allow-read)",
  ignore: unreadable,
  fn: async () => {
    const missing = "there is no such file; it must be the path of a UTF-8 text";
    const here = import.meta.filename!;
    await assertRefused("", missing);
    await assertRefused(`${here}.missing`, missing);
    await assertRefused(`${here}/below`, missing);
    await assertRefused(`${here}.${"x".repeat(300)}`, missing);
    await assertRefused(`${here}.two\nlines`, missing);
    await assertRefused(import.meta.dirname!, "it is a directory; it must be a regular file");
  },
});

Deno.test({
  name: "a device is refused (needs --allow-read)",
  ignore: Deno.build.os === "windows" || unreadable,
  fn: () => assertRefused("/dev/null", "it is a device, pipe or socket; it must be a regular file"),
});

Deno.test({
  name: "a missing permission names its flag",
  permissions: { read: false },
  fn: () => assertRefused("text.txt", "Deno has no permission to read it; run with --allow-read"),
});

Deno.test("denied access is explained, and what is not the user's is passed on", () => {
  const denied = explain("a b.txt", new Deno.errors.PermissionDenied("no"));
  assertEquals(denied instanceof InputError, true);
  assertStringIncludes(
    String(denied),
    'Cannot read the text "a b.txt": the system denies access; it must be',
  );
  const failure = new Error("input/output error");
  assertEquals(explain("a.txt", failure), failure);
});

const text = "0123456789".repeat(10);

async function piecesOf(file: TextFile, length: number): Promise<string> {
  let read = "";
  for await (const piece of file.pieces(length)) read += new TextDecoder().decode(piece);
  return read;
}

const stretch = (file: TextFile, offset: number, length: number) =>
  new TextDecoder().decode(file.at(offset, length));

fileTest("a file is read in pieces, then at any offset", async (path) => {
  await Deno.writeTextFile(path, text);
  using file = await TextFile.open(path);
  assertEquals(file.size, 100);
  assertEquals(await piecesOf(file, 7), text);
  for (const [offset, length] of [[0, 100], [95, 5], [12, 3], [12, 30], [100, 0]] as const) {
    assertEquals(stretch(file, offset, length), text.slice(offset, offset + length));
  }
});

fileTest("an empty file has no pieces", async (path) => {
  await Deno.writeTextFile(path, "");
  using file = await TextFile.open(path);
  assertEquals([file.size, await piecesOf(file, 7)], [0, ""]);
});

fileTest("a closed file cannot be read, and may be closed again", async (path) => {
  await Deno.writeTextFile(path, text);
  const file = await TextFile.open(path);
  file[Symbol.dispose]();
  file[Symbol.dispose]();
  const { message } = assertThrows(() => file.at(0, 1), Error);
  assertEquals(message, `Cannot read the text ${JSON.stringify(path)}: it was closed`);
});

/** What may happen to a file, and what is said of it. */
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
  fileTest(`a file that is ${how} while it is read is refused`, async (path) => {
    const message = `Cannot read the text ${
      JSON.stringify(path)
    }: the file changed while it was read, ${words}`;
    Deno.writeTextFileSync(path, text);
    {
      using file = await TextFile.open(path);
      let pieces = 0;
      const error = await assertRejects(async () => {
        for await (const piece of file.pieces(30)) {
          if (pieces++ === 1) change(path);
          assertEquals(piece.length <= 30, true);
        }
      }, TextError);
      assertStringIncludes(error.message, message);
    }
    Deno.writeTextFileSync(path, text);
    using file = await TextFile.open(path);
    assertEquals(stretch(file, 10, 5), "01234");
    change(path);
    for (const [offset, length] of [[10, 5], [35, 10], [90, 10]] as const) {
      const error = assertThrows(() => file.at(offset, length), TextError);
      assertStringIncludes(error.message, message);
      assertStringIncludes(error.message, "; it must stay as it is as long as it is used");
    }
  });
}

for (const how of ["deleted", "replaced"] as const) {
  Deno.test({
    name: `a file that is ${how} is read on as it was (needs --allow-read --allow-write)`,
    // There, an open file cannot be deleted.
    ignore: Deno.build.os === "windows" || unreadable ||
      Deno.permissions.querySync({ name: "write" }).state !== "granted",
    fn: async () => {
      const directory = Deno.makeTempDirSync();
      const path = `${directory}/text.txt`;
      Deno.writeTextFileSync(path, text);
      using file = await TextFile.open(path);
      if (how === "replaced") {
        Deno.writeTextFileSync(`${path}.new`, "another");
        Deno.renameSync(`${path}.new`, path);
      }
      Deno.removeSync(directory, { recursive: true });
      assertEquals(stretch(file, 42, 5), "23456");
    },
  });
}

fileTest("a disk that fails is an error of one line that names the file", async (path) => {
  Deno.writeTextFileSync(path, text);
  using file = await TextFile.open(path);
  const { read, readSync } = Deno.FsFile.prototype;
  const failure = () => new Error("Input/output error (os error 5)");
  const message = `Cannot read the text ${
    JSON.stringify(path)
  }: Input/output error (os error 5); it must stay readable to the end`;
  try {
    Deno.FsFile.prototype.read = () => Promise.reject(failure());
    Deno.FsFile.prototype.readSync = () => {
      throw failure();
    };
    assertEquals((await assertRejects(() => piecesOf(file, 10), TextError)).message, message);
    assertEquals(assertThrows(() => file.at(0, 10), TextError).message, message);
    // An end that comes too early, although the system says that nothing has changed.
    Deno.FsFile.prototype.readSync = () => null;
    assertThrows(() => file.at(10, 10), TextError, "from 100 bytes to 10; it must stay");
  } finally {
    Deno.FsFile.prototype.read = read;
    Deno.FsFile.prototype.readSync = readSync;
  }
  assertEquals(stretch(file, 0, 10), "0123456789");
});
