/** `train --resume`: a run that is stopped and resumed is the run that was never stopped. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  assertOneLine,
  assertRejected,
  finish,
  namesIn,
  rain,
  run,
  runInside,
  start,
  steady,
  succeed,
  testProgram,
  tiny,
  trained as train,
  untilPrinted,
} from "./program.ts";
import { bytesOf, configOf, contentsOf, metricsOf, readLatest } from "./runs.ts";

const every10 = ["--log-every", "10"];

/** Trains a tiny model into `name`, with a log line every ten steps. */
async function trained(folder: string, name: string, ...options: string[]): Promise<string> {
  return await train(folder, name, ...every10, ...options);
}

/** Everything in a folder, byte by byte. */
function filesOf(path: string): Record<string, Uint8Array> {
  return Object.fromEntries(
    namesIn(path).map((name) => [name, Deno.readFileSync(`${path}/${name}`)]),
  );
}

testProgram(
  "train --resume ends with the same bits, by each optimizer and precision",
  async (f) => {
    await Deno.writeTextFile(`${f}/rain.txt`, rain);
    const inside = async (...args: string[]) => {
      const { code, out, err } = await runInside(["train", ...args]);
      assertEquals([code, err], [0, ""]);
      return out;
    };
    for (const optimizer of ["adagrad", "sgd", "rmsprop", "adam", "adamw"]) {
      for (const precision of ["f32", "f32-strict", "f64"]) {
        const run = `${f}/${optimizer}-${precision}`;
        const cell = optimizer === "adam" ? "lstm" : "rnn";
        const options = ["--optimizer", optimizer, "--precision", precision, "--cell", cell];
        const begin = [`${f}/rain.txt`, ...tiny, ...steady, ...every10, ...options];
        await inside(...begin, "--out", `${run}-whole`, "--steps", "143");
        await inside(...begin, "--out", run, "--steps", "77");
        const out = await inside("--resume", run, "--steps", "143", "--threads", "2");
        assertMatch(out, /\nResumed: +at step 77, training loss \d\.\d{4} nats\/char\n/);
        assertMatch(out, /(Done|Ended) after 143 steps; saved in /);
        assertEquals(await contentsOf(run), await contentsOf(`${run}-whole`));
      }
    }
  },
);

testProgram("train --resume ends with the same bits after runs that signals stopped", async (f) => {
  const options = ["--steps", "30000", "--log-every", "1000", "--sample-every", "2000"];
  await trained(f, "whole", ...options);
  await Deno.writeTextFile(`${f}/rain.txt`, rain);
  let args = ["train", "rain.txt", "--out", "run", ...tiny, ...every10, ...options];
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
    const child = start(f, args);
    const { reader } = await untilPrinted(child, /\n +[1-9]\d?,000 /);
    child.kill(signal);
    const { out, err, code: exit } = await finish(child, reader);
    assertEquals([exit, err], [code, ""]);
    assertMatch(out, /(^|\n)Interrupted after [\d,]+ steps; saved in run\n[^]*--resume run\n/);
    assert((await readLatest(`${f}/run`)).progress.step < 30000, "it was still under way");
    args = ["train", "--resume", "run"];
  }
  await succeed(f, ...args);
  assertEquals(await contentsOf(`${f}/run`), await contentsOf(`${f}/whole`));
  assertEquals(configOf(`${f}/run`), configOf(`${f}/whole`));
  assertEquals(namesIn(`${f}/run`), namesIn(`${f}/whole`));
});

testProgram("train computes the same weights with any intervals", async (f) => {
  await trained(f, "quiet", "--steps", "120", "--log-every", "120", "--sample-every", "0");
  const { parameters, optimizerState } = await readLatest(`${f}/quiet`);
  for (const [name, every] of [["busy", "1"], ["odd", "7"]] as const) {
    const options = ["log", "sample", "checkpoint"].flatMap((what) => [`--${what}-every`, every]);
    await trained(f, name, "--steps", "120", ...options);
    const checkpoint = await readLatest(`${f}/${name}`);
    assertEquals(checkpoint.parameters, parameters);
    assertEquals(checkpoint.optimizerState, optimizerState);
  }
});

testProgram("train --resume records what is changed, and keeps the rest", async (f) => {
  await trained(f, "run", "--steps", "20", "--lr", "0.1");
  const before = configOf(`${f}/run`);
  assertEquals(before.history, []);
  await Deno.rename(`${f}/rain.txt`, `${f}/moved.txt`);
  const changes = ["--lr", "0.02", "--grad-clip", "1", "--epochs", "1", "--checkpoint-every", "9"];
  await succeed(f, "train", "moved.txt", "--resume", "run", ...changes, "--hidden", "6");
  const checkpoint = await readLatest(`${f}/run`);
  assertEquals(checkpoint.config, { ...before.config, lr: 0.02, gradClip: 1 });
  // One pass: 34 steps of 8 characters in streams of 279.
  assertEquals(checkpoint.progress.step, 34);
  assertEquals(configOf(`${f}/run`), {
    config: checkpoint.config,
    limits: { epochs: 1, logEvery: 10, checkpointEvery: 9 },
    corpus: { ...before.corpus, path: "moved.txt", reading: { paths: ["moved.txt"] } },
    history: [{
      step: 20,
      changed: {
        lr: { from: 0.1, to: 0.02 },
        gradClip: { from: 5, to: 1 },
        steps: { from: 20, to: null },
        epochs: { from: null, to: 1 },
        checkpointEvery: { from: null, to: 9 },
        corpus: { from: "rain.txt", to: "moved.txt" },
      },
    }],
  });
  assertEquals(metricsOf(`${f}/run`).map(({ step }) => step), [1, 10, 20, 30, 34]);
  // Without the text, the one that was named last.
  await succeed(f, "train", "--resume", "run", "--epochs", "2");
  assertEquals((await readLatest(`${f}/run`)).progress.step, 68);
});

testProgram("train --resume leaves a run at its limit as it is", async (f) => {
  await trained(f, "run", "--steps", "20");
  const before = filesOf(`${f}/run`);
  for (const options of [[], ["--steps", "20"], ["--steps", "3"], ["--lr", "1"]]) {
    const out = await succeed(f, "train", "--resume", "run", ...options);
    assertMatch(
      out,
      /^Nothing to do: the run is at step 20 and has reached its limit of \d+ steps(?: \([\d.]+ epochs?\))?; raise [^\n]*\n$/,
    );
    assertEquals(filesOf(`${f}/run`), before);
  }
});

testProgram(
  "train --resume starts a run again that was killed before its first checkpoint",
  async (f) => {
    await trained(f, "whole", "--steps", "50", "--seed", "9");
    await Deno.mkdir(`${f}/run`);
    await Deno.copyFile(`${f}/whole/config.json`, `${f}/run/config.json`);
    await Deno.writeTextFile(`${f}/run/metrics.jsonl`, '{"step":1}\n{"step":10}\n{"st');
    await succeed(f, "train", "--resume", "run");
    assertEquals(await contentsOf(`${f}/run`), await contentsOf(`${f}/whole`));
  },
);

testProgram("train --resume rejects what does not fit the run, and changes nothing", async (f) => {
  await trained(f, "run", "--steps", "20");
  await Deno.writeTextFile(`${f}/other.txt`, rain.replace("rain", "snow"));
  await Deno.mkdir(`${f}/empty`);
  const before = filesOf(`${f}/run`);
  const resume = ["train", "rain.txt", "--resume", "run"];
  for (
    const [args, line] of [
      [[...resume, "--hidden", "7", "--steps", "30"], /--hidden 7/],
      [[...resume, "--seq-length", "7"], /--seq-length 7/],
      [[...resume, "--batch-size", "7"], /--batch-size 7/],
      [[...resume, "--optimizer", "sgd"], /--optimizer sgd/],
      [[...resume, "--precision", "f64"], /--precision f64/],
      [[...resume, "--seed", "7"], /--seed 7/],
      [[...resume, "--val-fraction", "0"], /--val-fraction 0/],
      [[...resume, "--preset", "min-char-rnn"], /--cell rnn/],
      [[...resume, "--lr", "0"], /--lr must be a finite number above 0, not 0$/],
      [[...resume, "--checkpoint-every", "0"], /--checkpoint-every must be a whole number, 1 or /],
      [[...resume, "--on-divergence", "x"], /--on-divergence must be stop or rollback, not "x"$/],
      [[...resume, "--out", "other"], /^Cannot use both --resume and --out: /],
      [[...resume, "--force"], /^Cannot use both --resume and --force: /],
      [[...resume, "x"], /^Cannot read the text "x": there is no such file; /],
      [["train", "other.txt", "--resume", "run"], /"other.txt".*SHA-256 /],
      [["train", "--resume", "none"], /^Cannot resume "\S*none": there is no such folder/],
      [["train", "--resume", "empty"], /^Cannot resume "empty": it has no config.json/],
      [["train", "--resume"], /^Cannot use --resume without a value: write --resume RUN$/],
    ] as const
  ) {
    await assertRejected(f, args, line);
    assertEquals(filesOf(`${f}/run`), before);
  }
  await Deno.writeTextFile(`${f}/rain.txt`, "!" + rain);
  await assertRejected(f, resume, /"rain.txt".*SHA-256 /);
  await Deno.remove(`${f}/rain.txt`);
  const outcome = await run(f, ["train", "--resume", "run"]);
  assertOneLine(
    outcome,
    2,
    /^Cannot read the text "rain.txt": .* train <text> --resume run; the current folder is /,
  );
  assertEquals(filesOf(`${f}/run`), before);
});

testProgram("train --resume continues from a checkpoint file in a new run folder", async (f) => {
  await Deno.writeTextFile(`${f}/rain.txt`, rain);
  await trained(f, "whole", ...steady, "--steps", "143");
  await trained(f, "half", ...steady, "--steps", "77");
  await Deno.copyFile(`${f}/half/checkpoint.safetensors`, `${f}/page.safetensors`);
  const args = ["train", "rain.txt", "--resume", "page.safetensors", ...every10, "--steps"];
  const out = await succeed(f, ...args, "143", "--out", "more");
  assertMatch(out, /\nResumed: +at step 77, /);
  assertEquals(
    await bytesOf(`${f}/more/checkpoint.safetensors`),
    await bytesOf(`${f}/whole/checkpoint.safetensors`),
  );
  await succeed(f, ...args, "80");
  assert(namesIn(`${f}/runs/rain`).includes("checkpoint.safetensors"));
  await assertRejected(f, [...args, "143", "--out", "more"], /already holds a run/);
  await succeed(f, ...args, "79", "--out", "more", "--force");
  assertEquals((await readLatest(`${f}/more`)).progress.step, 79);

  await assertRejected(f, [...args, "77"], /has reached its limit; raise --steps/);
  await assertRejected(
    f,
    ["train", "--resume", "page.safetensors"],
    /write deno task train <text> --resume page\.safetensors/,
  );
  await Deno.writeTextFile(`${f}/broken.safetensors`, "broken");
  await assertRejected(f, ["train", "rain.txt", "--resume", "broken.safetensors"], /broken/);
});
