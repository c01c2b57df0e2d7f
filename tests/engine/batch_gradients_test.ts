import { assert, assertEquals, assertThrows } from "@std/assert";
import { batchGradients } from "../../src/engine/batch_gradients.ts";
import { sizesOf } from "../../src/model/model.ts";
import { parameterNames } from "../../src/model/parameters.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { modelOf } from "../generate/models.ts";
import { oneHot, referenceGradients } from "../reference/network.ts";

const model = modelOf("peter piper picked a peck of pickled peppers. ", { hidden: 7 }, 0.7);
const sizes = sizesOf(model);

Deno.test("batchGradients() returns the reference's gradients and leaves the model unchanged", () => {
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
    const expected = referenceGradients(sizes, model.parameters, {
      seqLength,
      batchSize,
      inputs: oneHot(inputs, sizes.inputs),
      targets: oneHot(targets, sizes.outputs),
      hiddenState: state ?? new Float64Array(21),
    });
    assert(Math.abs(result.loss - expected.loss) < 1e-12);
    for (const name of parameterNames) {
      expected.gradients[name].forEach((g, i) => {
        assert(Math.abs(g - result.gradients[name][i]!) < 1e-13, name);
      });
    }
    expected.hiddenStates[0]!.slice(-21).forEach((h, i) => {
      assert(Math.abs(h - result.hiddenState[i]!) < 1e-14);
    });
  }
  assertEquals(model.parameters, before);
});

Deno.test("batchGradients() rejects a batch of wrong lengths or unknown ids", () => {
  const good = { seqLength: 2, batchSize: 1, inputs: [0, 1], targets: [1, 2] };
  for (
    const [wrong, fragment] of [
      [{ inputs: [0] }, '"inputs" must have 2 ids, not 1'],
      [{ targets: [0, 1, 2] }, '"targets" must have 2 ids, not 3'],
      [{ inputs: [0, 99] }, "input id 99"],
      [{ targets: [0, 99] }, "target id 99"],
      [{ hiddenState: [1] }, "hidden state: it has 7 numbers, and 1 were given"],
      [{ seqLength: 0 }, '"seqLength" must be a whole number'],
    ] as const
  ) {
    assertThrows(() => batchGradients(model, { ...good, ...wrong }), RangeError, fragment);
  }
});
