import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { gzipSync } from "node:zlib";
import { readCheckpoint } from "../../src/checkpoint/file.ts";
import { namesIn, run, start, succeed, testProgram } from "./program.ts";

const text = "The rain in Spain\r\nstays mainly 🌧 in the plain.\r\n".repeat(12);
const tiny = ["--hidden", "6", "--seq-length", "8", "--batch-size", "2"];

/** Trains a tiny model of the text into `name`. */
async function trained(folder: string, name: string, ...options: string[]): Promise<string> {
  await Deno.writeTextFile(`${folder}/rain.txt`, text);
  return await succeed(folder, "train", "rain.txt", "--out", name, ...tiny, ...options);
}

function metrics(folder: string): Record<string, number | null>[] {
  return Deno.readTextFileSync(`${folder}/metrics.jsonl`).trimEnd().split("\n")
    .map((line) => JSON.parse(line));
}

testProgram("train writes a run folder named after the text, and never over another", async (f) => {
  await Deno.writeTextFile(`${f}/my.rain.txt`, text);
  for (const name of ["my.rain", "my.rain-2"]) {
    const out = await succeed(f, "train", "./my.rain.txt", ...tiny, "--steps", "3");
    assertMatch(out, new RegExp(`Done after 3 steps; saved in runs/${name}\n`));
    assertEquals(namesIn(`${f}/runs/${name}`), [
      "best.safetensors",
      "checkpoint.safetensors",
      "config.json",
      "metrics.jsonl",
    ]);
  }
  const { code, err } = await run(f, ["train", "my.rain.txt", "--out", "runs/my.rain"]);
  assertEquals(code, 2);
  assertMatch(err, /^error: Cannot create a run in "runs\/my.rain": it already holds a run; .*\n$/);
});

testProgram("metrics and reports say what the plan says", async (f) => {
  const out = await trained(f, "run", "--steps", "7", "--log-every", "3", "--sample-every", "4");
  const reports = metrics(`${f}/run`);
  const keys = "step epoch chars loss batch_loss val_loss chars_per_s elapsed_s".split(" ");
  for (const report of reports) assertEquals(Object.keys(report), keys);
  assertEquals(reports.map(({ step }) => step), [1, 3, 6, 7]);
  assert(typeof reports.at(-1)!.val_loss === "number");
  assertEquals(out.match(/a sample at step \d+/g), ["a sample at step 4"]);
  assertMatch(out, /Text: rain.txt, 588 characters, 19 distinct\n/);
  assertMatch(out, /Split: 559 characters to train on; 29 to validate\n/);
  // deno-lint-ignore no-control-regex
  assert(!/[\x00-\x09\x0b-\x1f]/.test(out), "only plain lines when piped");
});

testProgram("any number of threads trains the same model, and says so", async (f) => {
  const more = ["--batch-size", "8", "--steps", "20"];
  const checkpoints = [];
  for (const threads of [1, 2, 3]) {
    const out = await trained(f, `run${threads}`, ...more, "--threads", String(threads));
    assertMatch(out, new RegExp(`, ${threads} threads?\n`));
    checkpoints.push(await readCheckpoint(`${f}/run${threads}`));
  }
  for (const { parameters, optimizerState, hiddenState } of checkpoints) {
    assertEquals(parameters, checkpoints[0]!.parameters);
    assertEquals(optimizerState, checkpoints[0]!.optimizerState);
    assertEquals(hiddenState, checkpoints[0]!.hiddenState);
  }
  const { code, err } = await run(f, ["train", "rain.txt", "--threads", "0"]);
  assertEquals([code, err], [
    2,
    'error: Cannot train: "threads" must be a whole number from 1 to 64, not 0\n',
  ]);
  assertEquals(namesIn(f), ["rain.txt", "run1", "run2", "run3"]);
});

testProgram("every option of train decides what it says", async (f) => {
  const vanilla = ["--cell", "rnn", "--optimizer", "adagrad"];
  const base = ["--steps", "4", "--sample-every", "0", ...vanilla];
  await trained(f, "base", ...base);
  const prints = new Set<string>();
  const { config: defaults, parameters } = await readCheckpoint(`${f}/base`);
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
      ["layers", 2],
      ["weight-decay", 0.1],
      ["warmup", 3],
      ["cooldown", 0.7],
      ["lr-schedule", "cosine"],
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
    await trained(f, name, ...base, `--${option}`, String(value));
    const checkpoint = await readCheckpoint(`${f}/${name}`);
    const own = option === "optimizer" ? { lr: 0.1 } : {};
    assertEquals(checkpoint.config, { ...defaults, ...own, [key]: value });
    const written = JSON.parse(Deno.readTextFileSync(`${f}/${name}/config.json`));
    assertEquals(written.config, checkpoint.config);
    if (value !== "f32-strict") assertNotEquals(checkpoint.parameters, parameters, name);
  }
  for (
    const [name, ...options] of [
      ["momentum", "--optimizer", "sgd", "--momentum", "0.9"],
      ["velocity", "--optimizer", "sgd", "--momentum", "0.8"],
      ["beta1", "--optimizer", "adam", "--beta1", "0.5"],
      ["beta2", "--optimizer", "adam", "--beta2", "0.5"],
      ["inverse-sqrt", "--lr-schedule", "inverse-sqrt", "--warmup", "2"],
      ["dropout", "--layers", "2", "--dropout", "0.5", "--dropout-until", "1"],
      ["dropout-from", "--layers", "2", "--dropout", "0.5", "--dropout-from", "0.3"],
      ["dropout-until", "--layers", "2", "--dropout", "0.5", "--dropout-until", "0.8"],
      ["by-value", "--grad-clip", "0.01"],
      ["by-norm", "--grad-clip", "0.01", "--grad-clip-mode", "norm"],
      ["decay", "--lr-schedule", "step", "--lr-decay", "0.5", "--lr-decay-after", "0.1"],
      ["lr-decay-every", "--lr-schedule", "step", "--lr-decay", "0.5", "--lr-decay-after", "0.1"]
        .concat("--lr-decay-every", "0.05"),
    ]
  ) {
    await trained(f, name!, ...base, ...options, "--steps", "60");
    const { parameters } = await readCheckpoint(`${f}/${name}`);
    const print = JSON.stringify(parameters.Why);
    assert(!prints.has(print), name);
    prints.add(print);
  }
  await trained(f, "no-val", ...base, "--val-fraction", "0");
  assertEquals(metrics(`${f}/no-val`).at(-1)!.val_loss, null);
  assert(!namesIn(`${f}/no-val`).includes("best.safetensors"));
});

testProgram("the preset is the notebook's setting, and other options win over it", async (f) => {
  await Deno.writeTextFile(`${f}/rain.txt`, text);
  const args = ["train", "rain.txt", "--steps", "2", "--preset", "min-char-rnn"];
  await succeed(f, ...args, "--out", "preset");
  await succeed(f, ...args, "--out", "wider", "--hidden", "20");
  const { config } = await readCheckpoint(`${f}/preset`);
  const { hidden, seqLength, batchSize, lr, init, gradClip, optimizer } = config;
  assertEquals(
    { hidden, seqLength, batchSize, lr, init, gradClip, optimizer },
    {
      hidden: 100,
      seqLimits: 25,
      batchSize: 1,
      lr: 0.1,
      init: "normal:0.01",
      gradClip: 5,
      optimizer: "adagrad",
    },
  );
  assertEquals((await readCheckpoint(`${f}/wider`)).config, { ...config, hidden: 20 });
});

testProgram(
  "train ends at whichever limit comes first, or after a default that it tells",
  async (f) => {
    const stepsOf = async (name: string) => (await readCheckpoint(`${f}/${name}`)).progress.step;
    await trained(f, "steps", "--steps", "5", "--epochs", "100", "--minutes", "5");
    assertEquals(await stepsOf("steps"), 5);
    await trained(f, "none", "--steps", "0");
    assertEquals(await stepsOf("none"), 0);
    // 559 characters in two streams of 279: 34 steps of 8 fit before the end.
    await trained(f, "epochs", "--steps", "500", "--epochs", "0.5");
    assertEquals(await stepsOf("epochs"), 17);
    await trained(f, "minutes", "--minutes", "0.005");
    assert(await stepsOf("minutes") > 17);
    const child = start(f, ["train", "rain.txt", "--out", "default", ...tiny]);
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let out = "";
    while (!out.includes("Folder:")) out += (await reader.read()).value ?? "";
    assertMatch(
      out,
      /Limits: 250,000 steps .*(default)\n/,
    );
    child.kill("SIGKILL");
    while (!(await reader.read()).done);
    await child.stderr.cancel();
    await child.status;
  },
);

testProgram("Ctrl-C saves and ends with 130", async (f) => {
  await Deno.writeTextFile(`${f}/rain.txt`, text);
  const child = start(f, ["train", "rain.txt", "--out", "run", ...tiny, "--minutes", "5"]);
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let out = "";
  while (!/\n +1 /.test(out)) out += (await reader.read()).value ?? "";
  child.kill("SIGINT");
  for (let part = await reader.read(); !part.done; part = await reader.read()) out += part.value;
  await child.stderr.cancel();
  const { code } = await child.status;
  assertEquals(code, 130);
  assertMatch(out, /Interrupted after [\d,]+ steps; saved in run\n/);
  assert((await readCheckpoint(`${f}/run`)).progress.step > 0);
});

testProgram("sample writes the text alone, by its options", async (f) => {
  await trained(f, "run", "--steps", "300", "--hidden", "24");
  const sample = (...options: string[]) => succeed(f, "sample", "run", ...options);
  const first = await sample("--length", "40");
  assertEquals([...first].length, 40);
  assertEquals(await sample("--length", "40", "--seed", "1", "--temperature", "1"), first);
  assertNotEquals(await sample("--length", "40", "--seed", "2"), first);
  assertNotEquals(await sample("--length", "40", "--temperature", "3"), first);
  assertEquals([...await sample()].length, 500);
  const greedy = await sample("--greedy", "--prompt", "The rain", "--length", "30");
  assertEquals(await sample("--top-k=1", "--prompt=The rain", "--length=30", "--seed=9"), greedy);
  assert(greedy.startsWith("The rain"));
  assertEquals([...greedy].length, 38);
  assertEquals(await sample("--prompt", "🌧 in\r\n", "--length", "0"), "🌧 in\r\n");
  const best = await succeed(f, "sample", "run/best.safetensors", "--length", "5");
  assertEquals([...best].length, 5);
});

testProgram("sample survives a reader that goes away", async (f) => {
  await trained(f, "run", "--steps", "1");
  const child = start(f, ["sample", "run", "--length", "200000"]);
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  const [{ code }, err] = await Promise.all([child.status, new Response(child.stderr).text()]);
  assertEquals({ code, err }, { code: 0, err: "" });
});

testProgram("eval gives nats, bits and perplexity beside frequencies and gzip", async (f) => {
  await trained(f, "run", "--steps", "50");
  const json = JSON.parse(await succeed(f, "eval", "run", "rain.txt", "--json"));
  assertEquals(json.chars, 587);
  assertEquals(json.bits_per_char, json.nats_per_char / Math.LN2);
  assertEquals(json.perplexity, Math.exp(json.nats_per_char));
  assertEquals(json.uniform_nats_per_char, Math.log(19));
  assert(json.bigram_nats_per_char < json.unigram_nats_per_char);
  const zipped = gzipSync(await Deno.readFile(`${f}/rain.txt`), { level: 9 }).length;
  assertEquals(json.gzip_nats_per_char, 8 * zipped * Math.LN2 / 588);
  const table = await succeed(f, "eval", "run", "rain.txt");
  for (
    const [row, key] of [
      ["model", "nats_per_char"],
      ["bigram", "bigram_nats_per_char"],
      ["unigram", "unigram_nats_per_char"],
      ["uniform", "uniform_nats_per_char"],
      ["gzip -9", "gzip_nats_per_char"],
    ] as const
  ) {
    const nats = json[key].toFixed(4);
    const bits = (json[key] / Math.LN2).toFixed(4);
    assertMatch(table, new RegExp(`^${row} +${nats} +${bits} `, "m"));
  }
  assertMatch(table, /^587 characters predicted\n/);
});

testProgram("gradcheck compares every element, and passes", async (f) => {
  const out = await succeed(
    f,
    "gradcheck",
    "--hidden",
    "4",
    "--seq-length",
    "3",
    "--batch-size",
    "2",
  );
  for (const [name, elements] of [["Wxh", 44], ["Whh", 16], ["Why", 44], ["bh", 4], ["by", 11]]) {
    assertMatch(out, new RegExp(`^${name} +${elements} +\\d\\.\\d+e-\\d+ `, "m"));
  }
  assertMatch(out, /^Passed: the largest relative error is /m);
  assertEquals(await succeed(f, "gradcheck"), await succeed(f, "gradcheck", "--hidden", "16"));
  const sizes = ["--hidden", "3", "--seq-length", "3", "--layers", "2", "--dropout", "0.5"];
  const gru = await succeed(f, "gradcheck", "--cell", "gru", ...sizes, "--threads", "2");
  assertMatch(gru, /^bhn_l1 +3 /m);
  assertMatch(gru, /^Passed: /m);
});

testProgram("help lists every option, what it means and its default", async (f) => {
  const options = {
    train:
      "cell layers dropout dropout-from dropout-until momentum beta1 beta2 weight-decay average plateau fresh-every patience test holdout schedule decay decay-after " +
      "decay-every warmup cooldown clip-by out hidden seq batch lr optimizer clip steps epochs minutes val seed precision init " +
      "report-every sample-every save-every on-divergence preset resume force " +
      "threads help",
    sample: "prime length stop count temperature top-k top-p seed greedy beam json help",
    eval: "json help",
    score: "json html help",
    gradcheck: "cell layers dropout threads hidden seq batch help",
  };
  for (const [command, names] of Object.entries(options)) {
    const help = await succeed(f, command, "--help");
    assertEquals(await succeed(f, command, "-h"), help);
    const listed = [...help.matchAll(/^ {2}--([a-z0-9-]+)/gm)].map(([, name]) => name);
    assertEquals(listed.toSorted(), names.split(" ").toSorted());
    assertMatch(help, new RegExp(`^Usage: deno task ${command} `, "m"));
    for (const line of help.split("\n")) assert(line.length <= 100, line);
  }
  const help = (await succeed(f, "train", "--help")).replace(/\n +/g, " ");
  for (
    const entry of [
      "--hidden N Hidden units of each layer (default: 64 to 256, by the length of the text)",
      "--seq-length N Characters that back-propagation through time unrolls (default: 50, fewer for a short text)",
      "--batch-size N Streams trained side by side (default: 4 to 16, by the length of the text)",
      "--lr X Learning rate (default: gru 0.006, 0.012 for two layers that read a long text many times, lstm 0.01, rnn 0.004; adagrad 0.05; sgd 0.1; rmsprop 0.002)",
      "--optimizer NAME Update rule: adagrad, sgd, rmsprop, adam or adamw (default: adamw)",
      "--val-fraction X Share of the text, at its end, held out for validation; 0: none (default: 0.05, but at most a million characters)",
    ]
  ) assert(help.replace(/ +/g, " ").includes(entry), entry);
  assertMatch(
    await succeed(f, "--help"),
    /train .*\n +sample .*\n +eval .*\n +score .*\n +gradcheck /,
  );
});
