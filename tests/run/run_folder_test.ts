import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { readCheckpoint } from "../../src/checkpoint/file.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { formatMetrics } from "../../src/run/metrics.ts";
import { RunFolder } from "../../src/run/run_folder.ts";
import { createTrainer } from "../trainers.ts";
import { testFiles } from "./folders.ts";

testFiles("a run folder holds configuration, metrics, latest and best", async (folder) => {
  const path = `${folder}/a/b`;
  const run = RunFolder.create(path, { hidden: 3 });
  assertEquals(JSON.parse(Deno.readTextFileSync(`${path}/config.json`)), { hidden: 3 });
  const report = {
    epoch: 0.5,
    chars: 10,
    loss: 2,
    batchLoss: 3,
    validationLoss: null,
    charsPerSecond: 5,
    elapsedSeconds: 1,
  };
  run.appendMetrics({ step: 1, ...report });
  run.appendMetrics({ step: 2, ...report });
  assertEquals(
    Deno.readTextFileSync(`${path}/metrics.jsonl`),
    formatMetrics({ step: 1, ...report }) + formatMetrics({ step: 2, ...report }),
  );
  const trainer = createTrainer(corpusFromText("abc".repeat(30)), { hidden: 3, seqLength: 5 });
  await run.save(trainer.checkpoint(), "best");
  trainer.step();
  await run.save(trainer.checkpoint(), "latest");
  assertEquals((await readCheckpoint(path)).progress.step, 1);
  assertEquals((await readCheckpoint(`${path}/best.safetensors`)).progress.step, 0);
  run.close();
});

testFiles("a folder that holds a run is not taken for another", (folder) => {
  const path = `${folder}/run`;
  assertEquals(RunFolder.free(path), path);
  RunFolder.create(path, {}).close();
  const { message } = assertThrows(() => RunFolder.create(path, {}), InputError);
  assertMatch(
    message,
    /^Cannot train into ".*run": it already holds a run; .* --resume, .* --force, .* --out$/,
  );
  assertEquals(RunFolder.free(path), `${path}-2`);
  RunFolder.create(`${path}-2`, {}).close();
  assertEquals(RunFolder.free(path), `${path}-3`);
  Deno.mkdirSync(`${folder}/other`);
  Deno.writeTextFileSync(`${folder}/other/notes.txt`, "mine");
  RunFolder.create(`${folder}/other`, {}).close();
  assertEquals([...Deno.readDirSync(path)].map(({ name }) => name), ["config.json"]);
});

testFiles("a path that cannot be a folder is refused in one line", (folder) => {
  Deno.writeTextFileSync(`${folder}/file`, "");
  for (const path of [`${folder}/file`, `${folder}/file/below`]) {
    const { message } = assertThrows(() => RunFolder.create(path, {}), InputError);
    assertMatch(message, /^Cannot make the run folder ".*file.*": .*with --out$/);
  }
});
