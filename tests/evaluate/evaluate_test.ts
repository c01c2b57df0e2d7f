import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { evaluate } from "../../src/evaluate/evaluate.ts";
import { batchGradients } from "../../src/engine/batch_gradients.ts";
import { sizesOf } from "../../src/model/model.ts";
import { parameterNames } from "../../src/model/parameters.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { createTrainer } from "../trainers.ts";
import { oneHot, referenceGradients } from "../reference/rnn.ts";
import { idsOf, textOf } from "../text/ids.ts";

const corpus = corpusFromText("peter piper picked a peck of pickled peppers. ".repeat(8));
const model = createTrainer(corpus, {
  hidden: 7,
  seqLength: 9,
  batchSize: 2,
  precision: "f64",
  init: "normal:0.7",
})
  .model();
const sizes = sizesOf(model);

Deno.test("the loss of a text is the reference's over all of it, at any length", () => {
  // Around the 128 steps that are run at a time.
  for (const length of [2, 3, 127, 128, 129, 130, 256, 257, 258, 300]) {
    const ids = corpus.read(0, length);
    const { loss } = referenceGradients(sizes, model.parameters, {
      seqLength: length - 1,
      batchSize: 1,
      inputs: oneHot(ids.slice(0, -1), sizes.inputs),
      targets: oneHot(ids.slice(1), sizes.outputs),
      hiddenState: new Float64Array(sizes.hidden),
    });
    const wanted = loss / (length - 1);
    const result = evaluate(model, { ...textOf(ids), counts: corpus.counts });
    assertEquals(result.chars, length - 1);
    assert(Math.abs(result.natsPerChar - wanted) < 1e-13, `${length}: ${result.natsPerChar}`);
    assertEquals(result.bitsPerChar, result.natsPerChar / Math.LN2);
    assertEquals(result.perplexity, Math.exp(result.natsPerChar));
  }
});

Deno.test("uniform and unigram figures are those of the text", () => {
  const text = corpusFromText("aabb cc");
  const { uniformNatsPerChar, unigramNatsPerChar } = evaluate(model, {
    ...textOf(idsOf(corpus).subarray(0, 5)),
    counts: text.counts,
  });
  assertEquals(uniformNatsPerChar, Math.log(4));
  const entropy = -(3 * 2 / 7 * Math.log(2 / 7) + 1 / 7 * Math.log(1 / 7));
  assert(Math.abs(unigramNatsPerChar - entropy) < 1e-14);
});

Deno.test("the bigram figure is what follows what in the text", () => {
  const text = corpusFromText("abacabacab");
  // Of 9 pairs 5 begin with an a: 3 go on with b, 2 with c. After b and c there is always an a.
  const entropy = -(3 * Math.log(3 / 5) + 2 * Math.log(2 / 5)) / 9;
  const { bigramNatsPerChar } = evaluate(model, text);
  assert(Math.abs(bigramNatsPerChar - entropy) < 1e-14);
});

Deno.test("a text without a character to predict is refused", () => {
  for (const length of [0, 1]) {
    const text = { ...textOf(corpus.read(0, length)), counts: corpus.counts };
    assertThrows(() => evaluate(model, text), InputError, `a text of ${length} character`);
  }
});

Deno.test("the gradients of one batch are the reference's, and the model stays as it is", () => {
  const random = new Xoshiro128(2);
  const [seqLength, batchSize] = [6, 3];
  const ids = () => Array.from({ length: 18 }, () => random.nextUint32() % sizes.inputs);
  const [inputs, targets] = [ids(), ids()];
  const hiddenState = Float64Array.from({ length: 21 }, () => random.normal());
  const before = structuredClone(model.parameters);
  for (const state of [undefined, hiddenState]) {
    const result = batchGradients(model, {
      seqLength,
      batchSize,
      inputs,
      targets,
      ...(state && { hiddenState: state }),
    });
    const wanted = referenceGradients(sizes, model.parameters, {
      seqLength,
      batchSize,
      inputs: oneHot(inputs, sizes.inputs),
      targets: oneHot(targets, sizes.outputs),
      hiddenState: state ?? new Float64Array(21),
    });
    assert(Math.abs(result.loss - wanted.loss) < 1e-12);
    for (const name of parameterNames) {
      wanted.gradients[name].forEach((g, i) => {
        assert(Math.abs(g - result.gradients[name][i]!) < 1e-13, name);
      });
    }
    wanted.hiddenStates.slice(-21).forEach((h, i) => {
      assert(Math.abs(h - result.hiddenState[i]!) < 1e-14);
    });
  }
  assertEquals(model.parameters, before);
});

Deno.test("a batch of the wrong length or with unknown ids is refused", () => {
  const good = { seqLength: 2, batchSize: 1, inputs: [0, 1], targets: [1, 2] };
  for (
    const [wrong, words] of [
      [{ inputs: [0] }, "the inputs of a batch: 1 ids given, 2 · 1 wanted"],
      [{ targets: [0, 1, 2] }, "the targets of a batch: 3 ids given"],
      [{ inputs: [0, 99] }, "input id 99"],
      [{ targets: [0, 99] }, "target id 99"],
      [{ hiddenState: [1] }, "hidden state: 1 numbers given, 7 wanted"],
      [{ seqLength: 0 }, "seqLength must be a whole number"],
    ] as const
  ) {
    assertThrows(() => batchGradients(model, { ...good, ...wrong }), RangeError, words);
  }
});
