/** A run folder that is taken up again: what it must hold, and what stays of it. */
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import type { Checkpoint } from "../../src/checkpoint/checkpoint.ts";
import { readCheckpoint } from "../../src/checkpoint/file.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { InUseError } from "../../src/run/lock.ts";
import { RunFolder } from "../../src/run/run_folder.ts";
import { parseRunConfig, type RunConfig, withChange } from "../../src/run/run_config.ts";
import type { Trainer } from "../../src/train/trainer.ts";
import { createTrainer } from "../trainers.ts";
import { namesIn, testFiles } from "./folders.ts";

const corpus = corpusFromText("abcab".repeat(30));
const config = { hidden: 3, seqLength: 5, batchSize: 1 };

function recordOf(trainer: Trainer): RunConfig {
  const { config, corpus } = trainer;
  const { path, bytes, sha256 } = corpus;
  const text = { path, chars: corpus.length, bytes, sha256 };
  return { config, limits: { steps: 7, logEvery: 2 }, text, history: [] };
}

/** A checkpoint of this step, as a run's. */
function at(step: number, progress: Partial<Checkpoint["progress"]> = {}): Checkpoint {
  const trainer = createTrainer(corpus, config);
  while (trainer.steps < step) trainer.step();
  const checkpoint = trainer.checkpoint();
  return { ...checkpoint, progress: { ...checkpoint.progress, ...progress } };
}

const report = (step: number) => ({
  step,
  epoch: 0.5,
  chars: 10,
  loss: 2,
  batchLoss: 3,
  validationLoss: null,
  charsPerSecond: 5,
  elapsedSeconds: 1,
});

function stepsIn(path: string): number[] {
  return Deno.readTextFileSync(`${path}/metrics.jsonl`).split("\n").slice(0, -1)
    .map((line) => JSON.parse(line).step);
}

testFiles("a run is opened with its record and its latest checkpoint, and unchanged", async (f) => {
  const path = `${f}/run`;
  const record = recordOf(createTrainer(corpus, config));
  {
    using run = RunFolder.create(path, record);
    for (const step of [1, 2, 4, 6]) run.appendMetrics(report(step));
    await run.save(at(5, { loggedStep: 4 }), "latest");
    assertThrows(() => RunFolder.replace(path, record), InUseError);
    await assertRejects(() => RunFolder.open(path), InUseError);
  }
  const names = namesIn(path);
  const { folder, record: found, checkpoint } = await RunFolder.open(path);
  assertEquals(found, record);
  assertEquals(checkpoint, at(5, { loggedStep: 4 }));
  assertEquals(stepsIn(path), [1, 2, 4, 6]);
  await folder.truncateTo(checkpoint!.progress);
  assertEquals(stepsIn(path), [1, 2, 4]);
  folder.close();
  assertEquals(namesIn(path), names);
});

testFiles(
  "what a killed process left is tidied up by the next one, and nothing else",
  async (f) => {
    const path = `${f}/run`;
    RunFolder.create(path, recordOf(createTrainer(corpus, config))).close();
    const mine = ["notes.tmp", "checkpoint.safetensors.old", "my.safetensors.12345678.tmp"];
    const left = [
      "checkpoint.safetensors.0a1b2c3d.tmp",
      "best.safetensors.ffffffff.tmp",
      "best-before-end.safetensors.tmp",
      "config.json.tmp",
      "metrics.jsonl.tmp",
      "lock",
    ];
    for (const name of [...mine, ...left]) Deno.writeTextFileSync(`${path}/${name}`, "x");
    const { folder, checkpoint } = await RunFolder.open(path);
    assertEquals(checkpoint, null);
    folder.close();
    assertEquals(namesIn(path), [...mine, "config.json"].toSorted());
  },
);

testFiles("a report that is missing where the run stands is to be made again", async (f) => {
  const path = `${f}/run`;
  {
    using run = RunFolder.create(path, recordOf(createTrainer(corpus, config)));
    run.appendMetrics(report(2));
    await run.save(at(4, { loggedStep: 4 }), "latest");
  }
  const { folder, checkpoint } = await RunFolder.open(path);
  assertEquals(checkpoint!.progress.loggedStep, 2);
  folder.close();
});

testFiles("the best of a run's end makes room for the one before it", async (f) => {
  const path = `${f}/run`;
  const record = recordOf(createTrainer(corpus, config));
  using run = RunFolder.create(path, record);
  const stepOf = async (name: string) => (await readCheckpoint(`${path}/${name}`)).progress.step;
  // Measured only by the end, and nothing before it.
  await run.save(at(3, { validatedStep: null }), "best");
  await run.truncateTo(at(3, { loggedStep: 2 }).progress);
  assertEquals(namesIn(path), ["best-at-3.safetensors", "config.json", "lock"]);
  // Measured at its time, then by the end.
  await run.save(at(4, { validatedStep: 4 }), "best");
  await run.truncateTo(at(5, { loggedStep: 4 }).progress);
  assertEquals(await stepOf("best.safetensors"), 4);
  await run.save(at(6, { validatedStep: 4 }), "best");
  assertEquals(await stepOf("best.safetensors"), 6);
  assertEquals(await stepOf("best-before-end.safetensors"), 4);
  await run.truncateTo(at(6, { loggedStep: 4 }).progress);
  assertEquals(await stepOf("best.safetensors"), 4);
  assertEquals(await stepOf("best-at-6.safetensors"), 6);
  assert(!namesIn(path).includes("best-before-end.safetensors"));
});

testFiles("what is no run is refused, and nothing is made", async (f) => {
  Deno.mkdirSync(`${f}/empty`);
  Deno.writeTextFileSync(`${f}/file`, "");
  for (
    const [name, wrong] of [
      ["none", "it is no folder; it must be the folder of a run, and be writable"],
      ["file", "it is no folder; it must be the folder of a run, and be writable"],
      ["empty", "it has no config.json; it must be the folder of a run"],
    ]
  ) {
    const { message } = await assertRejects(() => RunFolder.open(`${f}/${name}`), InputError);
    assertEquals(message, `Cannot resume ${JSON.stringify(`${f}/${name}`)}: ${wrong}`);
  }
  assertEquals(namesIn(f), ["empty", "file"]);
  assertEquals(namesIn(`${f}/empty`), []);
});

testFiles("a damaged file is named, and the folder is free afterwards", async (f) => {
  const path = `${f}/run`;
  const record = recordOf(createTrainer(corpus, config));
  RunFolder.create(path, record).close();
  const good = Deno.readTextFileSync(`${path}/config.json`);
  for (
    const [text, wrong] of [
      ["", /: it is not valid JSON$/],
      ["3", /: it must be an object, not 3$/],
      [good.replace('"hidden": 3', '"hidden": 0'), /"config.hidden" must be a whole number/],
      [good.replace('"steps": 7', '"steps": "7"'), /"limits.steps" must be a number, not "7"$/],
      [good.replace('"sha256"', '"sha"'), /"text.sha(256)?" is /],
    ] as const
  ) {
    Deno.writeTextFileSync(`${path}/config.json`, text);
    const { message } = await assertRejects(() => RunFolder.open(path), InputError);
    assertMatch(message, /^Cannot resume the run of ".*config\.json"/);
    assertMatch(message, wrong);
  }
  Deno.writeTextFileSync(`${path}/config.json`, good);
  Deno.writeTextFileSync(`${path}/checkpoint.safetensors`, "half a checkpoint");
  const { message } = await assertRejects(() => RunFolder.open(path), InputError);
  assertMatch(message, /^Cannot read the checkpoint ".*checkpoint\.safetensors": /);
  Deno.removeSync(`${path}/checkpoint.safetensors`);
  (await RunFolder.open(path)).folder.close();
});

Deno.test("a record tells what was changed, and reads back as it was written", () => {
  const record = recordOf(createTrainer(corpus, config));
  assertEquals(withChange(record, 3, record), record);
  const limits = { minutes: 2, logEvery: 2 };
  const once = withChange(record, 3, {
    config: { ...record.config, lr: 0.5 },
    limits,
    text: { ...record.text, path: "moved.txt" },
  });
  assertEquals(once.history, [{
    step: 3,
    changed: {
      lr: { from: 0.05, to: 0.5 },
      steps: { from: 7, to: null },
      minutes: { from: null, to: 2 },
      text: { from: "text", to: "moved.txt" },
    },
  }]);
  assertEquals([once.config.lr, once.limits, once.text.path], [0.5, limits, "moved.txt"]);
  const diverged = { step: 9, reason: "the loss is NaN" };
  const lower = { ...once, config: { ...once.config, lr: 0.25 } };
  const twice = withChange(once, 8, lower, diverged);
  assertEquals(twice.history.slice(1), [
    { step: 8, changed: { lr: { from: 0.5, to: 0.25 } }, diverged },
  ]);
  assertEquals(parseRunConfig(JSON.stringify(twice), "config.json"), twice);
  const { history: _, ...first } = record;
  assertEquals(parseRunConfig(JSON.stringify(first), "config.json"), record);
});
