/**
 * Trains a model of a text, then prints text that it generates. It takes a few seconds:
 *
 *     deno run --allow-read examples/train_and_sample.ts
 *
 * @module
 */
import { readCorpus } from "../src/files/mod.ts";
import { sample, train } from "../src/mod.ts";

using corpus = await readCorpus(`${import.meta.dirname}/alice.txt`);
console.log(`${corpus.length} characters, ${corpus.vocabulary.size} of them distinct`);

const { best } = await train(corpus, {
  config: { hidden: 64 }, // All other hyperparameters are picked by the length of the text.
  steps: 1000,
  logEvery: 200,
  onLog: ({ step, loss }) => console.log(`step ${step}: smoothed loss ${loss.toFixed(3)}`),
});

const prompt = "Alice ";
console.log(prompt + sample(best, { prompt, length: 300, temperature: 0.7 }));
