import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { resolveConfig } from "../../src/model/resolve_config.ts";
import { readMetrics } from "../../src/run/metrics.ts";
import { type CreateRunOptions, defaultRunPath, Run } from "../../src/run/run.ts";
import { RunFolder } from "../../src/run/run_folder.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { DivergenceError } from "../../src/train/divergence.ts";
import { train } from "../../src/train/train.ts";
import { namesIn, testInFolder } from "../folders.ts";
import { readLatest } from "../cli/runs.ts";

const corpus = corpusFromText("she sells sea shells by the sea shore. ".repeat(30));
const config = {
  ...{ layers: 1, hidden: 8, seqLength: 10, batchSize: 2 },
  // A run with a higher limit begins likewise.
  lrSchedule: "constant",
} as const;
const limits = { steps: 40, logEvery: 8, sampleEvery: 0 };

testInFolder("Run gives the weights of train(), and writes all its files", async (folder) => {
  const path = `${folder}/run`;
  using run = await Run.create(corpus, { path, config, limits });
  const logged: number[] = [];
  const { best, latest } = await run.train({ onLog: ({ step }) => void logged.push(step) });
  const whole = await train(corpus, { config, ...limits });
  assertEquals(latest.parameters, whole.latest.parameters);
  assertEquals(best.parameters, whole.best.parameters);
  assertEquals((await readMetrics(path)).map(({ step }) => step), logged);
  assertEquals(
    namesIn(path),
    ".unroll-lock best.safetensors checkpoint.safetensors config.json metrics.jsonl".split(" "),
  );
  assertEquals(best.progress.validationLoss, latest.progress.bestValidationLoss);
});

testInFolder("Run.resume() continues with the same bits, and records changes", async (folder) => {
  const path = `${folder}/run`;
  {
    using run = await Run.create(corpus, { path, config, limits: { ...limits, steps: 13 } });
    await run.train();
  }
  {
    using run = await Run.resume(await RunFolder.open(path), corpus);
    assert(run.isFinished);
  }
  using run = await Run.resume(await RunFolder.open(path), corpus, { limits: { steps: 40 } });
  const { latest } = await run.train();
  const whole = await train(corpus, { config, ...limits });
  assertEquals(latest.parameters, whole.latest.parameters);
  assertEquals((await readMetrics(path)).map(({ step }) => step), [1, 8, 16, 24, 32, 40]);
  const { history } = JSON.parse(Deno.readTextFileSync(`${path}/config.json`));
  assertEquals(history, [{ step: 13, changed: { steps: { from: 13, to: 40 } } }]);
});

testInFolder("Run.resume() rejects another text, and closes the folder", async (folder) => {
  const path = `${folder}/run`;
  {
    using run = await Run.create(corpus, { path, config, limits: { steps: 1 } });
    await run.train();
  }
  const other = corpusFromText("another text. ".repeat(50));
  for (let round = 0; round < 2; round++) {
    const opened = await RunFolder.open(path);
    await assertRejects(() => Run.resume(opened, other), InputError, "its contents differ");
  }
});

testInFolder("Run.create() writes nothing if an option is invalid", async (folder) => {
  for (
    const options of [{ config: { hidden: 0 } }, { limits: { steps: -1 } }, { threads: 0 }]
  ) {
    await assertRejects(() => Run.create(corpus, { path: `${folder}/run`, ...options }));
  }
  assertEquals(namesIn(folder), []);
});

testInFolder(
  "Run.create() fails, renames or replaces if the folder holds a run",
  async (folder) => {
    const path = `${folder}/run`;
    const options = { path, config, limits: { steps: 1 } };
    (await Run.create(corpus, options))[Symbol.dispose]();
    await assertRejects(() => Run.create(corpus, options), InputError, "already holds a run");
    using renamed = await Run.create(corpus, { ...options, ifExists: "rename" });
    assertEquals(renamed.folder.path, `${path}-2`);
    using replaced = await Run.create(corpus, {
      ...options,
      config: { hidden: 9 },
      ifExists: "replace",
    });
    await replaced.train();
    assertEquals((await readLatest(path)).config.hidden, 9);
  },
);

testInFolder("Run.train() records rollbacks", async (folder) => {
  const path = `${folder}/run`;
  const text = corpusFromText(
    "round and round the rugged rocks the ragged rascal ran. ".repeat(30),
  );
  using run = await Run.create(text, {
    path,
    // The loss overflows at step 25.
    config: resolveConfig({
      ...{ hidden: 16, seqLength: 20, batchSize: 2, seed: 3, valFraction: 0.1 },
      ...{ optimizer: "sgd", lr: 1e36 },
    }),
    limits: { steps: 60, logEvery: 10, onDivergence: "rollback" },
  });
  await run.train();
  const { config: final, history } = JSON.parse(Deno.readTextFileSync(`${path}/config.json`));
  assert(history.length > 0 && final.lr < 1e36);
  for (const { changed, diverged } of history) {
    assertEquals(changed.lr.to, changed.lr.from / 2);
    assert(diverged.step > 0 && diverged.reason !== "");
  }
});

testInFolder("Run.train() stops with what is saved if its folder is removed", async (folder) => {
  const path = `${folder}/run`;
  using run = await Run.create(corpus, { path, config, limits: { ...limits, steps: 10 ** 9 } });
  const removed = run.train({
    onLog: ({ step }) => {
      if (step === 16) Deno.removeSync(path, { recursive: true });
    },
  });
  await assertRejects(() => removed, Error, "the run folder was removed or replaced");
});

testInFolder("Run.train() throws a DivergenceError", async (folder) => {
  using run = await Run.create(corpus, {
    path: `${folder}/run`,
    config: { ...config, lr: 1e300 },
    limits,
  });
  await assertRejects(() => run.train(), DivergenceError);
});

Deno.test("defaultRunPath() drops folders and the last extension", () => {
  for (
    const [path, expected] of [
      ["alice.txt", "runs/alice"],
      ["texts/my.alice.txt", "runs/my.alice"],
      ["texts\\alice", "runs/alice"],
      [".hidden", "runs/.hidden"],
      ["texts/", "runs/texts"],
      ["a/notes/**/*.md", "runs/notes"],
      ["*.txt", "runs/-"],
      ["songs [1].txt", "runs/songs [1]"],
      ["dump.txt.gz", "runs/dump"],
      ["dump.zst", "runs/dump"],
      [".txt", "runs/.txt"],
      ["..txt", "runs/text"],
      ["...txt", "runs/text"],
      ["..", "runs/text"],
      ["a/..\n.txt", "runs/..-"],
      ["\x1b[31m\u202e\u2028\nred.txt", "runs/-[31m---red"],
      [`${"ä".repeat(126)}.txt`, `runs/${"ä".repeat(120)}`],
    ] as const
  ) {
    assertEquals(defaultRunPath(path), expected);
  }
});

testInFolder("Run.create() continues from a checkpoint with the same bits", async (folder) => {
  const whole = await train(corpus, { config, ...limits });
  const { latest: half } = await train(corpus, { config, ...limits, steps: 16 });
  const path = `${folder}/run`;
  const resume = { ...half, progress: { ...half.progress, ended: false } };
  {
    using run = await Run.create(corpus, { path, limits, resume });
    // A process that is killed now loses nothing.
    assertEquals((await readLatest(path)).progress.step, 16);
    assertEquals(run.trainer.config, half.config);
    const { latest } = await run.train();
    assertEquals(latest.parameters, whole.latest.parameters);
    assertEquals(latest.optimizerState, whole.latest.optimizerState);
    assertEquals(latest.hiddenState, whole.latest.hiddenState);
  }
  assertEquals((await readMetrics(path)).map(({ step }) => step), [24, 32, 40]);
  using run = await Run.resume(await RunFolder.open(path), corpus, { limits: { steps: 48 } });
  const { latest } = await run.train();
  const longer = await train(corpus, { config, ...limits, steps: 48 });
  assertEquals(latest.parameters, longer.latest.parameters);
});

testInFolder(
  "Run.create() writes no file for a checkpoint that it cannot resume",
  async (folder) => {
    const path = `${folder}/run`;
    const { latest } = await train(corpus, { config, ...limits });
    const create = (options: CreateRunOptions, text = corpus) =>
      assertRejects(
        () => Run.create(text, { path, limits, resume: latest, ...options }),
        InputError,
      );
    assertMatch(
      (await create({})).message,
      /is at step 40 and has reached its limit; raise "steps"/,
    );
    const more = { limits: { steps: 50 } };
    assertMatch(
      (await create(more, corpusFromText("else. ".repeat(99)))).message,
      /contents differ/,
    );
    assertEquals((await create({ ...more, config: { hidden: 9 } })).option, "hidden");
    const bare = { ...latest, optimizerState: null };
    assertMatch((await create({ ...more, resume: bare })).message, /no optimizer state/);
    assertEquals(namesIn(folder), []);
  },
);
