/** Connectivity, against finite differences of the reference network. */
import { assert, assertEquals } from "@std/assert";
import { Connectivity } from "../../../page/inside/connectivity.ts";
import { TextReader } from "../../../page/inside/text_reader.ts";
import type { Cell } from "../../../src/model/cells.ts";
import { type Model, sizesOf } from "../../../src/model/model.ts";
import { modelOf } from "../../generate/models.ts";
import { oneHot, referenceGradients, softmax } from "../../reference/network.ts";

const TEXT = "to be or not to be";

/** ln(p / (1 − p)) of the target after these input vectors. */
function logOdds(model: Model, inputs: readonly Float64Array[], target: number): number {
  const sizes = sizesOf(model);
  const state = () => new Float64Array(sizes.layers! * sizes.hidden);
  const { logits } = referenceGradients(sizes, model.parameters, {
    seqLength: inputs.length,
    batchSize: 1,
    inputs,
    targets: inputs.map(() => new Float64Array(sizes.outputs)),
    hiddenState: state(),
    cellState: state(),
  });
  const p = softmax(logits.slice(-sizes.outputs))[target]!;
  return Math.log(p) - Math.log1p(-p);
}

/** The norm of the gradient of the log-odds with respect to each input vector, numerically. */
function numericNorms(model: Model, ids: Uint32Array, target: number): number[] {
  const inputs = oneHot(ids, model.vocabulary.size);
  return inputs.map((vector) => {
    const gradient = Array.from(vector, (value, v) => {
      const difference = (step: number) => {
        vector[v] = value + step;
        const above = logOdds(model, inputs, target);
        vector[v] = value - step;
        const below = logOdds(model, inputs, target);
        vector[v] = value;
        return (above - below) / (2 * step);
      };
      // Extrapolated to a step of 0: errors of central differences are proportional to its square.
      return (4 * difference(5e-4) - difference(1e-3)) / 3;
    });
    return Math.hypot(...gradient);
  });
}

for (const cell of ["rnn", "gru", "lstm"] satisfies Cell[]) {
  for (const layers of [1, 2]) {
    Deno.test(`Connectivity agrees with finite differences: ${cell}, layers: ${layers}`, () => {
      const model = modelOf(TEXT, { cell, layers }, 0.6);
      const ids = model.vocabulary.encode(TEXT.slice(0, 9));
      using connectivity = new Connectivity(model, ids.length);
      for (const target of model.vocabulary.encode("nb")) {
        const actual = connectivity.compute({ ids, target });
        const expected = numericNorms(model, ids, target);
        assertEquals(actual.length, ids.length);
        expected.forEach((norm, t) => {
          const error = Math.abs(actual[t]! - norm) / Math.max(norm, 1e-4);
          assert(error < 1e-6, `step ${t}: ${actual[t]}, numerically ${norm}`);
        });
      }
    });
  }

  Deno.test(`Connectivity of the last characters does not depend on where it begins: ${cell}`, () => {
    const model = modelOf(TEXT, { cell, layers: 2 }, 0.6);
    const text = "not to be or to be ".repeat(12);
    const ids = model.vocabulary.encode(text);
    const [target] = model.vocabulary.encode("n");
    using reader = new TextReader(model, ids);
    using whole = new Connectivity(model, ids.length);
    const all = whole.compute({ ids, target: target! });
    const from = 128;
    const part = whole.compute({
      ids: ids.subarray(from),
      target: target!,
      hiddenState: reader.stateBefore(1),
    });
    assertEquals(part.length, ids.length - from);
    part.forEach((norm, t) => {
      const expected = all[from + t]!;
      assert(Math.abs(norm - expected) <= 1e-9 * Math.max(expected, 1e-9), `${norm} ${expected}`);
    });
  });
}

Deno.test("Connectivity stays finite for a prediction that is certain", () => {
  const model = modelOf(TEXT, {}, 0.6);
  const ids = model.vocabulary.encode("to be");
  const [target] = model.vocabulary.encode("r");
  model.parameters.by[target!] = 1000;
  using connectivity = new Connectivity(model, ids.length);
  const norms = connectivity.compute({ ids, target: target! });
  assert(norms.every((norm) => Number.isFinite(norm) && norm > 0), `${norms}`);
});

Deno.test("Connectivity is 0 where nothing else could be predicted", () => {
  const model = modelOf("aaaa", {}, 0.6);
  using connectivity = new Connectivity(model, 3);
  assertEquals([...connectivity.compute({ ids: Uint32Array.of(0, 0, 0), target: 0 })], [0, 0, 0]);
});
