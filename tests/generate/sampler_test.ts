import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import type { SampleOptions } from "../../src/generate/options.ts";
import { sample, Sampler } from "../../src/generate/sampler.ts";
import { type Model, sizesOf } from "../../src/model/model.ts";
import { parameterNames } from "../../src/model/parameters.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { createTrainer } from "../trainers.ts";
import { oneHot, referenceGradients, softmax } from "../reference/rnn.ts";

/** A model with weights large enough that its predictions differ from each other. */
function modelOf(text: string): Model {
  const model = createTrainer(corpusFromText(text), { hidden: 6, seqLength: 4, precision: "f64" })
    .model();
  const random = new Xoshiro128(9);
  for (const name of parameterNames) {
    model.parameters[name].forEach((_, i, array) => array[i] = random.normal());
  }
  return model;
}

const model = modelOf("the cat sat on the mat.\n".repeat(4));

/** The logits after reading these ids, by the plain reference. */
function logitsAfter(ids: readonly number[]): Float64Array {
  const sizes = sizesOf(model);
  const { logits } = referenceGradients(sizes, model.parameters, {
    seqLength: ids.length,
    batchSize: 1,
    inputs: oneHot(ids, sizes.inputs),
    targets: oneHot(ids, sizes.outputs),
    hiddenState: new Float64Array(sizes.hidden),
  });
  return logits.slice(-sizes.outputs);
}

/** Generates by the reference, with a choice made from the logits. */
function reference(prompt: string, length: number, choose: (logits: Float64Array) => number) {
  const ids = [...model.vocabulary.encode(prompt)];
  for (let n = 0; n < length; n++) ids.push(choose(logitsAfter(ids)));
  return model.vocabulary.decode(ids).slice(prompt.length);
}

Deno.test("greedy text is that of the reference's greatest logits", () => {
  for (const prompt of ["t", "the ", "on the mat.\nthe c"]) {
    const wanted = reference(prompt, 40, (logits) => logits.indexOf(Math.max(...logits)));
    assertEquals(sample(model, { prompt, length: 40, greedy: true }), wanted);
  }
});

Deno.test("draws follow softmax(logits / temperature) along the seeded generator", () => {
  for (const temperature of [0.3, 1, 2.5]) {
    for (const seed of [1, 2, 2 ** 53 - 1]) {
      const random = new Xoshiro128(seed, 1);
      const wanted = reference("ca", 60, (logits) => {
        const p = softmax(logits.map((y) => y / temperature));
        let rest = random.uniform();
        return p.findIndex((probability) => (rest -= probability) < 0);
      });
      assertEquals(sample(model, { prompt: "ca", length: 60, temperature, seed }), wanted);
    }
  }
});

Deno.test("a temperature near 0 is greedy, and a high one is even", () => {
  const greedy = sample(model, { prompt: "the", length: 100, greedy: true });
  assertEquals(sample(model, { prompt: "the", length: 100, temperature: 1e-300 }), greedy);
  const even = sample(model, { length: 4000, temperature: 1e9 });
  const share = 4000 / model.vocabulary.size;
  for (const character of model.vocabulary.characters) {
    const count = even.split(character).length - 1;
    // Five standard deviations of a binomial count.
    assert(
      Math.abs(count - share) < 5 * Math.sqrt(share),
      `${JSON.stringify(character)}: ${count}`,
    );
  }
});

Deno.test("without a prime, text begins after a line feed, or else the first character", () => {
  const options = { length: 50, seed: 4 };
  assertEquals(sample(model, options), sample(model, { ...options, prompt: "\n" }));
  const flat = modelOf("bab abba baba bbaa");
  assertEquals(sample(flat, options), sample(flat, { ...options, prompt: " " }));
  assertEquals([...sample(model)].length, 500);
  assertEquals(sample(model, { length: 0 }), "");
});

Deno.test("one sampler gives the same text each time", () => {
  const sampler = new Sampler(model);
  const options = { prompt: "sat", length: 30, seed: 3 };
  const first = [...sampler.generate(options)];
  assertEquals([...sampler.generate({ length: 3 })].length, 3);
  assertEquals([...sampler.generate(options)], first);
  assert(sample(model, { ...options, seed: 5 }) !== first.join(""));
});

Deno.test("options out of range and unknown characters are refused at the call", () => {
  const sampler = new Sampler(model);
  for (
    const [options, words] of [
      [{ prompt: "the ☃" }, 'Cannot sample from the prime text: character 5, "☃" (U+2603)'],
      [{ prompt: "" }, "the prime text is empty"],
      [{ length: -1 }, '"length" must be a whole number'],
      [{ length: 1.5 }, '"length" must be a whole number'],
      [{ temperature: 0 }, "use greedy"],
      [{ temperature: -1 }, '"temperature" must be a finite number above 0'],
      [{ temperature: Infinity }, '"temperature" must be a finite number above 0'],
      [{ seed: -1 }, "the seed must be a whole number"],
    ] as readonly (readonly [SampleOptions, string])[]
  ) {
    assertThrows(() => sampler.generate(options), InputError, words);
  }
});

Deno.test("weights that no text can come of are an error of one line", () => {
  const model = modelOf("the cat sat on the mat.\n".repeat(4));
  model.parameters.Why.fill(1e308);
  model.parameters.bh.fill(9);
  for (const greedy of [true, false]) {
    const { message } = assertThrows(() => sample(model, { greedy, length: 3 }), RangeError);
    assertEquals(
      message,
      "Cannot sample: the model's weights are so great that its logits are not finite",
    );
  }
});
