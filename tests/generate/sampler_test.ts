import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import type { SampleOptions } from "../../src/generate/options.ts";
import { sample, Sampler } from "../../src/generate/sampler.ts";
import type { Model } from "../../src/model/model.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { modelOf, overflowingModelOf, probabilitiesAfter } from "./models.ts";

const model = modelOf("the cat sat on the mat.\n");
/** Combining characters, white space, and characters of two UTF-16 units. */
const mixedText = "e\u0301 👩‍👧 \r\n\t\ufeff𝔘 the cat sat on the mat.";
const mixedModels = (["f32", "f32-strict", "f64"] as const)
  .map((precision) => modelOf(mixedText, { precision, hidden: 7 }, 0.7));

/** Generates a text by the reference network. */
function referenceText(
  model: Model,
  { prompt, length }: { prompt: string; length: number },
  choose: (probabilities: Float64Array) => number,
): string {
  const ids = [...model.vocabulary.encode(prompt)];
  for (let n = 0; n < length; n++) ids.push(choose(probabilitiesAfter(model, ids)));
  return model.vocabulary.decode(ids).slice(prompt.length);
}

Deno.test("sample() with greedy takes the reference's most probable characters", () => {
  for (const prompt of ["t", "the ", "on the mat.\nthe c"]) {
    const options = { prompt, length: 40 };
    const expected = referenceText(model, options, (p) => p.indexOf(Math.max(...p)));
    assertEquals(sample(model, { ...options, greedy: true }), expected);
  }
});

Deno.test("sample() with greedy is within rounding of the reference in single precision", () => {
  for (const model of mixedModels) {
    const ids = [...model.vocabulary.encode("the ")];
    for (const character of sample(model, { prompt: "the ", length: 40, greedy: true })) {
      const p = probabilitiesAfter(model, ids);
      const id = model.vocabulary.idOf(character.codePointAt(0)!)!;
      assert(p[id]! > Math.max(...p) - 1e-5, `${character}: ${p[id]}`);
      ids.push(id);
    }
    assertEquals(ids.length, 44);
  }
});

Deno.test("sample() draws from softmax(logits / temperature) by stream 1 of the seed", () => {
  for (const temperature of [0.3, 1, 2.5]) {
    for (const seed of [1, 2, 2 ** 53 - 1]) {
      const random = new Xoshiro128(seed, 1);
      const options = { prompt: "ca", length: 60 };
      const expected = referenceText(model, options, (probabilities) => {
        // p^(1/temperature), normalized, is softmax(logits / temperature).
        const weights = probabilities.map((p) => p ** (1 / temperature));
        let rest = random.uniform() * weights.reduce((a, b) => a + b);
        return weights.findIndex((weight) => (rest -= weight) < 0);
      });
      assertEquals(sample(model, { ...options, temperature, seed }), expected);
    }
  }
});

Deno.test("sample() is greedy at a temperature near 0, and uniform at a high one", () => {
  const greedy = sample(model, { prompt: "the", length: 100, greedy: true });
  assertEquals(sample(model, { prompt: "the", length: 100, temperature: 1e-300 }), greedy);
  const uniform = sample(model, { length: 4000, temperature: 1e9 });
  const expected = 4000 / model.vocabulary.size;
  for (const character of model.vocabulary.characters) {
    const count = uniform.split(character).length - 1;
    // Five standard deviations of a binomial distribution.
    assert(
      Math.abs(count - expected) < 5 * Math.sqrt(expected),
      `${JSON.stringify(character)}: ${count}`,
    );
  }
});

Deno.test("sample() returns `length` characters, 500 by default", () => {
  assertEquals([...sample(model)].length, 500);
  assertEquals([...sample(model, { length: 7 })].length, 7);
  assertEquals(sample(model, { length: 0 }), "");
  assertEquals(sample(mixedModels[0]!, { prompt: mixedText, length: 0 }), "");
});

Deno.test("sample() generates whole characters, and all that the vocabulary has", () => {
  for (const model of mixedModels) {
    const seen = new Set(new Sampler(model).generate({ length: 3000, temperature: 5 }));
    assertEquals(seen, new Set(model.vocabulary.characters));
    assert([...seen].every((character) => character.isWellFormed()));
  }
});

Deno.test("Sampler.generate() gives the same text for the same options", () => {
  const sampler = new Sampler(model);
  const options = { prompt: "sat", length: 30, seed: 3 };
  const first = [...sampler.generate(options)];
  assertEquals([...sampler.generate({ length: 3 })].length, 3);
  assertEquals([...sampler.generate(options)], first);
  assert(sample(model, { ...options, seed: 5 }) !== first.join(""));
});

Deno.test("Sampler.generate() keeps several texts apart that are iterated alternately", () => {
  for (const model of mixedModels) {
    const all = [
      { prompt: "the", length: 30, seed: 1 },
      { prompt: "\r\n", length: 30, seed: 2, temperature: 2 },
      { prompt: "👩", length: 30, greedy: true },
    ];
    const sampler = new Sampler(model);
    const iterators = all.map((options) => sampler.generate(options)[Symbol.iterator]());
    const texts = all.map(() => "");
    for (let n = 0; n < 30; n++) iterators.forEach((it, i) => texts[i] += it.next().value);
    assertEquals(texts, all.map((options) => sample(model, options)));
    assert(iterators.every((iterator) => iterator.next().done));
  }
});

Deno.test("Sampler.generate() draws the first character from the reference's distribution", () => {
  for (const model of mixedModels) {
    const sampler = new Sampler(model);
    const expected = probabilitiesAfter(model, model.vocabulary.encode("the c"));
    const draws = 4000;
    const counts = new Float64Array(expected.length);
    for (let seed = 0; seed < draws; seed++) {
      const [character] = sampler.generate({ prompt: "the c", length: 1, seed });
      counts[model.vocabulary.idOf(character!.codePointAt(0)!)!]!++;
    }
    const chiSquare = expected.reduce((sum, p, i) => sum + (counts[i]! - draws * p) ** 2 / p, 0) /
      draws;
    // Four standard deviations above the mean of the χ² distribution. The seeds are fixed.
    const freedom = expected.length - 1;
    assert(chiSquare < freedom + 4 * Math.sqrt(2 * freedom), `χ² is ${chiSquare} of ${freedom}`);
  }
});

Deno.test("Sampler.generate() rejects wrong options at the call, and names them", () => {
  const [mixed] = mixedModels.map((model) => new Sampler(model));
  for (
    const [options, option, fragment] of [
      [{ prompt: "" }, "prompt", "it is empty"],
      [{ prompt: "the ☃" }, "prompt", 'character 5, "☃" (U+2603), is not among'],
      [{ prompt: "e\u0300" }, "prompt", "character 2, U+0300, is not among"],
      [{ prompt: "👩‍👧👦" }, "prompt", 'character 4, "👦" (U+1F466), is not among'],
      [{ prompt: "the\n\r\v" }, "prompt", "character 6, U+000B, is not among"],
      [{ prompt: "the \ud83d" }, "prompt", "character 5 is U+D83D, one half of a surrogate pair"],
      [{ stop: "" }, "stop", "it is empty"],
      [{ stop: "the ☃" }, "stop", 'character 5, "☃" (U+2603), is not among'],
      [{ length: -1 }, "length", "not -1"],
      [{ temperature: 0 }, "temperature", "not 0"],
      [{ seed: -1 }, "seed", "not -1"],
      [{ greedy: true, topK: 3 }, "topK", '"greedy" and "topK"'],
    ] as readonly (readonly [SampleOptions, string, string])[]
  ) {
    const error = assertThrows(() => mixed!.generate(options), InputError, fragment);
    assertEquals(error.option, option);
  }
});

Deno.test("sample() throws a RangeError for logits that are not finite", () => {
  const overflowing = overflowingModelOf("the cat sat on the mat.\n");
  for (const greedy of [true, false]) {
    assertThrows(() => sample(overflowing, { greedy, length: 3 }), RangeError, "not finite");
  }
});
