import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { exp } from "../../src/math.ts";
import { evaluate } from "../../src/evaluate/evaluate.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import type { Span } from "../../src/text/split.ts";
import { modelOf, referenceLoss } from "../generate/models.ts";
import { idsOf, textOf } from "../text/ids.ts";
import { createTrainer } from "../trainers.ts";

const corpus = corpusFromText("peter piper picked a peck of pickled peppers. ".repeat(8));
const text = corpus.vocabulary.characters;
const model = modelOf(text, { hidden: 7 }, 0.7);

Deno.test("evaluate() measures the reference's loss of texts of any length", async () => {
  // Lengths around the 128 characters of one call of the engine.
  for (const length of [2, 3, 127, 128, 129, 130, 256, 257, 258, 300]) {
    const ids = corpus.read(0, length);
    const result = await evaluate(model, { ...textOf(ids), vocabulary: corpus.vocabulary });
    assertEquals(result.chars, length - 1);
    assertAlmostEquals(result.natsPerChar, referenceLoss(model, ids), 1e-13);
    assertEquals(result.bitsPerChar, result.natsPerChar / Math.LN2);
    assertEquals(result.perplexity, exp(result.natsPerChar));
  }
});

Deno.test("evaluate() measures the reference's loss in every precision, cell and depth", async () => {
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
    assertAlmostEquals(
      (await evaluate(model, corpus)).natsPerChar,
      referenceLoss(model, ids),
      tolerance,
    );
  }
});

Deno.test("evaluate() measures the reference's loss of trained models, at any batch size", async () => {
  for (const precision of ["f64", "f32", "f32-strict"] as const) {
    const losses: number[] = [];
    for (const batchSize of [1, 4]) {
      const config = { hidden: 9, seqLength: 7, batchSize, init: "normal:0.5", precision } as const;
      using trainer = createTrainer(corpus, config);
      for (let step = 0; step < 5; step++) trainer.step();
      const model = trainer.model();
      const { natsPerChar } = await evaluate(model, corpus);
      const tolerance = precision === "f64" ? 1e-13 : 1e-5;
      assertAlmostEquals(natsPerChar, referenceLoss(model, idsOf(corpus)), tolerance);
      losses.push(natsPerChar);
    }
    assert(losses[0] !== losses[1], "the two models differ");
  }
});

Deno.test("evaluate() computes baselines that know the text up to the predicted character", async () => {
  const { uniformNatsPerChar, unigramNatsPerChar, bigramNatsPerChar } = await evaluate(
    modelOf("abcd"),
    corpusFromText("abab"),
  );
  assertEquals(uniformNatsPerChar, Math.log(4));
  // (c(b) + 1) / (N + V): 1/5 of b after a, 2/6 of a after ab, 2/7 of b after aba.
  assertAlmostEquals(unigramNatsPerChar, -Math.log(1 / 5 * 2 / 6 * 2 / 7) / 3, 1e-14);
  // Nothing is known of what follows a and then b; the second b after a: (1 + 2/7) / (1 + 1).
  assertAlmostEquals(bigramNatsPerChar, -Math.log(1 / 5 * 2 / 6 * 9 / 14) / 3, 1e-14);
});

Deno.test("evaluate() gives no baseline of a random text a loss below its entropy", async () => {
  const random = new Xoshiro128(7);
  const letters = "abcdefghijklmnopqrstuvwxyz";
  const text = Array.from({ length: 100 }, () => letters[random.nextUint32() % 26]).join("");
  const { unigramNatsPerChar, bigramNatsPerChar } = await evaluate(
    modelOf(letters),
    corpusFromText(text),
  );
  assert(Math.min(unigramNatsPerChar, bigramNatsPerChar) >= Math.log(26));
});

Deno.test("evaluate() measures spans, each from a zero hidden state", async () => {
  const spans = [[3, 40], [50, 52]] as const;
  const { chars, natsPerChar } = await evaluate(model, corpus, { spans });
  assertEquals(chars, 37);
  const parts = spans.map(([start, end]) => referenceLoss(model, corpus.read(start, end - start)));
  assertAlmostEquals(natsPerChar, (36 * parts[0]! + parts[1]!) / 37, 1e-13);
  for (const wrong of [[], [[0, 1]], [[-1, 5]], [[0, corpus.length + 1]], [[0.5, 4]]] as Span[][]) {
    await assertRejects(
      () => evaluate(model, corpus, { spans: wrong }),
      RangeError,
      "Cannot evaluate",
    );
  }
});

Deno.test("evaluate() reads a corpus of another vocabulary by the model's", async () => {
  const part = corpusFromText("a piper picked pepper", "part.txt");
  const ids = corpus.vocabulary.encode("a piper picked pepper");
  assertAlmostEquals((await evaluate(model, part)).natsPerChar, referenceLoss(model, ids), 1e-13);
  const unknown = corpusFromText("a piper\npicked µ", "part.txt");
  await assertRejects(
    () => evaluate(model, unknown),
    InputError,
    '"part.txt": line 1, character 8, "\\n"',
  );
});

Deno.test("evaluate() of a model with zero weights is the uniform baseline", async () => {
  const result = await evaluate(modelOf(text, {}, 0), corpus);
  assertAlmostEquals(result.natsPerChar, result.uniformNatsPerChar, 1e-12);
  assertAlmostEquals(result.perplexity, corpus.vocabulary.size, 1e-9);
  assert(result.unigramNatsPerChar < result.uniformNatsPerChar);
});

Deno.test("evaluate() of a text with one distinct character is 0", async () => {
  assertEquals(await evaluate(modelOf("a"), corpusFromText("a".repeat(200))), {
    chars: 199,
    natsPerChar: 0,
    bitsPerChar: 0,
    perplexity: 1,
    uniformNatsPerChar: 0,
    unigramNatsPerChar: 0,
    bigramNatsPerChar: 0,
  });
});

Deno.test("evaluate() rejects a text without a character to predict, and names it", async () => {
  const empty = { ...textOf([]), vocabulary: corpus.vocabulary };
  await assertRejects(() => evaluate(model, empty), InputError, 'on "ids": it has no characters');
  const single = corpusFromText("a", "one.txt");
  await assertRejects(
    () => evaluate(model, single),
    InputError,
    'on "one.txt": it has 1 character;',
  );
});

Deno.test("evaluate() reports progress, yields to the event loop, and stops at its signal", async () => {
  const long = corpusFromText(text.repeat(4000));
  // So large that it takes many slices on any machine.
  const large = modelOf(text, { hidden: 128 }, 0.7);
  const progress: { readonly chars: number; readonly total: number }[] = [];
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await evaluate(large, long, { onProgress: (now) => progress.push(now) });
  clearInterval(timer);
  assert(turns > 1, `${turns} turns`);
  assert(progress.length > 1);
  assert(progress.every(({ total }) => total === long.length - 1));
  // All characters may be predicted when a slice ends, as the baselines are measured after them.
  const counts = [0, ...progress.map(({ chars }) => chars)];
  assert(counts.slice(1).every((chars, i) => chars > counts[i]! && chars <= long.length - 1));
  const controller = new AbortController();
  await assertRejects(
    () =>
      evaluate(large, long, {
        signal: controller.signal,
        onProgress: () => controller.abort(new Error("enough")),
      }),
    Error,
    "enough",
  );
});
