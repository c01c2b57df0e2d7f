/** Texts of one sampler do not disturb each other, whatever their characters and precision. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { sample, Sampler } from "../../src/generate/sampler.ts";
import { type Model, sizesOf } from "../../src/model/model.ts";
import type { Precision } from "../../src/model/config.ts";
import { parameterNames } from "../../src/model/parameters.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { createTrainer } from "../trainers.ts";
import { oneHot, referenceGradients, softmax } from "../reference/rnn.ts";

const text = "e\u0301 👩‍👧 \r\n\t\ufeff𝔘 the cat sat on the mat.";

function modelOf(precision: Precision): Model {
  const model = createTrainer(corpusFromText(text), {
    hidden: 7,
    seqLength: 4,
    batchSize: 1,
    precision,
  })
    .model();
  const random = new Xoshiro128(5);
  for (const name of parameterNames) {
    model.parameters[name].forEach((_, i, array) => array[i] = 0.7 * random.normal());
  }
  return model;
}

const models = (["f32", "f32-strict", "f64"] as const).map(modelOf);

/** The distribution of the character after these, by the plain reference. */
function probabilities(model: Model, ids: ArrayLike<number>): Float64Array {
  const sizes = sizesOf(model);
  const { logits } = referenceGradients(sizes, model.parameters, {
    seqLength: ids.length,
    batchSize: 1,
    inputs: oneHot(ids, sizes.inputs),
    targets: oneHot(ids, sizes.outputs),
    hiddenState: new Float64Array(sizes.hidden),
  });
  return softmax(logits.slice(-sizes.outputs));
}

Deno.test("several texts of one sampler may be drawn in turns", () => {
  for (const model of models) {
    const all = [
      { prompt: "the", length: 30, seed: 1 },
      { prompt: "\r\n", length: 30, seed: 2, temperature: 2 },
      { prompt: "👩", length: 30, greedy: true },
    ];
    const wanted = all.map((options) => sample(model, options));
    const sampler = new Sampler(model);
    const texts = all.map((options) => sampler.generate(options)[Symbol.iterator]());
    const drawn = texts.map(() => "");
    for (let n = 0; n < 30; n++) texts.forEach((text, i) => drawn[i] += text.next().value);
    assertEquals(drawn, wanted);
    assert(texts.every((text) => text.next().done));
  }
});

Deno.test("the first character is distributed as the reference says", () => {
  for (const model of models) {
    const sampler = new Sampler(model);
    const wanted = probabilities(model, model.vocabulary.encode("the c"));
    const draws = 4000;
    const counts = new Float64Array(wanted.length);
    for (let seed = 0; seed < draws; seed++) {
      const [character] = sampler.generate({ prompt: "the c", length: 1, seed });
      counts[model.vocabulary.idOf(character!.codePointAt(0)!)!]!++;
    }
    const chiSquare = wanted.reduce((sum, p, i) => sum + (counts[i]! - draws * p) ** 2 / p, 0) /
      draws;
    // Mean and standard deviation of its distribution; the seeds are fixed, so this is too.
    const freedom = wanted.length - 1;
    assert(chiSquare < freedom + 4 * Math.sqrt(2 * freedom), `χ² is ${chiSquare} of ${freedom}`);
  }
});

Deno.test("single precision takes the reference's greatest logit too", () => {
  for (const model of models) {
    const ids = [...model.vocabulary.encode("the ")];
    const generated = new Sampler(model).generate({ prompt: "the ", length: 40, greedy: true });
    for (const character of generated) {
      const p = probabilities(model, ids);
      const id = model.vocabulary.idOf(character.codePointAt(0)!)!;
      assert(p[id]! > Math.max(...p) - 1e-5, `${character}: ${p[id]}`);
      ids.push(id);
    }
    assertEquals(ids.length, 44);
  }
});

Deno.test("every character is yielded whole, and none that the model has not seen", () => {
  for (const model of models) {
    const { characters } = model.vocabulary;
    const seen = new Set(new Sampler(model).generate({ length: 3000, temperature: 5 }));
    assertEquals([...seen].toSorted().join(""), [...characters].toSorted().join(""));
    assert([...seen].every((character) => character.isWellFormed()));
    assertEquals(sample(model, { prompt: text, length: 0 }), "");
  }
});

Deno.test("a prime is refused by the first character that the model has not seen", () => {
  const [model] = models;
  for (
    const [prompt, words] of [
      ["e\u0300", "character 2, U+0300, is not among"],
      ["👩‍👧👦", 'character 4, "👦" (U+1F466), is not among'],
      ["the\n\r\v", "character 6, U+000B, is not among"],
      ["the \ud83d", "character 5 is U+D83D, one half of a surrogate pair"],
    ] as const
  ) {
    assertThrows(() => sample(model!, { prompt }), InputError, `the prime text: ${words}`);
  }
});
