import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { encodeCheckpoint } from "../../src/checkpoint/checkpoint.ts";
import {
  readCheckpoint,
  type ReadCheckpointOptions,
  writeCheckpoint,
} from "../../src/files/checkpoint_file.ts";
import { OpenFile } from "../../src/files/fs.ts";
import { isDenied, namesIn, testInFolder } from "../folders.ts";
import { checkpointOf } from "../checkpoint/checkpoints.ts";

const checkpoint = checkpointOf("hello", { hidden: 3, batchSize: 2 });

const reading = (path: string) => `Cannot read the checkpoint ${JSON.stringify(path)}: `;
const writing = (path: string) => `Cannot write the checkpoint ${JSON.stringify(path)}: `;

/** Checks that an action is rejected in one line, which has a start and a part. */
async function assertRefused(action: () => Promise<unknown>, start: string, part: string) {
  const { message } = await assertRejects(action, InputError);
  assert(message.startsWith(start), message);
  assertStringIncludes(message.slice(start.length), part);
  assert(!message.includes("\n"), message);
}

testInFolder(
  "writeCheckpoint() and readCheckpoint() take the path of a file or its folder",
  async (folder) => {
    const path = `${folder}/checkpoint.safetensors`;
    await writeCheckpoint(path, checkpoint);
    const bytes = await encodeCheckpoint(checkpoint);
    assertEquals(await Deno.readFile(path), bytes);
    for (const place of [path, folder, `${folder}/`]) {
      assertEquals(await encodeCheckpoint(await readCheckpoint(place)), bytes);
    }
    assertEquals(namesIn(folder), ["checkpoint.safetensors"]);
  },
);

testInFolder(
  "readCheckpoint() reads the best checkpoint of a folder, or the latest",
  async (folder) => {
    const [latest, best] = ["checkpoint", "best"].map((name) => `${folder}/${name}.safetensors`);
    const at = (step: number) => ({ ...checkpoint, progress: { ...checkpoint.progress, step } });
    const stepOf = async (options: ReadCheckpointOptions = {}) =>
      (await readCheckpoint(folder, options)).progress.step;
    await writeCheckpoint(best!, at(5));
    assertEquals(await stepOf(), 5);
    await assertRefused(() => stepOf({ which: "latest" }), reading(latest!), "no such file");
    await writeCheckpoint(latest!, at(9));
    assertEquals([await stepOf(), await stepOf({ which: "best" })], [5, 5]);
    assertEquals(await stepOf({ which: "latest" }), 9);
    assertEquals((await readCheckpoint(best!, { which: "latest" })).progress.step, 5);
    // A file that somebody copied from another run is not the best of this one.
    const others = [
      { ...at(5), config: { ...checkpoint.config, seed: 99 } },
      { ...at(5), corpus: { ...checkpoint.corpus!, sha256: "f".repeat(64) } },
    ];
    for (const other of others) {
      await writeCheckpoint(best!, other);
      await assertRefused(stepOf, reading(best!), "of another run");
      assertEquals(await stepOf({ which: "latest" }), 9);
    }
    // deno-lint-ignore no-explicit-any -- as from a program without types
    await assertRejects(() => stepOf({ which: "newest" as any }), InputError, '"which"');
  },
);

testInFolder("writeCheckpoint() replaces a file atomically", async (folder) => {
  const path = `${folder}/best.safetensors`;
  const at = (step: number) => ({ ...checkpoint, progress: { ...checkpoint.progress, step } });
  await writeCheckpoint(path, at(0));
  let writing = true;
  const writer = (async () => {
    for (let step = 1; step <= 50; step++) await writeCheckpoint(path, at(step));
  })().finally(() => writing = false);
  const steps: number[] = [];
  while (writing) steps.push((await readCheckpoint(path)).progress.step);
  await writer;
  assertEquals(steps, steps.toSorted((a, b) => a - b));
  assert(new Set(steps).size > 2, `steps read: ${steps}`);
  assertEquals((await readCheckpoint(path)).progress.step, 50);
  assertEquals(namesIn(folder), ["best.safetensors"]);
});

testInFolder("readCheckpoint() rejects what is not a checkpoint", async (folder) => {
  const text = `${folder}/alice.txt`;
  await Deno.writeTextFile(text, "Alice was beginning to get very tired");
  const long = `${folder}/${"x".repeat(300)}`;
  const expected = `${folder}/checkpoint.safetensors`;
  const cases: [path: string, read: string, reason: string][] = [
    ["", "", "its path is empty; it must have a path"],
    ...[`${folder}/none`, `${folder}/two\nlines`].map((path): [string, string, string] => [
      path,
      path,
      "there is no such file; it must be a checkpoint or a run folder",
    ]),
    [`${text}/below`, `${text}/below`, "a part of its path is not a folder"],
    [folder, expected, "the folder must be a run folder with a checkpoint"],
    [long, long, "its name is too long for the file system"],
    [text, text, "it is not a safetensors file; it must be a checkpoint or weights"],
  ];
  for (const [path, read, reason] of cases) {
    await assertRefused(() => readCheckpoint(path), reading(read), reason);
  }
  await Deno.mkdir(expected);
  await assertRefused(() => readCheckpoint(folder), reading(expected), "must be a regular file");
  await Deno.writeTextFile(text, "");
  await assertRefused(() => readCheckpoint(text), reading(text), "it is empty");
});

testInFolder("readCheckpoint() rejects a wrong size before reading the data", async (folder) => {
  const path = `${folder}/model.safetensors`;
  const bytes = await encodeCheckpoint(checkpoint);
  await Deno.writeFile(path, bytes);
  await Deno.truncate(path, 2 ** 32 + 1);
  await assertRefused(() => readCheckpoint(path), reading(path), "it has 4294967297 bytes");
  // As much as would not fit into memory twice; of this, only the header is read.
  await Deno.truncate(path, 2 ** 32);
  const before = Deno.memoryUsage().external;
  const data = bytes.length - 8 - Number(new DataView(bytes.buffer).getBigUint64(0, true));
  await assertRefused(
    () => readCheckpoint(path),
    reading(path),
    `its tensors take ${data} bytes, but ${2 ** 32 - bytes.length + data} follow`,
  );
  assert(Deno.memoryUsage().external - before < 2 ** 20);
  for (const length of [0, 1, 7, 8, 9, 10, 100, bytes.length - data, bytes.length - 1]) {
    await Deno.writeFile(path, bytes.subarray(0, length));
    await assertRejects(() => readCheckpoint(path), InputError, reading(path));
  }
});

testInFolder(
  "readCheckpoint() rejects a file that becomes shorter while it is read",
  async (folder) => {
    const path = `${folder}/model.safetensors`;
    await writeCheckpoint(path, checkpoint);
    const { readAsync } = OpenFile.prototype;
    let calls = 0;
    // After the length and the header the file is at its end.
    OpenFile.prototype.readAsync = function (buffer) {
      return ++calls > 2 ? Promise.resolve(0) : readAsync.call(this, buffer);
    };
    try {
      await assertRefused(
        () => readCheckpoint(path),
        reading(path),
        "it became shorter while it was read",
      );
    } finally {
      OpenFile.prototype.readAsync = readAsync;
    }
  },
);

Deno.test({
  name:
    "readCheckpoint() rejects a named pipe without waiting (needs --allow-read, --allow-write, --allow-run)",
  ignore: isDenied || Deno.permissions.querySync({ name: "run" }).state !== "granted" ||
    Deno.build.os === "windows",
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      const path = `${folder}/checkpoint.safetensors`;
      await new Deno.Command("mkfifo", { args: [path] }).output();
      for (const place of [path, folder]) {
        await assertRefused(
          () => readCheckpoint(place),
          reading(path),
          "must be a regular file",
        );
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

testInFolder("readCheckpoint() escapes control characters of a path", async (folder) => {
  const { message } = await assertRejects(
    () => readCheckpoint(`${folder}/\x1b[2J\n\u009b31m\u202e`),
    InputError,
  );
  assert(/^\P{C}+$/u.test(message), message);
  assert(message.includes("\\u001b[2J\\n\\u{9b}31m\\u{202e}"), message);
});

testInFolder(
  "writeCheckpoint() leaves the old file and no temporary file when it fails",
  async (folder) => {
    const lost = `${folder}/none/checkpoint.safetensors`;
    await assertRefused(
      () => writeCheckpoint(lost, checkpoint),
      writing(lost),
      "its folder must exist",
    );
    const inTheWay = `${folder}/run`;
    await Deno.mkdir(`${inTheWay}/full`, { recursive: true });
    for (const path of [inTheWay, `${inTheWay}/full`]) {
      await assertRefused(
        () => writeCheckpoint(path, checkpoint),
        writing(path),
        "it is a folder",
      );
    }
    await assertRefused(
      () => writeCheckpoint("/dev/null", checkpoint),
      writing("/dev/null"),
      "a device, pipe or socket",
    );
    for (const temporary of [inTheWay, "/dev/null"]) {
      await assertRefused(
        () => writeCheckpoint(`${folder}/new`, checkpoint, { temporary }),
        writing(`${folder}/new`),
        "something is there already",
      );
    }
    assertEquals(namesIn(folder), ["run"]);
    assertEquals(namesIn(inTheWay), ["full"]);

    const path = `${folder}/checkpoint.safetensors`;
    await writeCheckpoint(path, checkpoint);
    const diverged = checkpointOf("hello", { hidden: 3, batchSize: 2 });
    diverged.parameters.Whh[4] = NaN;
    await assertRefused(
      () => writeCheckpoint(path, diverged),
      "Cannot encode the checkpoint: ",
      '"rnn.weight_hh_l0" is NaN at index 4',
    );
    assertEquals(await Deno.readFile(path), await encodeCheckpoint(checkpoint));
    assertEquals(namesIn(folder), ["checkpoint.safetensors", "run"]);
  },
);

Deno.test({
  name: "readCheckpoint() and writeCheckpoint() name the flags of missing permissions",
  permissions: { read: false, write: false },
  fn: async () => {
    await assertRefused(
      () => readCheckpoint("a"),
      reading("a"),
      "run with --allow-read",
    );
    await assertRefused(
      () => writeCheckpoint("a", checkpoint),
      writing("a"),
      "run with --allow-read and --allow-write",
    );
  },
});
