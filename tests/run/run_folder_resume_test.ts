import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { readCheckpoint } from "../../src/files/checkpoint_file.ts";
import { InputError } from "../../src/errors.ts";
import { RunLockedError } from "../../src/run/lock.ts";
import { readMetrics } from "../../src/run/metrics.ts";
import { RunFolder } from "../../src/run/run_folder.ts";
import { namesIn, testInFolder } from "../folders.ts";
import { metricsAt } from "../train/metrics.ts";
import { checkpointAt, runConfigOf } from "./runs.ts";

async function stepsIn(path: string): Promise<number[]> {
  return (await readMetrics(path)).map(({ step }) => step);
}

testInFolder(
  "RunFolder.open() reads configuration and checkpoint, and changes nothing",
  async (f) => {
    const path = `${f}/run`;
    {
      using run = RunFolder.create(path, runConfigOf());
      for (const step of [1, 2, 4, 6]) run.appendMetrics(metricsAt(step));
      await run.save(checkpointAt(5, { loggedStep: 4 }), "latest");
      assertThrows(() => RunFolder.replace(path, runConfigOf()), RunLockedError);
      await assertRejects(() => RunFolder.open(path), RunLockedError);
    }
    const names = namesIn(path);
    const { folder, runConfig, checkpoint } = await RunFolder.open(path);
    assertEquals(runConfig, runConfigOf());
    assertEquals(checkpoint, checkpointAt(5, { loggedStep: 4 }));
    assertEquals(await stepsIn(path), [1, 2, 4, 6]);
    await folder.truncateTo(checkpoint!.progress);
    assertEquals(await stepsIn(path), [1, 2, 4]);
    folder[Symbol.dispose]();
    folder[Symbol.dispose]();
    assertEquals(namesIn(path), names);
  },
);

testInFolder("RunFolder.open() removes the temporary files of a killed process only", async (f) => {
  const path = `${f}/run`;
  RunFolder.create(path, runConfigOf())[Symbol.dispose]();
  const token = "0123456789abcdef";
  const others = [
    "notes.tmp",
    "config.json.tmp",
    "checkpoint.safetensors.0a1b2c3d.tmp",
    ".unroll-fedcba9876543210.tmp",
    "lock",
  ];
  for (const name of [...others, `.unroll-${token}.tmp`]) {
    Deno.writeTextFileSync(`${path}/${name}`, "x");
  }
  // The lock that a killed process left holds the token in the name of its temporary file.
  const lock = `unroll run lock\nprocess       4711\ntoken ${token}\n`;
  Deno.writeTextFileSync(`${path}/.unroll-lock`, lock);
  const { folder, checkpoint } = await RunFolder.open(path);
  assertEquals(checkpoint, null);
  folder[Symbol.dispose]();
  assertEquals(namesIn(path), [...others, "config.json"].toSorted());
});

testInFolder("RunFolder.open() sets loggedStep back to the last line of the metrics", async (f) => {
  const path = `${f}/run`;
  {
    using run = RunFolder.create(path, runConfigOf());
    run.appendMetrics(metricsAt(2));
    await run.save(checkpointAt(4, { loggedStep: 4 }), "latest");
  }
  const { folder, checkpoint } = await RunFolder.open(path);
  assertEquals(checkpoint!.progress.loggedStep, 2);
  folder[Symbol.dispose]();
});

testInFolder("RunFolder.truncateTo() restores the best before the end of the run", async (f) => {
  const path = `${f}/run`;
  using run = RunFolder.create(path, runConfigOf());
  const stepOf = async (name: string) => (await readCheckpoint(`${path}/${name}`)).progress.step;
  // Validated only by the end of the run, and none before it.
  await run.save(checkpointAt(3, { validatedStep: null }), "best");
  await run.truncateTo(checkpointAt(3, { loggedStep: 2 }).progress);
  assertEquals(namesIn(path), [".unroll-lock", "best-at-3.safetensors", "config.json"]);
  // Validated regularly, then by the end of the run.
  await run.save(checkpointAt(4, { validatedStep: 4 }), "best");
  await run.truncateTo(checkpointAt(5, { loggedStep: 4 }).progress);
  assertEquals(await stepOf("best.safetensors"), 4);
  await run.save(checkpointAt(6, { validatedStep: 4 }), "best");
  assertEquals(await stepOf("best.safetensors"), 6);
  assertEquals(await stepOf("best-before-end.safetensors"), 4);
  await run.truncateTo(checkpointAt(6, { loggedStep: 4 }).progress);
  assertEquals(await stepOf("best.safetensors"), 4);
  assertEquals(await stepOf("best-at-6.safetensors"), 6);
  assert(!namesIn(path).includes("best-before-end.safetensors"));
});

testInFolder(
  "RunFolder.open() rejects a folder that holds no run, and creates nothing",
  async (f) => {
    Deno.mkdirSync(`${f}/empty`);
    Deno.writeTextFileSync(`${f}/file`, "");
    for (
      const [name, reason] of [
        ["none", "there is no such folder"],
        ["file", "it is not a folder"],
        ["empty", "it has no config.json"],
      ]
    ) {
      const { message } = await assertRejects(() => RunFolder.open(`${f}/${name}`), InputError);
      const start = `Cannot resume ${JSON.stringify(`${f}/${name}`)}: ${reason}; `;
      assert(message.startsWith(start), message);
    }
    assertEquals(namesIn(f), ["empty", "file"]);
    assertEquals(namesIn(`${f}/empty`), []);
  },
);

testInFolder("RunFolder.open() names a damaged file, and releases the lock", async (f) => {
  const path = `${f}/run`;
  RunFolder.create(path, runConfigOf())[Symbol.dispose]();
  const good = Deno.readTextFileSync(`${path}/config.json`);
  for (
    const [text, reason] of [
      ["", /: it is not valid JSON$/],
      ["3", /: it must be an object, not 3$/],
      [good.replace('"hidden": 3', '"hidden": 0'), /"config.hidden" must be a whole number/],
      [good.replace('"steps": 7', '"steps": "7"'), /"limits.steps" must be a number, not "7"$/],
      [good.replace('"sha256"', '"sha"'), /"corpus.sha(256)?" is /],
    ] as const
  ) {
    Deno.writeTextFileSync(`${path}/config.json`, text);
    const { message } = await assertRejects(() => RunFolder.open(path), InputError);
    assertMatch(message, /^Cannot resume the run of ".*config\.json"/);
    assertMatch(message, reason);
  }
  Deno.writeTextFileSync(`${path}/config.json`, good);
  Deno.writeTextFileSync(`${path}/checkpoint.safetensors`, "half a checkpoint");
  const { message } = await assertRejects(() => RunFolder.open(path), InputError);
  assertMatch(message, /^Cannot read the checkpoint ".*checkpoint\.safetensors": /);
  Deno.removeSync(`${path}/checkpoint.safetensors`);
  (await RunFolder.open(path)).folder[Symbol.dispose]();
});
