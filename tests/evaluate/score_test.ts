import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import { evaluate } from "../../src/evaluate/evaluate.ts";
import { score } from "../../src/evaluate/score.ts";
import { modelOf, probabilitiesAfter } from "../generate/models.ts";
import { textOf } from "../text/ids.ts";

const alphabet = "ab 🌧\n.";
const models = (["f64", "f32", "f32-strict"] as const)
  .map((precision) => modelOf(alphabet, { precision }));
const [model] = models as [typeof models[0]];
const anyText = (maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength: 2, maxLength });

Deno.test("the mean of the scores is what evaluate gives, to 1e-12 in f64", () => {
  for (const [model, most] of models.map((model, i) => [model, i === 0 ? 1e-12 : 1e-6] as const)) {
    // Around the 128 characters that are run at a time.
    fc.assert(
      fc.property(fc.oneof(anyText(20), anyText(400)), (text) => {
        const ids = model.vocabulary.encode(text);
        const counts = new Array<number>(model.vocabulary.size).fill(1);
        const { natsPerChar, chars } = evaluate(model, { ...textOf(ids), counts });
        const result = score(model, text);
        const mean = result.characters.reduce((sum, { nats }) => sum + nats, 0) / chars;
        assert(Math.abs(mean - natsPerChar) <= most, `${mean}, not ${natsPerChar}`);
        assert(Math.abs(result.natsPerChar - natsPerChar) <= most);
        assert(Math.abs(result.nats - chars * natsPerChar) <= most * chars);
      }),
      { numRuns: 60 },
    );
  }
});

Deno.test("the characters are those of the text", () => {
  fc.assert(fc.property(anyText(300), (text) => {
    const { first, characters } = score(model, text, { top: 0 });
    assertEquals(first + characters.map(({ character }) => character).join(""), text);
    assert(characters.every(({ top }) => top.length === 0));
  }));
});

Deno.test("surprises and guesses are those of the reference", () => {
  for (const model of models) {
    const near = model.config.precision === "f64" ? 1e-12 : 1e-5;
    const text = "ab🌧 .\nba .a🌧bb";
    const ids = [...model.vocabulary.encode(text)];
    const size = model.vocabulary.size;
    const results = [1, 3, size, size + 5].map((top) => score(model, text, { top }));
    for (const [i, id] of ids.entries()) {
      if (i === 0) continue;
      const p = probabilitiesAfter(model, ids.slice(0, i));
      const order = [...p.keys()].toSorted((a, b) => p[b]! - p[a]! || a - b);
      for (const [n, { characters }] of results.entries()) {
        const { nats, top } = characters[i - 1]!;
        assert(Math.abs(nats + Math.log(p[id]!)) < 10 * near);
        assertEquals(top.length, [1, 3, size, size][n]!);
        top.forEach(({ character, probability }, rank) => {
          assertEquals(character, model.vocabulary.decode([order[rank]!]));
          assert(Math.abs(probability - p[order[rank]!]!) < near);
        });
      }
    }
  }
});

Deno.test("of equally probable characters the first come first", () => {
  const even = modelOf(alphabet, {}, 0);
  const { characters } = score(even, "aab", { top: 4 });
  for (const { nats, top } of characters) {
    assert(Math.abs(nats - Math.log(6)) < 1e-15);
    assertEquals(top.map(({ character }) => character).join(""), "\n .a");
    assert(top.every(({ probability }) => Math.abs(probability - 1 / 6) < 1e-15));
  }
});

Deno.test("what cannot be scored is refused", () => {
  for (
    const [text, options, words] of [
      ["", {}, "Cannot score a text of 0 characters: at least 2 are needed"],
      ["🌧", {}, "Cannot score a text of 1 character: at least 2 are needed"],
      ["ab☃", {}, 'Cannot score the text: character 3, "☃" (U+2603), is not among'],
      ["ab\ud83c", {}, "character 3 is U+D83C, one half of a surrogate pair"],
      ["ab", { top: -1 }, '"likeliest" must be a whole number, 0 or above, not -1'],
      ["ab", { top: 1.5 }, '"likeliest" must be a whole number, 0 or above, not 1.5'],
    ] as const
  ) assertThrows(() => score(model, text, options), InputError, words);
  const great = modelOf(alphabet);
  great.parameters.Why.fill(1e308);
  great.parameters.bh.fill(9);
  assertThrows(() => score(great, "ab"), RangeError, "its logits are not finite");
});
