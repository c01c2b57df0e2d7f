import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { encodeCheckpoint } from "../../src/checkpoint/checkpoint.ts";
import { readCheckpoint, writeCheckpoint } from "../../src/checkpoint/file.ts";
import { checkpointOf } from "./checkpoints.ts";

const checkpoint = checkpointOf("hello", { hidden: 3, batchSize: 2 });

const permitted = (["read", "write"] as const).every((name) =>
  Deno.permissions.querySync({ name }).state === "granted"
);

/** A test in a folder of its own. */
function testFiles(name: string, fn: (folder: string) => Promise<void>) {
  Deno.test({
    name: `${name} (needs --allow-read and --allow-write)`,
    ignore: !permitted,
    fn: async () => {
      const folder = await Deno.makeTempDir();
      try {
        await fn(folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

const namesIn = (folder: string) => Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();

async function assertRefused(action: () => Promise<unknown>, message: string) {
  assertEquals((await assertRejects(action, InputError)).message, message);
}

testFiles("a checkpoint is written and read, by its path or its folder's", async (folder) => {
  const path = `${folder}/checkpoint.safetensors`;
  await writeCheckpoint(path, checkpoint);
  const bytes = await encodeCheckpoint(checkpoint);
  assertEquals(await Deno.readFile(path), bytes);
  for (const place of [path, folder, `${folder}/`]) {
    assertEquals(await encodeCheckpoint(await readCheckpoint(place)), bytes);
  }
  assertEquals(namesIn(folder), ["checkpoint.safetensors"]);
});

testFiles("whoever reads while it is replaced finds the old one or the new one", async (folder) => {
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

testFiles("what is no checkpoint is refused, with what would be right", async (folder) => {
  const reading = (path: string) => `Cannot read the checkpoint ${JSON.stringify(path)}`;
  const right = "there is no such file; it must be a checkpoint or the folder of a run";
  const text = `${folder}/alice.txt`;
  await Deno.writeTextFile(text, "Alice was beginning to get very tired");
  for (const path of ["", `${folder}/none`, `${folder}/two\nlines`, `${text}/below`]) {
    await assertRefused(() => readCheckpoint(path), `${reading(path)}: ${right}`);
  }
  const expected = `${folder}/checkpoint.safetensors`;
  await assertRefused(
    () => readCheckpoint(folder),
    `${reading(expected)}: there is no such file; ` +
      "a folder must be that of a run, which has this file",
  );
  await assertRefused(
    () => readCheckpoint(`${folder}/${"x".repeat(300)}`),
    `${reading(`${folder}/${"x".repeat(300)}`)}: ` +
      "its name is too long for the file system; it must be shorter",
  );
  await Deno.mkdir(expected);
  await assertRefused(
    () => readCheckpoint(folder),
    `${reading(expected)}: it is a folder, device, pipe or socket; it must be a regular file`,
  );
  // The number is "Alice wa", its first character in the lowest byte.
  await assertRefused(
    () => readCheckpoint(text),
    `${reading(text)}: its first 8 bytes say that the header has 7023117763739216961 bytes, ` +
      "and it can have at most 29; it must be a safetensors file, and complete",
  );
  await Deno.writeTextFile(text, "");
  await assertRefused(
    () => readCheckpoint(text),
    `${reading(text)}: it is empty; it must be a safetensors file`,
  );
});

testFiles("a file is refused by its size before its data are read", async (folder) => {
  const path = `${folder}/model.safetensors`;
  const bytes = await encodeCheckpoint(checkpoint);
  const reading = `Cannot read the checkpoint ${JSON.stringify(path)}: `;
  await Deno.writeFile(path, bytes);
  await Deno.truncate(path, 2 ** 32 + 1);
  await assertRefused(
    () => readCheckpoint(path),
    `${reading}it has 4294967297 bytes; it must have at most 4294967296`,
  );
  // As much as would not fit into memory twice; of this, only the header is read.
  await Deno.truncate(path, 2 ** 32);
  const before = Deno.memoryUsage().external;
  const data = bytes.length - 8 - Number(new DataView(bytes.buffer).getBigUint64(0, true));
  await assertRefused(
    () => readCheckpoint(path),
    `${reading}its tensors take ${data} bytes, and ${2 ** 32 - bytes.length + data} follow the ` +
      "header; the file is incomplete or has something added",
  );
  assert(Deno.memoryUsage().external - before < 2 ** 20);
  for (const length of [0, 1, 7, 8, 9, 10, 100, bytes.length - data, bytes.length - 1]) {
    await Deno.writeFile(path, bytes.subarray(0, length));
    await assertRejects(() => readCheckpoint(path), InputError, reading);
  }
});

testFiles("a file that becomes shorter while it is read is refused", async (folder) => {
  const path = `${folder}/model.safetensors`;
  await writeCheckpoint(path, checkpoint);
  const { read } = Deno.FsFile.prototype;
  let calls = 0;
  // After the length and the header the file is at its end.
  Deno.FsFile.prototype.read = function (buffer) {
    return ++calls > 2 ? Promise.resolve(null) : read.call(this, buffer);
  };
  try {
    await assertRefused(
      () => readCheckpoint(path),
      `Cannot read the checkpoint ${JSON.stringify(path)}: it became shorter while it was read; ` +
        "it must stay as it is meanwhile",
    );
  } finally {
    Deno.FsFile.prototype.read = read;
  }
});

Deno.test({
  name: "a named pipe is refused, not waited for (needs --allow-read, --allow-write, --allow-run)",
  ignore: !permitted || Deno.permissions.querySync({ name: "run" }).state !== "granted" ||
    Deno.build.os === "windows",
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      const path = `${folder}/checkpoint.safetensors`;
      await new Deno.Command("mkfifo", { args: [path] }).output();
      for (const place of [path, folder]) {
        await assertRefused(
          () => readCheckpoint(place),
          `Cannot read the checkpoint ${JSON.stringify(path)}: ` +
            "it is a folder, device, pipe or socket; it must be a regular file",
        );
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

testFiles("a path is shown on one line, without what directs a terminal", async (folder) => {
  const { message } = await assertRejects(
    () => readCheckpoint(`${folder}/\x1b[2J\n\u009b31m\u202e`),
    InputError,
  );
  assert(/^\P{C}+$/u.test(message), message);
  assert(message.includes("\\u001b[2J\\n\\u{9b}31m\\u{202e}"), message);
});

testFiles("a failed writing leaves what was there, and nothing beside it", async (folder) => {
  const writing = (path: string) => `Cannot write the checkpoint ${JSON.stringify(path)}`;
  const lost = `${folder}/none/checkpoint.safetensors`;
  await assertRefused(
    () => writeCheckpoint(lost, checkpoint),
    `${writing(lost)}: there is no such file; its folder must exist`,
  );
  const inTheWay = `${folder}/run`;
  await Deno.mkdir(`${inTheWay}/full`, { recursive: true });
  for (const path of [inTheWay, `${inTheWay}/full`]) {
    await assertRefused(
      () => writeCheckpoint(path, checkpoint),
      `${writing(path)}: it is a folder; it must be a file`,
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
    'Cannot encode the checkpoint: the tensor "rnn.weight_hh_l0" is NaN at index 4; ' +
      "each number must be finite",
  );
  assertEquals(await Deno.readFile(path), await encodeCheckpoint(checkpoint));
  assertEquals(namesIn(folder), ["checkpoint.safetensors", "run"]);
});

Deno.test({
  name: "a missing permission names its flags",
  permissions: { read: false, write: false },
  fn: async () => {
    await assertRefused(
      () => readCheckpoint("a"),
      'Cannot read the checkpoint "a": Deno has no permission to read it; run with --allow-read',
    );
    await assertRefused(
      () => writeCheckpoint("a", checkpoint),
      'Cannot write the checkpoint "a": Deno has no permission to write it; ' +
        "run with --allow-read and --allow-write",
    );
  },
});
