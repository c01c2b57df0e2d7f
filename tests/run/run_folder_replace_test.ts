/** A run that replaces another one: the old one exists until the new one can be used. */
import { assertEquals } from "@std/assert";
import { readCheckpoint } from "../../src/files/checkpoint_file.ts";
import { RunFolder } from "../../src/run/run_folder.ts";
import { contentsOf, namesIn, testInFolder } from "../folders.ts";
import { metricsAt } from "../train/metrics.ts";
import { checkpointAt, runConfigOf } from "./runs.ts";

const token = "0123456789abcdef";

function replacementsIn(path: string): string[] {
  return namesIn(path).filter((name) => /^\.unroll-(replacement|moving)/.test(name));
}

/** Creates a run with all files that a run can have; returns their contents. */
async function createOldRun(path: string): Promise<Record<string, string>> {
  using run = RunFolder.create(path, runConfigOf(1));
  run.appendMetrics(metricsAt(1));
  await run.save(checkpointAt(0), "latest");
  await run.save(checkpointAt(0), "best");
  for (const name of ["best-at-5", "best-before-end"]) {
    Deno.copyFileSync(`${path}/best.safetensors`, `${path}/${name}.safetensors`);
  }
  Deno.writeTextFileSync(`${path}/notes.txt`, "mine");
  return contentsOf(path);
}

testInFolder("RunFolder.replace() keeps the old run until the first checkpoint", async (f) => {
  const path = `${f}/run`;
  const old = await createOldRun(path);
  using run = RunFolder.replace(path, runConfigOf(2));
  run.appendMetrics(metricsAt(1));
  await run.save(checkpointAt(0, { seed: 2 }), "best");
  assertEquals(contentsOf(path), old);
  await run.save(checkpointAt(0, { seed: 2 }), "latest");
  assertEquals(
    namesIn(path),
    ".unroll-lock best.safetensors checkpoint.safetensors config.json metrics.jsonl notes.txt"
      .split(" "),
  );
  for (const name of ["best.safetensors", "checkpoint.safetensors"]) {
    assertEquals((await readCheckpoint(`${path}/${name}`)).config.seed, 2);
  }
  assertEquals(JSON.parse(Deno.readTextFileSync(`${path}/config.json`)), runConfigOf(2));
  run.appendMetrics(metricsAt(2));
  assertEquals(Deno.readTextFileSync(`${path}/metrics.jsonl`).split("\n").length, 3);
});

testInFolder("RunFolder.replace() without a checkpoint leaves the old run as it is", async (f) => {
  const path = `${f}/run`;
  const old = await createOldRun(path);
  {
    using run = RunFolder.replace(path, runConfigOf(2));
    run.appendMetrics(metricsAt(1));
  }
  assertEquals(contentsOf(path), old);
  assertEquals(replacementsIn(path), []);
  // A process that was killed leaves its files, until the next one opens the folder.
  const left = `${path}/.unroll-replacement-${token}`;
  Deno.mkdirSync(left);
  Deno.writeTextFileSync(`${left}/config.json`, JSON.stringify(runConfigOf(2)));
  Deno.writeTextFileSync(`${left}/.unroll-${token}.tmp`, "half of a checkpoi");
  RunFolder.replace(path, runConfigOf(2))[Symbol.dispose]();
  assertEquals(contentsOf(path), old);
  assertEquals(replacementsIn(path), []);
});

testInFolder("RunFolder.open() completes a replacement that was killed at any point", async (f) => {
  const files = ["best.safetensors", "checkpoint.safetensors", "metrics.jsonl", "config.json"];
  // The state after each file operation: -2 before the first, then a file more in place each time.
  for (let moved = -2; moved <= files.length; moved++) {
    const path = `${f}/run${moved}`;
    await createOldRun(path);
    const made = `${f}/new${moved}`;
    await createOldRun(made);
    for (const name of ["notes.txt", "best-at-5.safetensors", "best-before-end.safetensors"]) {
      Deno.removeSync(`${made}/${name}`);
    }
    Deno.writeTextFileSync(`${made}/config.json`, JSON.stringify(runConfigOf(2)));
    const fresh = contentsOf(made);
    const place = `.unroll-${moved < 0 ? "replacement" : "moving"}-${token}`;
    Deno.renameSync(made, `${path}/${place}`);
    if (moved > -2) {
      Deno.removeSync(`${path}/best-at-5.safetensors`);
      Deno.removeSync(`${path}/best-before-end.safetensors`);
    }
    for (const name of files.slice(0, Math.max(0, moved))) {
      Deno.renameSync(`${path}/${place}/${name}`, `${path}/${name}`);
    }
    // createNumbered() completes it too, when it finds the path taken.
    if (moved % 2 === 0) {
      using other = RunFolder.createNumbered(path, runConfigOf());
      assertEquals(other.path, `${path}-2`);
    }
    const { folder, runConfig } = await RunFolder.open(path);
    folder[Symbol.dispose]();
    assertEquals(runConfig.config.seed, 2);
    assertEquals(contentsOf(path), { ...fresh, "notes.txt": "mine" });
    assertEquals(replacementsIn(path), []);
  }
});

testInFolder("RunFolder.replace() creates a run if there is none", (f) => {
  using run = RunFolder.replace(`${f}/run`, runConfigOf());
  assertEquals(run.path, `${f}/run`);
  assertEquals(namesIn(`${f}/run`), [".unroll-lock", "config.json"]);
});
