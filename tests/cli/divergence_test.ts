/** Runs that diverge: they stop with one line on standard error, or roll back. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertOneLine, namesIn, run, succeed, testProgram, tiny } from "./program.ts";
import { configOf, contentsOf, metricsOf, readLatest } from "./runs.ts";

const text = "round and round the rugged rocks the ragged rascal ran. ".repeat(30);
/** Gradient descent with a learning rate that overflows after some steps. */
const wild = [
  ...["--cell", "rnn", "--layers", "1", "--init", "normal:0.05", "--hidden", "16"],
  ...["--seq-length", "20", "--lr-schedule", "constant"],
  ...["--batch-size", "2", "--val-fraction", "0.1", "--seed", "3"],
  ...["--optimizer", "sgd", "--lr", "1e36", "--log-every", "10"],
];

testProgram("train stops at a divergence, and the last checkpoint can be resumed", async (f) => {
  await Deno.writeTextFile(`${f}/text.txt`, text);
  const args = ["train", "text.txt", "--out", "my run", ...wild, "--checkpoint-every", "1"];
  const { code, err } = await run(f, args);
  assertEquals(code, 1);
  assertMatch(
    err,
    /^error: Training diverged at step 25: the loss is NaN; .* step 1 .*: deno task train --resume 'my run' --lr 0\.5\n$/,
  );
  const checkpoint = await readLatest(`${f}/my run`);
  assertEquals(checkpoint.progress.step, 1);
  assertEquals(metricsOf(`${f}/my run`).map(({ step }) => step), [1, 10, 20]);
  assert(!namesIn(`${f}/my run`).includes(".unroll-lock"));
  await succeed(f, "train", "--resume", "my run", "--lr", "0.1", "--steps", "40");
  assertEquals((await readLatest(`${f}/my run`)).progress.step, 40);
});

testProgram(
  "--on-divergence rollback prints and records it, and can be repeated and resumed",
  async (f) => {
    await Deno.writeTextFile(`${f}/text.txt`, text);
    const options = [...wild, "--on-divergence", "rollback", "--sample-every", "0"];
    for (const [name, ...more] of [["run"], ["again", "--checkpoint-every", "1"]]) {
      const args = ["train", "text.txt", "--out", name!, ...options, ...more, "--steps", "60"];
      const out = await succeed(f, ...args);
      assertMatch(
        out,
        /\n +20 .*\nDiverged at step 25 \(the loss is NaN\): rolled back to step 1, lr 5e\+35\n/,
      );
    }
    const config = configOf(`${f}/run`);
    assertEquals(config.history[0], {
      step: 1,
      changed: { lr: { from: 1e36, to: 5e35 } },
      diverged: { step: 25, reason: "the loss is NaN" },
    });
    assertEquals(config.config.lr, config.history.at(-1).changed.lr.to);
    assertEquals((await readLatest(`${f}/run`)).config, config.config);
    assertEquals(metricsOf(`${f}/run`).map(({ step }) => step), [1, 10, 20, 30, 40, 50, 60]);
    assertEquals(configOf(`${f}/again`).history, config.history);
    assertEquals(await contentsOf(`${f}/again`), await contentsOf(`${f}/run`));
    // A resumed run keeps the option.
    await succeed(f, "train", "--resume", "run", "--steps", "80", "--lr", "1e36");
    assertEquals(configOf(`${f}/run`).limits.onDivergence, "rollback");
    assertEquals((await readLatest(`${f}/run`)).progress.step, 80);
  },
);

testProgram("train stops after ten rollbacks that did not help", async (f) => {
  await Deno.writeTextFile(`${f}/text.txt`, text);
  const hopeless = ["--on-divergence", "rollback", "--lr", "1e300"];
  const { code, err } = await run(f, ["train", "text.txt", "--out", "run", ...wild, ...hopeless]);
  assertEquals(code, 1);
  assertMatch(
    err,
    /^error: Training diverged at step 1: .*; 10 rollbacks .* did not help; .*of step 0 [^\n]*\n$/,
  );
  assertEquals(configOf(`${f}/run`).history.length, 10);
});

testProgram("train that diverges at its last step fails, and writes no checkpoint", async (f) => {
  await Deno.writeTextFile(`${f}/text.txt`, text);
  for (const options of [["--val-fraction=0"], ["--val-fraction=0.1"], ["--sample-every=1"]]) {
    const out = `run${options[0]}`;
    const args = ["text.txt", ...tiny, "--steps", "1", "--lr", "1e300", "--out", out, ...options];
    const { code, err } = await run(f, ["train", ...args]);
    assertOneLine({ code, out: "", err }, 1, /^Training diverged at step 1: a weight is /);
    assert(!namesIn(`${f}/${out}`).some((name) => name.endsWith(".safetensors")));
  }
});
