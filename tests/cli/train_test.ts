/** `train`: its run folder, header, log, summary, limits and options. */
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { readCheckpoint } from "../../src/files/checkpoint_file.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { autoConfig } from "../../src/train/auto_config.ts";
import {
  assertOneLine,
  finish,
  namesIn,
  rain,
  run,
  runInside,
  start,
  succeed,
  testProgram,
  tiny,
  trained,
  untilPrinted,
} from "./program.ts";
import { configOf, metricsOf, readLatest } from "./runs.ts";

const witch = "Which of us two is the witch, and which was the witness? ".repeat(60);

testProgram(
  "train without options picks a configuration by the text, and prints why",
  async (f) => {
    await Deno.writeTextFile(`${f}/witch.txt`, witch);
    const out = await succeed(f, "train", "witch.txt", "--steps", "3");
    const { config, reasons } = autoConfig(corpusFromText(witch), {}, { steps: 3 });
    assertEquals((await readLatest(`${f}/runs/witch`)).config, config);
    for (const { choice, reason } of reasons) assert(out.includes(`\n  ${choice}: ${reason}\n`));
    const preset = await succeed(f, "train", "witch.txt", "--preset", "char-rnn", "--steps", "0");
    assert(!preset.includes("Automatic configuration"));
    assertMatch(preset, / for validation at the end of each stream\n/);
    assertMatch(preset, /\nPreset: +char-rnn\n/);
  },
);

testProgram("train prints the losses of each part at the end, next to baselines", async (f) => {
  await Deno.writeTextFile(`${f}/witch.txt`, witch);
  const args = ["witch.txt", "--out", "run", "--hidden", "8", "--steps", "60"];
  const out = await succeed(f, "train", ...args, "--val-fraction", "0.1", "--test-fraction", "0.1");
  const loss = String.raw`\d\.\d{4} \(\d\.\d{3}\)`;
  assertMatch(out, /\nnats \(bits\) per character +training +validation +test\n/);
  assertMatch(out, /\n +characters predicted +2,\d{3} +341 +341\n/);
  for (const row of ["model of step 60", "bigram", "unigram", "uniform", "gzip"]) {
    assertMatch(out, new RegExp(`\n  ${row}(  +${loss}){3}\n`));
  }
  const { progress } = await readCheckpoint(`${f}/run/best.safetensors`);
  const best = progress.bestValidationLoss!.toFixed(4);
  assertMatch(out, new RegExp(`\n  model of step 60  +${loss}  +${best} `));
});

testProgram("train stops early after --patience validations, and more of it resumes", async (f) => {
  await Deno.writeTextFile(`${f}/witch.txt`, witch);
  const wild = ["--cell", "rnn", "--hidden", "8", "--optimizer", "sgd", "--lr", "9"];
  const args = ["witch.txt", "--out", "run", ...wild, "--log-every", "1", "--patience", "2"];
  const out = await succeed(f, "train", ...args, "--steps", "5000");
  assertMatch(
    out,
    /\nStopped early: no improvement in 2 validations; to train on: deno task train --resume run --patience \d+\n/,
  );
  const { progress } = await readLatest(`${f}/run`);
  assertEquals([progress.validationsSinceBest, progress.ended], [2, true]);
  assert(progress.step < 5000);
  assertMatch(out, /\n(Overfitted|The model|To sample).*\nTo inspect: .*\nTo plot: .*\n$/);
  const again = await succeed(f, "train", "--resume", "run");
  assertMatch(
    again,
    /^Nothing to do: .* limit of 2 validations without improvement; raise --patience to continue\n$/,
  );
  await succeed(f, "train", "--resume", "run", "--patience", "3");
  assert((await readLatest(`${f}/run`)).progress.step > progress.step);
});

testProgram(
  "train creates a run folder named after the text, and never over another",
  async (f) => {
    await Deno.writeTextFile(`${f}/my.rain.txt`, rain);
    for (const name of ["my.rain", "my.rain-2"]) {
      const out = await succeed(f, "train", "./my.rain.txt", ...tiny, "--steps", "3");
      assertMatch(out, new RegExp(`Ended after 3 steps; saved in runs/${name}\n`));
      assertEquals(namesIn(`${f}/runs/${name}`), [
        "best.safetensors",
        "checkpoint.safetensors",
        "config.json",
        "metrics.jsonl",
      ]);
    }
    const outcome = await run(f, ["train", "my.rain.txt", "--out", "runs/my.rain"]);
    assertOneLine(outcome, 2, /"runs\/my.rain".* already holds a run; .*--resume/);
  },
);

testProgram("train logs and samples at the intervals that were given", async (f) => {
  const out = await trained(f, "run", "--steps", "7", "--log-every", "3", "--sample-every", "4");
  const lines = Deno.readTextFileSync(`${f}/run/metrics.jsonl`).trimEnd().split("\n");
  const metrics = lines.map((line) => JSON.parse(line));
  const keys = "step epoch chars loss batch_loss val_loss lr chars_per_s threads elapsed_s".split(
    " ",
  );
  for (const line of metrics) assertEquals(Object.keys(line), keys);
  assertEquals(metrics.map(({ step }) => step), [1, 3, 6, 7]);
  assert(typeof metrics.at(-1).val_loss === "number");
  assertEquals(out.match(/Sample at step \d+/g), ["Sample at step 4"]);
  assertMatch(out, /Text: +rain.txt, 588 characters, 19 distinct\n/);
  assertMatch(out, /Split: +559 characters for training, 29 for validation\n/);
  // deno-lint-ignore no-control-regex
  assert(!/[\x00-\x09\x0b-\x1f]/.test(out), "only plain lines when piped");
});

testProgram("train --threads trains the same model with any number", async (f) => {
  const checkpoints = [];
  for (const threads of [1, 2, 3]) {
    const more = ["--batch-size", "8", "--steps", "20", "--threads", String(threads)];
    assertMatch(await trained(f, `run${threads}`, ...more), new RegExp(`Threads: +${threads}\n`));
    checkpoints.push(await readLatest(`${f}/run${threads}`));
  }
  for (const { parameters, optimizerState, hiddenState } of checkpoints) {
    assertEquals(parameters, checkpoints[0]!.parameters);
    assertEquals(optimizerState, checkpoints[0]!.optimizerState);
    assertEquals(hiddenState, checkpoints[0]!.hiddenState);
  }
});

testProgram(
  "train passes every option of the configuration on, and each has an effect",
  async (f) => {
    await Deno.writeTextFile(`${f}/rain.txt`, rain);
    const train = async (name: string, ...options: string[]) => {
      const args = ["train", `${f}/rain.txt`, "--out", `${f}/${name}`, ...tiny, ...options];
      assertEquals((await runInside(args)).err, "");
    };
    const vanilla = ["--cell", "rnn", "--optimizer", "adagrad"];
    const base = ["--steps", "4", "--sample-every", "0", ...vanilla];
    await train("base", ...base);
    const { config: defaults, parameters } = await readLatest(`${f}/base`);
    for (
      const [option, value] of [
        ["hidden", 5],
        ["seq-length", 7],
        ["batch-size", 3],
        ["lr", 0.01],
        ["optimizer", "sgd"],
        ["grad-clip", 0.001],
        ["init", "normal:0.5"],
        ["cell", "gru"],
        ["layers", 3],
        ["weight-decay", 0.1],
        ["warmup", 3],
        ["cooldown", 0.7],
        ["lr-schedule", "cosine"],
        ["lr-schedule", "linear"],
        ["weight-average", 0.5],
        ["precision", "f64"],
        ["precision", "f32-strict"],
        ["seed", 2],
        ["val-fraction", 0.2],
        ["test-fraction", 0.2],
        ["holdout", "streams"],
        ["reset-every", 2],
      ] as const
    ) {
      const name = `${option}-${value}`.replace(":", "-");
      const key = option.replace(/-(.)/, (_, letter: string) => letter.toUpperCase());
      await train(name, ...base, `--${option}`, String(value));
      const checkpoint = await readLatest(`${f}/${name}`);
      const own = option === "optimizer" ? { lr: 0.1 } : {};
      assertEquals(checkpoint.config, { ...defaults, ...own, [key]: value });
      assertEquals(configOf(`${f}/${name}`).config, checkpoint.config);
      if (value !== "f32-strict") assertNotEquals(checkpoint.parameters, parameters, name);
    }
    const dropout = ["--layers", "2", "--dropout", "0.5"];
    const decay = ["--lr-schedule", "step", "--lr-decay", "0.5", "--lr-decay-after", "0.1"];
    const weights = new Set<string>();
    for (
      const [name, ...options] of [
        ["momentum", "--optimizer", "sgd", "--momentum", "0.9"],
        ["less-momentum", "--optimizer", "sgd", "--momentum", "0.8"],
        ["beta1", "--optimizer", "adam", "--beta1", "0.5"],
        ["beta2", "--optimizer", "adam", "--beta2", "0.5"],
        ["inverse-sqrt", "--lr-schedule", "inverse-sqrt", "--warmup", "2"],
        ["dropout", ...dropout, "--dropout-until", "1"],
        ["dropout-from", ...dropout, "--dropout-from", "0.3"],
        ["dropout-until", ...dropout, "--dropout-until", "0.8"],
        ["by-value", "--grad-clip", "0.01"],
        ["by-norm", "--grad-clip", "0.01", "--grad-clip-mode", "norm"],
        ["decay", ...decay],
        ["decay-every", ...decay, "--lr-decay-every", "0.05"],
      ] as const
    ) {
      await train(name, ...base, ...options, "--steps", "60");
      const { parameters } = await readLatest(`${f}/${name}`);
      weights.add(JSON.stringify(parameters.Why));
    }
    assertEquals(weights.size, 12);
    await train("no-val", ...base, "--val-fraction", "0");
    assertEquals(metricsOf(`${f}/no-val`).at(-1)!.val_loss, null);
    assert(!namesIn(`${f}/no-val`).includes("best.safetensors"));
  },
);

testProgram("train --preset uses its hyperparameters, which other options override", async (f) => {
  await Deno.writeTextFile(`${f}/rain.txt`, rain);
  const args = ["train", "rain.txt", "--steps", "2", "--preset", "min-char-rnn"];
  await succeed(f, ...args, "--out", "preset");
  await succeed(f, ...args, "--out", "wider", "--hidden", "20");
  const { config } = await readLatest(`${f}/preset`);
  const { hidden, seqLength, batchSize, lr, init, gradClip, optimizer } = config;
  assertEquals(
    { hidden, seqLength, batchSize, lr, init, gradClip, optimizer },
    {
      hidden: 100,
      seqLength: 25,
      batchSize: 1,
      lr: 0.1,
      init: "normal:0.01",
      gradClip: 5,
      optimizer: "adagrad",
    },
  );
  assertEquals((await readLatest(`${f}/wider`)).config, { ...config, hidden: 20 });
});

testProgram("train ends at the limit that is reached first, or at a default", async (f) => {
  const stepsOf = async (name: string) => (await readCheckpoint(`${f}/${name}`)).progress.step;
  await trained(f, "steps", "--steps", "5", "--epochs", "100", "--minutes", "5");
  assertEquals(await stepsOf("steps"), 5);
  await trained(f, "none", "--steps", "0");
  assertEquals(await stepsOf("none"), 0);
  // 559 characters in two streams of 279: 34 steps of 8 fit before the end.
  await trained(f, "epochs", "--steps", "500", "--epochs", "0.5");
  assertEquals(await stepsOf("epochs"), 17);
  await trained(f, "minutes", "--minutes", "0.005");
  // Without the limit of time it would be 37,500.
  const inTime = await stepsOf("minutes");
  assert(inTime > 0 && inTime < 37_500, `${inTime}`);
  const child = start(f, ["train", "rain.txt", "--out", "default", ...tiny]);
  const { printed, reader } = await untilPrinted(child, /Run folder: /);
  assertMatch(printed, /Limits: +37,500 steps .* or clear overfitting \(default\)\n/);
  child.kill("SIGKILL");
  await finish(child, reader);
});

testProgram("train keeps the last value of an option, and operands after --", async (f) => {
  await Deno.writeTextFile(`${f}/-dash.txt`, "--a -b --c ".repeat(40));
  const args = ["--out", "run", ...tiny, "--steps=9", "--steps", "4", "--", "-dash.txt"];
  await succeed(f, "train", ...args);
  assertEquals((await readLatest(`${f}/run`)).progress.step, 4);
  const prompt = (...words: string[]) =>
    succeed(f, "sample", "run", "--greedy", "--length", "0", ...words);
  assertEquals(await prompt("--prompt=--c"), "--c");
  assertEquals(await prompt("--prompt", "--c -b"), "--c -b");
});

testProgram("train measures what eval measures on the same characters", async (f) => {
  const lines = "the quick brown fox jump\n".repeat(8);
  await Deno.writeTextFile(`${f}/lines.txt`, lines);
  const out = await succeed(f, "train", "lines.txt", "--out", "run", "--steps", "200");
  const [, training, validation] = /characters predicted +(\d+) +(\d+)\n/.exec(out)!.map(Number);
  assertEquals(training! + validation! + 2, lines.length);
  const [, step, ...losses] = /model of step (\d+) +(\d\.\d{4}) [^ ]+ +(\d\.\d{4}) /.exec(out)!;
  for (
    const [i, part] of [lines.slice(0, training! + 1), lines.slice(training! + 1)].entries()
  ) {
    await Deno.writeTextFile(`${f}/part.txt`, part);
    const table = await succeed(f, "eval", "run", "part.txt");
    assertEquals(new RegExp(`\nmodel of step ${step} +(\\S+)`).exec(table)![1], losses[i]);
  }
});

testProgram(
  "train warns of odd texts, and of why nothing is held out, in its header",
  async (f) => {
    await Deno.writeTextFile(`${f}/odd.txt`, "\ufeffone\r\ntwo\n".repeat(40));
    const head = ["train", "odd.txt", "--steps", "0", "--out"];
    const out = await succeed(f, ...head, "run");
    assertMatch(out, /\nWarning: +the text: U\+FEFF occurs 40 times, first in line 1: /);
    assertMatch(
      out,
      /\nWarning: +the text: line ends are mixed: 80 line feeds, 40 carriage returns\n/,
    );
    const large = await succeed(f, ...head, "large", "--val-fraction", "0.999");
    assertMatch(large, / none for validation as too little would be left for training\n/);
    const small = await succeed(f, ...head, "small", "--val-fraction", "0.003");
    assertMatch(small, / none for validation as the text is too short\n/);
  },
);

testProgram(
  "train prints few rows and samples of a fast run, and its duration, to a pipe",
  async (f) => {
    await Deno.writeTextFile(`${f}/text.txt`, "It was a dark and stormy night. ".repeat(40));
    const options = ["--hidden", "8", "--seq-length", "8", "--batch-size", "2"];
    const rowsOf = (out: string) => out.match(/^ +[\d,]+ +\d+\.\d\d +\d/gm)?.length;
    const fast = await succeed(
      f,
      "train",
      "text.txt",
      "--out",
      "fast",
      ...options,
      "--steps",
      "400",
    );
    assert(rowsOf(fast)! <= 6, fast);
    assertEquals(fast.match(/Sample at step 400/g)?.length, 1);
    assert(metricsOf(`${f}/fast`).length > 40);
    const all = await succeed(
      f,
      ...["train", "text.txt", "--out", "all", ...options, "--steps", "400", "--log-every", "10"],
    );
    assertEquals(rowsOf(all), 41);
    const timed = await succeed(
      f,
      ...["train", "text.txt", "--out", "timed", ...options, "--minutes", "0.03"],
    );
    assertMatch(timed, /\nAbout 1 second left, until \d\d:\d\d:\d\d; less if it stops early\n/);
  },
);
