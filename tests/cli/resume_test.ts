/** A run that is stopped and resumed from the command line is the run that was never stopped. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readCheckpoint } from "../../src/checkpoint/file.ts";
import { namesIn, rest, run, start, succeed, testProgram, untilSaid } from "./program.ts";
import { configOf, contentsOf, metricsOf } from "./runs.ts";

const text = "The rain in Spain\r\nstays mainly 🌧 in the plain.\r\n".repeat(12);
const tiny = ["--hidden", "6", "--seq-length", "8", "--batch-size", "2", "--log-every", "10"];

/** Trains a tiny model of the text into `name`. */
async function trained(folder: string, name: string, ...options: string[]): Promise<string> {
  await Deno.writeTextFile(`${folder}/rain.txt`, text);
  return await succeed(folder, "train", "rain.txt", "--out", name, ...tiny, ...options);
}

/** Everything in a folder, byte by byte. */
function filesOf(path: string): Record<string, Uint8Array> {
  return Object.fromEntries(
    namesIn(path).map((name) => [name, Deno.readFileSync(`${path}/${name}`)]),
  );
}

testProgram("N steps and M more are N + M steps, by each rule and precision", async (f) => {
  for (const optimizer of ["adagrad", "sgd", "rmsprop", "adam", "adamw"]) {
    for (const precision of ["f32", "f32-strict", "f64"]) {
      const name = `${optimizer}-${precision}`;
      const cell = optimizer === "adam" ? "lstm" : "rnn";
      const options = ["--optimizer", optimizer, "--precision", precision, "--cell", cell];
      await trained(f, `${name}-whole`, "--steps", "143", ...options);
      await trained(f, name, "--steps", "77", ...options);
      const more = ["--steps", "143", "--threads", "2"];
      const out = await succeed(f, "train", "--resume", name, ...more);
      assertMatch(out, /\nResumed: at step 77, \d\.\d{4} nats\/char\n/);
      assertMatch(out, /Done after 143 steps; saved in /);
      assertEquals(await contentsOf(`${f}/${name}`), await contentsOf(`${f}/${name}-whole`));
    }
  }
});

testProgram("runs that are stopped by signals end as the one that is not", async (f) => {
  const options = ["--steps", "30000", "--log-every", "1000", "--sample-every", "2000"];
  await trained(f, "whole", ...options);
  await Deno.writeTextFile(`${f}/rain.txt`, text);
  let args = ["train", "rain.txt", "--out", "run", ...tiny, ...options];
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
    const child = start(f, args);
    const { reader } = await untilSaid(child, /\n +[1-9]\d?,000 /);
    child.kill(signal);
    const { out, err, code: exit } = await rest(child, reader);
    assertEquals([exit, err], [code, ""]);
    assertMatch(out, /(^|\n)Interrupted after [\d,]+ steps; saved in run\n[^]*--resume run\n/);
    assert((await readCheckpoint(`${f}/run`)).progress.step < 30000, "it was still under way");
    args = ["train", "--resume", "run"];
  }
  await succeed(f, ...args);
  assertEquals(await contentsOf(`${f}/run`), await contentsOf(`${f}/whole`));
  assertEquals(configOf(`${f}/run`), configOf(`${f}/whole`));
  assertEquals(namesIn(`${f}/run`), namesIn(`${f}/whole`));
});

testProgram("evaluating, sampling and saving more or less often changes no weight", async (f) => {
  await trained(f, "quiet", "--steps", "120", "--log-every", "120", "--sample-every", "0");
  const { parameters, optimizerState } = await readCheckpoint(`${f}/quiet`);
  for (const [name, every] of [["busy", "1"], ["odd", "7"]] as const) {
    const options = ["report", "sample", "save"].flatMap((what) => [`--${what}-every`, every]);
    await trained(f, name, "--steps", "120", ...options);
    const checkpoint = await readCheckpoint(`${f}/${name}`);
    assertEquals(checkpoint.parameters, parameters);
    assertEquals(checkpoint.optimizerState, optimizerState);
  }
});

testProgram("what is changed at a resume is noted, and the rest stays", async (f) => {
  await trained(f, "run", "--steps", "20", "--lr", "0.1");
  const before = configOf(`${f}/run`);
  assertEquals(before.history, []);
  await Deno.rename(`${f}/rain.txt`, `${f}/moved.txt`);
  const changes = ["--lr", "0.02", "--grad-clip", "1", "--epochs", "1", "--checkpoint-every", "9"];
  await succeed(f, "train", "moved.txt", "--resume", "run", ...changes, "--hidden", "6");
  const checkpoint = await readCheckpoint(`${f}/run`);
  assertEquals(checkpoint.config, { ...before.config, lr: 0.02, gradClip: 1 });
  // One pass: 34 steps of 8 characters in streams of 279.
  assertEquals(checkpoint.progress.step, 34);
  assertEquals(configOf(`${f}/run`), {
    config: checkpoint.config,
    limits: { epochs: 1, logEvery: 10, checkpointEvery: 9 },
    text: { ...before.text, path: "moved.txt" },
    history: [{
      step: 20,
      changed: {
        lr: { from: 0.1, to: 0.02 },
        gradClip: { from: 5, to: 1 },
        steps: { from: 20, to: null },
        epochs: { from: null, to: 1 },
        checkpointEvery: { from: null, to: 9 },
        text: { from: "rain.txt", to: "moved.txt" },
      },
    }],
  });
  assertEquals(metricsOf(`${f}/run`).map(({ step }) => step), [1, 10, 20, 30, 34]);
  // Without the text, the one that was named last.
  await succeed(f, "train", "--resume", "run", "--epochs", "2");
  assertEquals((await readCheckpoint(`${f}/run`)).progress.step, 68);
});

testProgram("a run at its limit says so, and stays as it is", async (f) => {
  await trained(f, "run", "--steps", "20");
  const before = filesOf(`${f}/run`);
  for (const options of [[], ["--steps", "20"], ["--steps", "3"], ["--lr", "1"]]) {
    const out = await succeed(f, "train", "--resume", "run", ...options);
    assertMatch(
      out,
      /^Nothing to do: the run is at step 20 and at its limit, \d+ steps .*; a later one by [^\n]*\n$/,
    );
    assertEquals(filesOf(`${f}/run`), before);
  }
});

testProgram("a run that was killed before its first checkpoint begins again", async (f) => {
  await trained(f, "whole", "--steps", "50", "--seed", "9");
  await Deno.mkdir(`${f}/run`);
  await Deno.copyFile(`${f}/whole/config.json`, `${f}/run/config.json`);
  await Deno.writeTextFile(`${f}/run/metrics.jsonl`, '{"step":1}\n{"step":10}\n{"st');
  await succeed(f, "train", "--resume", "run");
  assertEquals(await contentsOf(`${f}/run`), await contentsOf(`${f}/whole`));
});

testProgram("what cannot be resumed is refused in one line, and nothing changes", async (f) => {
  await trained(f, "run", "--steps", "20");
  await Deno.writeTextFile(`${f}/other.txt`, text.replace("rain", "snow"));
  await Deno.mkdir(`${f}/empty`);
  const before = filesOf(`${f}/run`);
  const resume = ["train", "--resume", "run"];
  const cannot = (option: string) =>
    new RegExp(`^Cannot resume training with --${option}: the run has`);
  for (
    const [args, line] of [
      [[...resume, "--hidden", "7", "--steps", "30"], cannot("hidden 7")],
      [[...resume, "--seq-length", "7"], cannot("seq-length 7")],
      [[...resume, "--batch-size", "7"], cannot("batch-size 7")],
      [[...resume, "--optimizer", "sgd"], cannot("optimizer sgd")],
      [[...resume, "--precision", "f64"], cannot("precision f64")],
      [[...resume, "--seed", "7"], cannot("seed 7")],
      [[...resume, "--val-fraction", "0"], cannot("val-fraction 0")],
      [[...resume, "--preset", "min-char-rnn"], cannot("cell rnn")],
      [[...resume, "--lr", "0"], /: \S+ must be a finite number above 0, not 0$/],
      [
        [...resume, "--checkpoint-every", "0"],
        /--checkpoint-every must be a whole number, 1 or above/,
      ],
      [[...resume, "--on-divergence", "x"], /--on-divergence .* be stop or rollback/],
      [[...resume, "--out", "other"], /^Cannot resume with --out: a run goes on in its own folder/],
      [[...resume, "--force"], /^Cannot resume with --force: /],
      [[...resume, "rain.txt", "x"], /it takes <text> beside options; given: "rain.txt" "x"/],
      [
        [...resume, "other.txt"],
        /^Cannot resume training on "other.txt": its contents differ from "rain.txt", .* \(SHA/,
      ],
      [["train", "--resume", "none"], /^Cannot resume "none": it is not a folder; /],
      [["train", "--resume", "empty"], /^Cannot resume "empty": it has no config.json; /],
      [["train", "--resume", "run/checkpoint.safetensors"], /: it is not a folder; /],
      [["train", "--resume"], /^Cannot use --resume without a value: write --resume RUN$/],
    ] as const
  ) {
    const { code, out, err } = await run(f, args);
    assertEquals([code, out], [2, ""], args.join(" ") + err);
    assertMatch(err, /^error: [^\n]+\n$/);
    assertMatch(err.slice("error: ".length, -1), line);
    assertEquals(filesOf(`${f}/run`), before);
  }
  await Deno.writeTextFile(`${f}/rain.txt`, text + "!");
  const changed = await run(f, resume);
  assertEquals(changed.code, 2);
  assertMatch(changed.err, /^error: Cannot resume training on "rain.txt": its contents differ/);
  await Deno.remove(`${f}/rain.txt`);
  const gone = await run(f, resume);
  assertEquals(gone.code, 2);
  assertMatch(
    gone.err,
    /^error: Cannot read the text "rain.txt": there is no such file; [^\n]*\n$/,
  );
  assertEquals(filesOf(`${f}/run`), before);
});
