import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { sample, sampleMany, Sampler } from "../../src/generate/sampler.ts";
import { modelOf, overflowingModelOf, probabilitiesAfter } from "./models.ts";

const text = "the cat sat on the mat 🌧.\n";
/** All precisions and cells, and sizes around the kernels' tiles and blocks. */
const models = [
  modelOf(text),
  modelOf(text, { precision: "f32", hidden: 7 }),
  modelOf(text, { cell: "lstm", layers: 2 }),
  modelOf(text, { cell: "gru", layers: 3, precision: "f32" }),
  modelOf(text, { precision: "f32-strict", hidden: 13 }),
  modelOf(text, { precision: "f32", hidden: 300 }, 0.3),
];
const [model] = models as [typeof models[0]];

Deno.test("sampleMany() returns the same text i for any count, and text 0 of sample()", () => {
  for (const model of models) {
    const options = { prompt: "the ", length: 60, seed: 5, temperature: 1.5, topP: 0.95 };
    const all = sampleMany(model, { ...options, count: 20 });
    assertEquals(new Set(all).size, 20);
    for (const count of [1, 2, 3, 7, 19]) {
      assertEquals(sampleMany(model, { ...options, count }), all.slice(0, count));
    }
    assertEquals(sample(model, options), all[0]);
    assertEquals([...new Sampler(model).generate(options)].join(""), all[0]);
  }
});

Deno.test("sampleMany() returns any number of texts, of streams that follow one another", () => {
  const all = sampleMany(model, { length: 12, count: 600 });
  assertEquals(all.length, 600);
  assertEquals(new Set(all).size, 600);
  assert(all.every((text) => [...text].length === 12));
  for (const count of [200, 256, 257]) {
    assertEquals(sampleMany(model, { length: 12, count }), all.slice(0, count));
  }
});

Deno.test("sampleMany() with stop ends each text after its own stop text", () => {
  for (const model of models) {
    const options = { prompt: "the", length: 200, count: 12, seed: 3 };
    const unstopped = sampleMany(model, options);
    for (const stop of ["t", "🌧", "\n", unstopped[4]!.slice(10, 12), unstopped[7]!.slice(-3)]) {
      const expected = unstopped.map((text) => {
        const at = text.indexOf(stop);
        return at < 0 ? text : text.slice(0, at + stop.length);
      });
      assertEquals(sampleMany(model, { ...options, stop }), expected);
      assertEquals(sample(model, { prompt: "the", length: 200, seed: 3, stop }), expected[0]);
    }
  }
});

Deno.test("sample() with stop ignores an occurrence that begins in the prompt", () => {
  const options = { prompt: "cat", length: 50 };
  const unstopped = sample(model, options);
  const stop = `t${unstopped[0]}`;
  assert(!unstopped.includes(stop));
  assertEquals(sample(model, { ...options, stop }), unstopped);
});

Deno.test("sample() and sampleMany() read prompts of any length", () => {
  for (const model of models.slice(0, 3)) {
    const long = text.repeat(10);
    // Lengths around the 32 characters that one call of the engine reads of a single text.
    for (const length of [1, 2, 31, 32, 33, 34, 63, 64, 65, 66, 129, 200]) {
      const prompt = [...long].slice(0, length).join("");
      const ids = [...model.vocabulary.encode(prompt)];
      const greedy = sample(model, { prompt, length: 1, greedy: true });
      const p = probabilitiesAfter(model, ids);
      const id = model.vocabulary.idOf(greedy.codePointAt(0)!)!;
      assert(p[id]! > Math.max(...p) - 1e-5, `${length} characters: ${greedy}`);
      assertEquals(
        sampleMany(model, { prompt, length: 9, count: 40 })[0],
        sample(model, { prompt, length: 9 }),
      );
    }
  }
  assertEquals([...sample(model, { prompt: text.repeat(2000), length: 3 })].length, 3);
});

Deno.test("sample() with top-k of 1 or a small top-p is greedy", () => {
  for (const model of models) {
    const options = { prompt: "sat", length: 80 };
    const greedy = sample(model, { ...options, greedy: true });
    assertEquals(sample(model, { ...options, topK: 1, seed: 7 }), greedy);
    assertEquals(sample(model, { ...options, topP: 1e-9, temperature: 2 }), greedy);
    assertNotEquals(sample(model, { ...options, topK: 2, temperature: 9 }), greedy);
    const all = { topK: model.vocabulary.size, topP: 1 };
    assertEquals(sample(model, { ...options, ...all }), sample(model, options));
  }
});

Deno.test("sample() with top-k never draws a less probable character", () => {
  const ids = [...model.vocabulary.encode("on")];
  const drawn = sample(model, { prompt: "on", length: 100, topK: 3, temperature: 50, seed: 2 });
  for (const character of drawn) {
    const p = probabilitiesAfter(model, ids);
    const id = model.vocabulary.idOf(character.codePointAt(0)!)!;
    assert(p.filter((other) => other > p[id]!).length < 3, character);
    ids.push(id);
  }
});

Deno.test("sampleMany() returns empty texts for a length of 0", () => {
  assertEquals(sampleMany(model, { length: 0, count: 2 }), ["", ""]);
});

Deno.test("sampleMany() throws a RangeError for logits that are not finite", () => {
  const overflowing = overflowingModelOf(text);
  assertThrows(() => sampleMany(overflowing, { length: 3, count: 3 }), RangeError, "not finite");
});
