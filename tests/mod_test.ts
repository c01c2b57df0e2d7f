import { assert, assertEquals } from "@std/assert";
import * as engine from "../src/engine/mod.ts";
import * as exporting from "../src/export/mod.ts";
import * as files from "../src/files/mod.ts";
import * as sampling from "../src/generate/mod.ts";
import * as unroll from "../src/mod.ts";
import * as runs from "../src/run/mod.ts";
import { run, succeed, testProgram } from "./cli/program.ts";

const text = "row, row, row your boat, gently down the stream.\n".repeat(20);

Deno.test("the entries export their documented values and no others", () => {
  assertEquals(Object.keys(unroll).toSorted(), [
    "DivergenceError",
    "InputError",
    "Sampler",
    "StepStoppedError",
    "TextError",
    "Trainer",
    "Vocabulary",
    "autoConfig",
    "baseConfig",
    "beamSearch",
    "corpusFromText",
    "corpusIdentity",
    "decodeCheckpoint",
    "displayedClusters",
    "encodeCheckpoint",
    "evaluate",
    "measureBaselines",
    "nameInvisible",
    "predictNext",
    "prepareThreads",
    "prepareTraining",
    "presets",
    "resolveConfig",
    "sample",
    "sampleMany",
    "sampleStream",
    "score",
    "scoreHtml",
    "summarize",
    "toKnown",
    "train",
    "trainingSplit",
  ]);
  assertEquals(Object.keys(files).toSorted(), [
    "readCheckpoint",
    "readCheckpointMetadata",
    "readCorpus",
    "writeCheckpoint",
  ]);
  assertEquals(Object.keys(engine).toSorted(), [
    "Engine",
    "Xoshiro128",
    "batchGradients",
    "checkGradients",
    "dropoutSeed",
    "initialParameters",
    "parameterNames",
    "parameterShapes",
    "prepareThreads",
    "zeroParameters",
  ]);
  assertEquals(Object.keys(exporting).toSorted(), [
    "decodeWeights",
    "encodeHuggingFace",
    "encodeOnnx",
    "encodePytorch",
    "encodeWeights",
    "hashWeights",
  ]);
  assertEquals(Object.keys(sampling).toSorted(), [
    "InputError",
    "Sampler",
    "Vocabulary",
    "beamSearch",
    "decodeCheckpoint",
    "predictNext",
    "sample",
    "sampleMany",
    "sampleStream",
  ]);
  assertEquals(Object.keys(runs).toSorted(), [
    "MetricsReader",
    "Run",
    "RunFolder",
    "RunLockedError",
    "defaultRunPath",
    "readMetrics",
    "readRun",
  ]);
});

Deno.test("train(), encodeCheckpoint() and decodeCheckpoint() need no permission", async () => {
  const corpus = unroll.corpusFromText(text);
  const { best } = await unroll.train(corpus, { config: { hidden: 16, batchSize: 2 }, epochs: 3 });
  const restored = await unroll.decodeCheckpoint(await unroll.encodeCheckpoint(best));
  const options = { prompt: "row", length: 60, temperature: 0.5 };
  assertEquals(unroll.sample(restored, options), unroll.sample(best, options));
  assertEquals(await unroll.evaluate(restored, corpus), await unroll.evaluate(best, corpus));
});

testProgram(
  "deno task train, sample, eval and gradcheck give the numbers of the library",
  async (f) => {
    await Deno.writeTextFile(`${f}/row.txt`, text);
    const config = { hidden: 12, batchSize: 3, lr: 0.07, seed: 4 } as const;
    const options = ["--hidden=12", "--batch-size=3", "--lr=0.07", "--seed=4"];
    await succeed(f, "train", "row.txt", "--out", "run", ...options, "--steps", "50");

    using corpus = await files.readCorpus(`${f}/row.txt`);
    const { best: mine } = await unroll.train(corpus, { config, steps: 50 });
    const checkpoint = await files.readCheckpoint(`${f}/run`);
    assertEquals(checkpoint.parameters, mine.parameters);
    assertEquals(checkpoint.optimizerState, mine.optimizerState);
    assertEquals(checkpoint.hiddenState, mine.hiddenState);

    const length = 80;
    assertEquals(
      await succeed(f, "sample", "run", "--prompt=gently", `--length=${length}`, "--seed=3"),
      "gently" + unroll.sample(checkpoint, { prompt: "gently", length, seed: 3 }),
    );
    const json = JSON.parse(await succeed(f, "eval", "run", "row.txt", "--json"));
    const { chars, natsPerChar, perplexity } = await unroll.evaluate(checkpoint, corpus);
    assertEquals([json.chars, json.nats_per_char, json.perplexity], [
      chars,
      natsPerChar,
      perplexity,
    ]);

    const sizes = { hidden: 5, seqLength: 4, batchSize: 2 };
    const worst = engine.checkGradients(sizes)
      .reduce((most, { largestError }) => Math.max(most, largestError), 0);
    const { code, out } = await run(f, [
      "gradcheck",
      "--hidden=5",
      "--seq-length=4",
      "--batch-size=2",
    ]);
    assertEquals(code, worst <= 1e-6 ? 0 : 1);
    assert(out.includes(`the largest relative error is ${worst.toExponential(2)}, `), out);
  },
);
