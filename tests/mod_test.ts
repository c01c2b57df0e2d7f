/** The library's face: that it is whole, and that the command line does what it does. */
import { assert, assertEquals } from "@std/assert";
import * as unroll from "../src/mod.ts";
import { run, succeed, testProgram } from "./cli/program.ts";

const text = "row, row, row your boat, gently down the stream.\n".repeat(20);

Deno.test("the library exports what its documentation promises", () => {
  assertEquals(
    Object.keys(unroll).toSorted(),
    [
      "DivergenceError",
      "Engine",
      "InputError",
      "Sampler",
      "TextError",
      "Trainer",
      "Vocabulary",
      "Xoshiro128",
      "baseConfig",
      "beamSearch",
      "checkGradients",
      "corpusFromText",
      "decodeCheckpoint",
      "encodeCheckpoint",
      "evaluate",
      "gradients",
      "initialParameters",
      "parameterNames",
      "parameterShapes",
      "presets",
      "readCheckpoint",
      "readCorpus",
      "resolveConfig",
      "sample",
      "sampleMany",
      "sampleStream",
      "score",
      "scoreHtml",
      "suggest",
      "summarize",
      "train",
      "writeCheckpoint",
      "zeroParameters",
    ],
  );
});

Deno.test("a model goes from a text to a checkpoint's bytes and back without any permission", async () => {
  const corpus = unroll.corpusFromText(text);
  const model = await unroll.train(corpus, { config: { hidden: 16, batchSize: 2 }, epochs: 3 });
  const restored = await unroll.decodeCheckpoint(await unroll.encodeCheckpoint(model));
  const options = { prompt: "row", length: 60, temperature: 0.5 };
  assertEquals(unroll.sample(restored, options), unroll.sample(model, options));
  assertEquals(unroll.evaluate(restored, corpus), unroll.evaluate(model, corpus));
});

testProgram("the command line trains, samples and evaluates as the library does", async (f) => {
  await Deno.writeTextFile(`${f}/row.txt`, text);
  const config = { hidden: 12, seqLength: 9, batchSize: 3, lr: 0.07, seed: 4, val: 0.1 } as const;
  const options = Object.entries(config).map(([key, value]) => `--${key}=${value}`);
  await succeed(f, "train", "row.txt", "--out", "run", ...options, "--steps", "50");

  const corpus = await unroll.readCorpus(`${f}/row.txt`);
  const suggestion = unroll.autoConfig(corpus.length, config);
  const mine = await unroll.train(corpus, { config: suggestion.config, steps: 50 });
  const checkpoint = await unroll.readCheckpoint(`${f}/run`);
  assertEquals(checkpoint.parameters, mine.parameters);
  assertEquals(checkpoint.optimizerState, mine.optimizerState);
  assertEquals(checkpoint.hiddenState, mine.hiddenState);

  const length = 80;
  assertEquals(
    await succeed(f, "sample", "run", "--prompt=gently", `--length=${length}`, "--seed=3"),
    "gently" + unroll.sample(checkpoint, { prompt: "gently", length, seed: 3 }),
  );
  const json = JSON.parse(await succeed(f, "eval", "run", "row.txt", "--json"));
  const { chars, natsPerChar, perplexity } = unroll.evaluate(checkpoint, corpus);
  assertEquals([json.chars, json.nats_per_char, json.perplexity], [chars, natsPerChar, perplexity]);

  const sizes = { hidden: 5, seqLength: 4, batchSize: 2 };
  const worst = unroll.checkGradients(sizes)
    .reduce((most, { largestError }) => Math.max(most, largestError), 0);
  const { code, out } = await run(f, [
    "gradcheck",
    "--hidden=5",
    "--seq-length=4",
    "--batch-size=2",
  ]);
  assertEquals(code, worst <= 1e-6 ? 0 : 1);
  assert(out.includes(`the largest relative error is ${worst.toExponential(2)}, `), out);
});
