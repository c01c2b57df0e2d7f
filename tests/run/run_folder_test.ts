import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { readCheckpoint } from "../../src/files/checkpoint_file.ts";
import { InputError } from "../../src/errors.ts";
import { formatMetrics, readMetrics } from "../../src/run/metrics.ts";
import { RunFolder } from "../../src/run/run_folder.ts";
import { namesIn, testInFolder } from "../folders.ts";
import { metricsAt } from "../train/metrics.ts";
import { checkpointAt, runConfigOf } from "./runs.ts";

function readConfigOf(path: string) {
  return JSON.parse(Deno.readTextFileSync(`${path}/config.json`));
}

testInFolder("RunFolder holds configuration, metrics and checkpoints", async (folder) => {
  const path = `${folder}/a/b`;
  using run = RunFolder.create(path, runConfigOf());
  assertEquals(readConfigOf(path), runConfigOf());
  for (const step of [1, 2]) run.appendMetrics(metricsAt(step));
  assertEquals(
    Deno.readTextFileSync(`${path}/metrics.jsonl`),
    formatMetrics(metricsAt(1)) + formatMetrics(metricsAt(2)),
  );
  assertEquals(await readMetrics(path), [metricsAt(1), metricsAt(2)]);
  await run.save(checkpointAt(0), "best");
  assert(!run.hasCheckpoint);
  await run.save(checkpointAt(1), "latest");
  assert(run.hasCheckpoint);
  assertEquals((await readCheckpoint(path, { which: "latest" })).progress.step, 1);
  assertEquals((await readCheckpoint(`${path}/best.safetensors`)).progress.step, 0);
});

testInFolder("RunFolder.create() rejects a folder with a run, or a file of its names", (folder) => {
  const run = `${folder}/run`;
  RunFolder.create(run, runConfigOf())[Symbol.dispose]();
  const taken = assertThrows(() => RunFolder.create(run, runConfigOf(2)), InputError);
  assertEquals(taken.option, "ifExists");
  assertStringIncludes(taken.message, `${JSON.stringify(run)}: it already holds a run`);
  assertEquals(readConfigOf(run), runConfigOf());
  for (
    const name of [
      "config.json",
      "metrics.jsonl",
      "checkpoint.safetensors",
      "best.safetensors",
      "best-at-7.safetensors",
      ".unroll-lock",
    ]
  ) {
    const path = `${folder}/${name}.run`;
    Deno.mkdirSync(path);
    Deno.writeTextFileSync(`${path}/${name}`, "mine");
    for (const create of [RunFolder.create, RunFolder.replace]) {
      const error = assertThrows(() => create(path, runConfigOf()), InputError);
      assertEquals(error.option, "path");
      assertStringIncludes(error.message, `Cannot create a run in ${JSON.stringify(path)}: its "`);
      assertStringIncludes(error.message, JSON.stringify(name));
      assert(!error.message.includes("already holds a run"));
      assertEquals(namesIn(path), [name]);
      assertEquals(Deno.readTextFileSync(`${path}/${name}`), "mine");
    }
  }
  Deno.mkdirSync(`${folder}/other`);
  Deno.writeTextFileSync(`${folder}/other/notes.txt`, "mine");
  RunFolder.create(`${folder}/other`, runConfigOf())[Symbol.dispose]();
});

testInFolder("RunFolder.createNumbered() takes the first path that holds no run", (folder) => {
  const path = `${folder}/run`;
  Deno.mkdirSync(path);
  Deno.writeTextFileSync(`${path}/metrics.jsonl`, "mine");
  for (const [seed, expected] of [[3, `${path}-2`], [4, `${path}-3`]] as const) {
    using run = RunFolder.createNumbered(path, runConfigOf(seed));
    assertEquals(run.path, expected);
    // A folder that is locked is not free either.
    using other = RunFolder.createNumbered(`${folder}/other`, runConfigOf());
    assertEquals(other.path, `${folder}/other${seed === 3 ? "" : "-2"}`);
  }
  assertEquals(readConfigOf(`${path}-2`), runConfigOf(3));
  assertEquals(Deno.readTextFileSync(`${path}/metrics.jsonl`), "mine");
});

testInFolder("RunFolder.createNumbered() creates a folder beside that of the path", (folder) => {
  const path = `${folder}/run`;
  for (const spelling of [`${path}/`, `${path}//`, `${path}/.`, `${path}/./`]) {
    RunFolder.createNumbered(spelling, runConfigOf())[Symbol.dispose]();
  }
  assertEquals(namesIn(folder), ["run", "run-2", "run-3", "run-4"]);
  assertEquals(namesIn(path), ["config.json"]);
});

testInFolder("RunFolder refuses a path that names no folder, not the root of the system", () => {
  for (const path of ["", "a\0b"]) {
    for (const create of [RunFolder.create, RunFolder.createNumbered, RunFolder.replace]) {
      assertEquals(assertThrows(() => create(path, runConfigOf()), InputError).option, "path");
    }
  }
});

testInFolder("RunFolder.save() replaces nothing that was put there meanwhile", async (folder) => {
  using run = RunFolder.create(`${folder}/run`, runConfigOf());
  await run.save(checkpointAt(1), "latest");
  const path = `${folder}/run/checkpoint.safetensors`;
  Deno.writeTextFileSync(`${folder}/secret`, "mine");
  const kinds: readonly (() => void)[] = [
    () => Deno.writeTextFileSync(path, "mine"),
    () => Deno.symlinkSync("../secret", path),
    () => Deno.linkSync(`${folder}/secret`, path),
    () => Deno.mkdirSync(path),
  ];
  for (const [i, place] of kinds.entries()) {
    const saving = run.save(checkpointAt(2 + i), "latest");
    Deno.removeSync(path);
    place();
    const { ino } = Deno.lstatSync(path);
    await assertRejects(() => saving, Error, "Cannot write ");
    assertEquals(Deno.lstatSync(path).ino, ino);
    assert(!run.hasCheckpoint);
    assertEquals(run.latestStep, 1);
    await assertRejects(() => run.save(checkpointAt(2 + i), "latest"), Error, "Cannot write ");
    Deno.removeSync(path);
    await run.save(checkpointAt(1), "latest");
    assert(run.hasCheckpoint);
  }
  assertEquals(Deno.readTextFileSync(`${folder}/secret`), "mine");
  assertEquals(namesIn(`${folder}/run`), [".unroll-lock", "checkpoint.safetensors", "config.json"]);
});

testInFolder("RunFolder.create() rejects a path that cannot be a folder", (folder) => {
  Deno.writeTextFileSync(`${folder}/file`, "");
  for (const create of [RunFolder.create, RunFolder.createNumbered, RunFolder.replace]) {
    for (const path of [`${folder}/file`, `${folder}/file/below`]) {
      const error = assertThrows(() => create(path, runConfigOf()), InputError);
      assertEquals(error.option, "path");
      assertStringIncludes(error.message, `the run folder ${JSON.stringify(path)}: `);
      assert(!error.message.includes("\n"));
    }
  }
  assertEquals(namesIn(folder), ["file"]);
});

Deno.test({
  name: "RunFolder.create() names the permissions that it needs",
  permissions: { read: false, write: false },
  fn() {
    for (const create of [RunFolder.create, RunFolder.createNumbered]) {
      const { message } = assertThrows(() => create("run", runConfigOf()), InputError);
      assertStringIncludes(message, "run with --allow-read and --allow-write");
    }
  },
});
