/** Evaluation in each precision, and of texts that are easy to foretell. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { evaluate } from "../../src/evaluate/evaluate.ts";
import { sizesOf } from "../../src/model/model.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { createTrainer } from "../trainers.ts";
import { oneHot, referenceGradients } from "../reference/rnn.ts";
import { idsOf } from "../text/ids.ts";

const corpus = corpusFromText("a flea and a fly in a flue were imprisoned. ".repeat(12));

Deno.test("every precision agrees with the reference as far as it goes, whatever the batch", () => {
  for (
    const [precision, tolerance] of [["f64", 1e-13], ["f32", 1e-5], ["f32-strict", 1e-5]] as const
  ) {
    const results = [1, 4].map((batchSize) => {
      const trainer = createTrainer(corpus, {
        hidden: 9,
        seqLength: 7,
        batchSize,
        init: "normal:0.5",
        precision,
      });
      for (let step = 0; step < 5; step++) trainer.step();
      const model = trainer.model();
      const sizes = sizesOf(model);
      const { loss } = referenceGradients(sizes, model.parameters, {
        seqLength: corpus.length - 1,
        batchSize: 1,
        inputs: oneHot(idsOf(corpus).slice(0, -1), sizes.inputs),
        targets: oneHot(idsOf(corpus).slice(1), sizes.outputs),
        hiddenState: new Float64Array(sizes.hidden),
      });
      const { natsPerChar } = evaluate(model, corpus);
      const wanted = loss / (corpus.length - 1);
      assert(Math.abs(natsPerChar - wanted) < tolerance, `${precision}: off ${natsPerChar}`);
      return natsPerChar;
    });
    assert(results[0] !== results[1], "the two models differ");
  }
});

Deno.test("a model that knows nothing is as good as a uniform guess", () => {
  const model = createTrainer(corpus, {
    hidden: 5,
    seqLength: 7,
    init: "normal:0",
    precision: "f64",
  })
    .model();
  const result = evaluate(model, corpus);
  assert(Math.abs(result.natsPerChar - result.uniformNatsPerChar) < 1e-12);
  assert(Math.abs(result.perplexity - corpus.vocabulary.size) < 1e-9);
  assert(result.unigramNatsPerChar < result.uniformNatsPerChar);
});

Deno.test("a text of one character costs nothing", () => {
  const text = corpusFromText("a".repeat(200));
  const model = createTrainer(text, { hidden: 5, seqLength: 7 }).model();
  assertEquals(evaluate(model, text), {
    chars: 199,
    natsPerChar: 0,
    bitsPerChar: 0,
    perplexity: 1,
    uniformNatsPerChar: 0,
    unigramNatsPerChar: 0,
    bigramNatsPerChar: 0,
  });
});

Deno.test("a corpus that is too short is named", () => {
  const model = createTrainer(corpus, { hidden: 5, seqLength: 7 }).model();
  const { message } = assertThrows(
    () => evaluate(model, corpusFromText("a", "one.txt")),
    InputError,
  );
  assertEquals(
    message,
    'Cannot evaluate "one.txt", a text of 1 character: at least 2 are needed, as the first is ' +
      "only read",
  );
});
