import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import { evaluate } from "../../src/evaluate/evaluate.ts";
import { score } from "../../src/evaluate/score.ts";
import { sizesOf } from "../../src/model/model.ts";
import { parameterSet } from "../../src/model/parameters.ts";
import { modelOf, overflowingModelOf, probabilitiesAfter } from "../generate/models.ts";
import { textOf } from "../text/ids.ts";

const alphabet = "ab 🌧\n.";
const models = (["f64", "f32", "f32-strict"] as const)
  .map((precision) => modelOf(alphabet, { precision }));
const [model] = models as [typeof models[0]];
const anyText = (maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength: 2, maxLength });

/** The same numbers as a model of double precision. */
function inDoublePrecision(model: typeof models[0]): typeof models[0] {
  return {
    ...model,
    config: { ...model.config, precision: "f64" },
    parameters: parameterSet(
      sizesOf(model),
      (name) => Float64Array.from(model.parameters[name as keyof typeof model.parameters]!),
    ),
  };
}

Deno.test("score() averages to the loss of evaluate()", async () => {
  for (const model of models) {
    // `score` computes in double precision, whatever the model's: single precision rounds to 1e-6.
    const exact = inDoublePrecision(model);
    const tolerance = 1e-12;
    // Lengths around the 128 characters of one call of the engine.
    await fc.assert(
      fc.asyncProperty(fc.oneof(anyText(20), anyText(400)), async (text) => {
        const ids = model.vocabulary.encode(text);
        const { natsPerChar, chars } = await evaluate(exact, {
          ...textOf(ids),
          vocabulary: model.vocabulary,
        });
        const result = score(model, text);
        const mean = result.characters.reduce((sum, { nats }) => sum + nats, 0) / chars;
        assertAlmostEquals(mean, natsPerChar, tolerance);
        assertAlmostEquals(result.natsPerChar, natsPerChar, tolerance);
        assertAlmostEquals(result.nats, chars * natsPerChar, tolerance * chars);
      }),
      { numRuns: 60 },
    );
  }
});

Deno.test("score() lists the characters of the text in order", () => {
  fc.assert(fc.property(anyText(300), (text) => {
    const { first, characters } = score(model, text, { top: 0 });
    assertEquals(first + characters.map(({ character }) => character).join(""), text);
    assert(characters.every(({ top }) => top.length === 0));
  }));
});

Deno.test("score() returns the surprisals and most probable characters of float64, of every precision", () => {
  const text = "ab🌧 .\nba .a🌧bb";
  const tolerance = 1e-13;
  for (const model of models) {
    const ids = [...model.vocabulary.encode(text)];
    const { size } = model.vocabulary;
    for (const top of [1, 3, size, size + 5]) {
      const { characters } = score(model, text, { top });
      for (const [i, { nats, top: predictions }] of characters.entries()) {
        const p = probabilitiesAfter(model, ids.slice(0, i + 1));
        assertAlmostEquals(nats, -Math.log(p[ids[i + 1]!]!), tolerance);
        const order = [...p.keys()].toSorted((a, b) => p[b]! - p[a]! || a - b).slice(0, top);
        assertEquals(
          predictions.map(({ character }) => character),
          order.map((id) => model.vocabulary.decode([id])),
        );
        predictions.forEach(({ probability }, rank) =>
          assertAlmostEquals(probability, p[order[rank]!]!, tolerance)
        );
      }
    }
  }
});

Deno.test("score() lists equally probable characters by id", () => {
  const { characters } = score(modelOf(alphabet, {}, 0), "aab", { top: 4 });
  for (const { nats, top } of characters) {
    assertAlmostEquals(nats, Math.log(6), 1e-15);
    assertEquals(top.map(({ character }) => character).join(""), "\n .a");
    for (const { probability } of top) assertAlmostEquals(probability, 1 / 6, 1e-15);
  }
});

Deno.test("score() rejects short texts, unknown characters and a wrong top", () => {
  for (
    const [text, options, fragment, option] of [
      ["", {}, "no characters", undefined],
      ["🌧", {}, "1 character;", undefined],
      ["ab☃", {}, 'character 3, "☃" (U+2603), is not among', undefined],
      ["ab\ud83c", {}, "character 3 is U+D83C, one half of a surrogate pair", undefined],
      ["ab", { top: -1 }, '"top" must be a whole number from 0 to 9007199254740991, not -1', "top"],
      ["ab", { top: 1.5 }, "not 1.5", "top"],
    ] as const
  ) {
    const error = assertThrows(() => score(model, text, options), InputError, fragment);
    assertEquals(error.option, option);
  }
});

Deno.test("score() throws a RangeError for logits that are not finite", () => {
  assertThrows(() => score(overflowingModelOf(alphabet), "ab"), RangeError, "not finite");
});
