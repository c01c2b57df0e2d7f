/** A run that takes the place of another one: the old one is there until the new one can be used. */
import { assert, assertEquals } from "@std/assert";
import { readCheckpoint } from "../../src/checkpoint/file.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { RunFolder } from "../../src/run/run_folder.ts";
import { createTrainer } from "../trainers.ts";
import { namesIn, testFiles } from "./folders.ts";

const corpus = corpusFromText("abcab".repeat(30));
const checkpointOf = (seed: number) =>
  createTrainer(corpus, { hidden: 3, seqLength: 5, batchSize: 1, seed }).checkpoint();
const report = {
  epoch: 0,
  chars: 0,
  batchLoss: null,
  validationLoss: null,
  charsPerSecond: 0,
  elapsedSeconds: 0,
};

/** A run with all files, and what they hold. */
async function oldRun(path: string): Promise<Record<string, string>> {
  using run = RunFolder.create(path, { old: true });
  run.appendMetrics({ step: 1, loss: 1, ...report });
  await run.save(checkpointOf(1), "latest");
  await run.save(checkpointOf(1), "best");
  for (const name of ["best-at-5", "best-before-end"]) {
    Deno.copyFileSync(`${path}/best.safetensors`, `${path}/${name}.safetensors`);
  }
  Deno.writeTextFileSync(`${path}/notes.txt`, "mine");
  return contentsOf(path);
}

/** The files of a folder but for the lock, as text. */
function contentsOf(path: string): Record<string, string> {
  const files = Array.from(Deno.readDirSync(path)).filter(({ isFile, name }) =>
    isFile && name !== "lock"
  );
  const entries = files.map(({ name }) => [name, Deno.readTextFileSync(`${path}/${name}`)]);
  return Object.fromEntries(entries.toSorted());
}

testFiles("the old run is whole until the first checkpoint, and gone after it", async (f) => {
  const path = `${f}/run`;
  const old = await oldRun(path);
  using run = RunFolder.replace(path, { new: true });
  run.appendMetrics({ step: 1, loss: 2, ...report });
  await run.save(checkpointOf(2), "best");
  assertEquals(contentsOf(path), old);
  await run.save(checkpointOf(2), "latest");
  assertEquals(
    namesIn(path),
    "best.safetensors checkpoint.safetensors config.json lock metrics.jsonl notes.txt".split(" "),
  );
  for (const name of ["best.safetensors", "checkpoint.safetensors"]) {
    assertEquals((await readCheckpoint(`${path}/${name}`)).config.seed, 2);
  }
  assertEquals(JSON.parse(Deno.readTextFileSync(`${path}/config.json`)), { new: true });
  run.appendMetrics({ step: 2, loss: 2, ...report });
  assertEquals(Deno.readTextFileSync(`${path}/metrics.jsonl`).split("\n").length, 3);
});

testFiles("a run that never comes to a checkpoint leaves the old one alone", async (f) => {
  const path = `${f}/run`;
  const old = await oldRun(path);
  {
    using run = RunFolder.replace(path, { new: true });
    run.appendMetrics({ step: 1, loss: 2, ...report });
  }
  assertEquals(contentsOf(path), old);
  assert(!namesIn(path).includes("replacement"));
  // One that was killed leaves its files, until the next one comes.
  Deno.mkdirSync(`${path}/replacement`);
  Deno.writeTextFileSync(`${path}/replacement/config.json`, "{}");
  RunFolder.replace(path, { new: true }).close();
  assertEquals(contentsOf(path), old);
  assert(!namesIn(path).includes("replacement"));
});

testFiles("a process that is killed while the new run moves in is no loss", async (f) => {
  // What a kill leaves after each number of file operations, made by hand.
  const files = ["config.json", "metrics.jsonl", "best.safetensors", "checkpoint.safetensors"];
  for (let moved = -2; moved <= files.length; moved++) {
    const path = `${f}/run${moved}`;
    await oldRun(path);
    const made = `${f}/new${moved}`;
    await oldRun(made);
    for (const name of ["lock", "notes.txt", "best-at-5.safetensors"]) {
      await Deno.remove(`${made}/${name}`).catch(() => {});
    }
    Deno.removeSync(`${made}/best-before-end.safetensors`);
    Deno.writeTextFileSync(`${made}/config.json`, '{"new":true}');
    const fresh = contentsOf(made);
    const place = moved < 0 ? "replacement" : "replacement.moving";
    Deno.renameSync(made, `${path}/${place}`);
    if (moved > -2) {
      Deno.removeSync(`${path}/best-at-5.safetensors`);
      Deno.removeSync(`${path}/best-before-end.safetensors`);
    }
    for (const name of files.slice(0, Math.max(0, moved))) {
      Deno.renameSync(`${path}/${place}/${name}`, `${path}/${name}`);
    }
    // Whoever comes next finishes it: here one that finds the folder taken.
    assertEquals(RunFolder.createFree(path, {}).path, `${path}-2`);
    const { folder } = await RunFolder.open(path).catch(() => ({ folder: null }));
    folder?.close();
    assertEquals(contentsOf(path), { ...fresh, "notes.txt": "mine" });
    assertEquals(namesIn(path).filter((name) => name.startsWith("replacement")), []);
  }
});

testFiles("where there is no run, replacing is beginning", (f) => {
  using run = RunFolder.replace(`${f}/run`, { new: true });
  assertEquals(run.path, `${f}/run`);
  assertEquals(namesIn(`${f}/run`), ["config.json", "lock"]);
});
