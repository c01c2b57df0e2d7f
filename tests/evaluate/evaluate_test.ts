import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { evaluate } from "../../src/evaluate/evaluate.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { modelOf, referenceLoss } from "../generate/models.ts";
import { idsOf, textOf } from "../text/ids.ts";
import { createTrainer } from "../trainers.ts";

const corpus = corpusFromText("peter piper picked a peck of pickled peppers. ".repeat(8));
const text = corpus.vocabulary.characters;
const model = modelOf(text, { hidden: 7 }, 0.7);

Deno.test("evaluate() measures the reference's loss of texts of any length", () => {
  // Lengths around the 128 characters of one call of the engine.
  for (const length of [2, 3, 127, 128, 129, 130, 256, 257, 258, 300]) {
    const ids = corpus.read(0, length);
    const result = evaluate(model, { ...textOf(ids), counts: corpus.counts });
    assertEquals(result.chars, length - 1);
    assertAlmostEquals(result.natsPerChar, referenceLoss(model, ids), 1e-13);
    assertEquals(result.bitsPerChar, result.natsPerChar / Math.LN2);
    assertEquals(result.perplexity, Math.exp(result.natsPerChar));
  }
});

Deno.test("evaluate() measures the reference's loss in every precision, cell and depth", () => {
  const ids = idsOf(corpus);
  for (
    const config of [
      { precision: "f64", cell: "gru" },
      { precision: "f64", cell: "lstm", layers: 2 },
      { precision: "f32" },
      { precision: "f32-strict", hidden: 9 },
    ] as const
  ) {
    const model = modelOf(text, config, 0.5);
    const tolerance = config.precision === "f64" ? 1e-13 : 1e-5;
    assertAlmostEquals(evaluate(model, corpus).natsPerChar, referenceLoss(model, ids), tolerance);
  }
});

Deno.test("evaluate() measures the reference's loss of trained models, at any batch size", () => {
  for (const precision of ["f64", "f32", "f32-strict"] as const) {
    const losses = [1, 4].map((batchSize) => {
      const config = { hidden: 9, seqLength: 7, batchSize, init: "normal:0.5", precision } as const;
      using trainer = createTrainer(corpus, config);
      for (let step = 0; step < 5; step++) trainer.step();
      const model = trainer.model();
      const { natsPerChar } = evaluate(model, corpus);
      const tolerance = precision === "f64" ? 1e-13 : 1e-5;
      assertAlmostEquals(natsPerChar, referenceLoss(model, idsOf(corpus)), tolerance);
      return natsPerChar;
    });
    assert(losses[0] !== losses[1], "the two models differ");
  }
});

Deno.test("evaluate() computes the uniform and unigram baselines from the counts", () => {
  const { uniformNatsPerChar, unigramNatsPerChar } = evaluate(model, {
    ...textOf(corpus.read(0, 5)),
    counts: corpusFromText("aabb cc").counts,
  });
  assertEquals(uniformNatsPerChar, Math.log(4));
  const entropy = -(3 * 2 / 7 * Math.log(2 / 7) + 1 / 7 * Math.log(1 / 7));
  assertAlmostEquals(unigramNatsPerChar, entropy, 1e-14);
});

Deno.test("evaluate() computes the bigram baseline from the text", () => {
  // 5 of the 9 pairs begin with "a": "ab" three times, "ac" twice. Only "a" follows "b" and "c".
  const entropy = -(3 * Math.log(3 / 5) + 2 * Math.log(2 / 5)) / 9;
  const { bigramNatsPerChar } = evaluate(model, corpusFromText("abacabacab"));
  assertAlmostEquals(bigramNatsPerChar, entropy, 1e-14);
});

Deno.test("evaluate() of a model with zero weights is the uniform baseline", () => {
  const result = evaluate(modelOf(text, {}, 0), corpus);
  assertAlmostEquals(result.natsPerChar, result.uniformNatsPerChar, 1e-12);
  assertAlmostEquals(result.perplexity, corpus.vocabulary.size, 1e-9);
  assert(result.unigramNatsPerChar < result.uniformNatsPerChar);
});

Deno.test("evaluate() of a text with one distinct character is 0", () => {
  assertEquals(evaluate(modelOf("a"), corpusFromText("a".repeat(200))), {
    chars: 199,
    natsPerChar: 0,
    bitsPerChar: 0,
    perplexity: 1,
    uniformNatsPerChar: 0,
    unigramNatsPerChar: 0,
    bigramNatsPerChar: 0,
  });
});

Deno.test("evaluate() rejects a text without a character to predict, and names it", () => {
  const empty = { ...textOf([]), counts: corpus.counts };
  assertThrows(() => evaluate(model, empty), InputError, 'on "ids": it has no characters');
  const single = corpusFromText("a", "one.txt");
  assertThrows(() => evaluate(model, single), InputError, 'on "one.txt": it has 1 character;');
});
