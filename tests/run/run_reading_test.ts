import { assert, assertEquals, assertMatch, assertNotEquals, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { Run } from "../../src/run/run.ts";
import { readRun } from "../../src/run/run_reading.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { contentsOf, namesIn, testInFolder } from "../folders.ts";

const corpus = corpusFromText("she sells sea shells by the sea shore. ".repeat(30));
const config = { hidden: 8, seqLength: 10, batchSize: 2 };

testInFolder("readRun() reads a run while it trains, and changes nothing", async (folder) => {
  const path = `${folder}/run`;
  {
    using run = await Run.create(corpus, { path, config, limits: { steps: 20 } });
    const { runConfig, isTraining, best, latest } = readRun(path);
    assertEquals([runConfig.config.hidden, isTraining, best, latest], [8, true, null, null]);
    await run.train();
  }
  const before = [namesIn(path), contentsOf(path)];
  const { isTraining, best, latest, changedAt } = readRun(path);
  assertEquals([isTraining, latest?.path], [false, `${path}/checkpoint.safetensors`]);
  assert(Math.abs(changedAt.getTime() - Date.now()) < 60_000);
  assertEquals([namesIn(path), contentsOf(path)], before);
  Deno.copyFileSync(latest!.path, `${path}/copy`);
  Deno.renameSync(`${path}/copy`, latest!.path);
  assertNotEquals(readRun(path).latest, latest);
  assertEquals(readRun(path).best, best);
});

testInFolder("readRun() names what is no run, or is damaged", (folder) => {
  assertMatch(
    assertThrows(() => readRun(`${folder}/none`), InputError).message,
    /^Cannot read the run ".*none": there is no such file; the folder must be a run folder/,
  );
  Deno.writeTextFileSync(`${folder}/config.json`, "{");
  assertMatch(
    assertThrows(() => readRun(folder), InputError).message,
    /its "config.json": it is not valid JSON/,
  );
});
