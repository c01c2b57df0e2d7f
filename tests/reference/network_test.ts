/** Tests of the reference network itself, against finite differences and PyTorch. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import type { ParameterSet, Sizes } from "../../src/model/parameters.ts";
import type { Cell } from "../../src/model/cells.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { type Batch, referenceGradients, referenceShapes } from "./network.ts";
// Computed by PyTorch 1.13 in float64: `torch.nn.RNN`, `GRU` and `LSTM` of two layers as `rnn`, and
// `torch.nn.Linear` as `head`; H 3, I = V = 4, T 3, B 2. Every array is flat, row-major.
import pytorch from "./pytorch.json" with { type: "json" };

const cells: readonly Cell[] = ["rnn", "gru", "lstm"];

/** Random parameters and a random batch; all sizes differ, so that none can stand for another. */
function makeCase(cell: Cell, layers: number, dropout: boolean) {
  const sizes = { cell, layers, inputs: 2, hidden: 3, outputs: 5 };
  const [T, B] = [4, 2];
  const random = new Xoshiro128(layers);
  const normal = (length: number, scale: number) =>
    Float64Array.from({ length }, () => scale * random.normal());
  const parameters = Object.fromEntries(
    Object.entries(referenceShapes(sizes)).map(([name, shape]) => [
      name,
      normal(shape.reduce((product, n) => product * n, 1), 0.7),
    ]),
  ) as unknown as ParameterSet;
  const vectors = (make: () => Float64Array) => Array.from({ length: T * B }, make);
  const states = layers * B * sizes.hidden;
  const batch: Batch = {
    seqLength: T,
    batchSize: B,
    inputs: vectors(() => normal(sizes.inputs, 1)),
    targets: vectors(() => {
      const weights = Float64Array.from({ length: sizes.outputs }, () => random.uniform());
      const sum = weights.reduce((a, b) => a + b, 0);
      return weights.map((weight) => weight / sum);
    }),
    hiddenState: normal(states, 0.5),
    ...(cell === "lstm" ? { cellState: normal(states, 0.5) } : {}),
    ...(dropout ? { dropout: dropoutFactors(layers - 1, T * B * sizes.hidden, random) } : {}),
  };
  return { sizes, parameters, batch };
}

/** Factors 0 with probability 0.4, else 1 / 0.6. */
function dropoutFactors(count: number, length: number, random: Xoshiro128): Float64Array[] {
  return Array.from(
    { length: count },
    () => Float64Array.from({ length }, () => random.uniform() < 0.4 ? 0 : 1 / 0.6),
  );
}

/** The loss when one element of one parameter is `delta` larger. */
function lossNear(
  { sizes, parameters, batch }: ReturnType<typeof makeCase>,
  name: string,
  element: number,
  delta: number,
): number {
  const changed = parameters[name as "Wxh"].slice();
  changed[element]! += delta;
  return referenceGradients(sizes, { ...parameters, [name]: changed }, batch).loss;
}

/** Asserts that two arrays agree to `tolerance`, relative to the second, or absolute below 1. */
function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  assertEquals(actual.length, expected.length, what);
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!) / Math.max(1, Math.abs(expected[i]!));
    assert(error <= tolerance, `${what}[${i}]: ${actual[i]} for ${expected[i]}`);
  }
}

for (const cell of cells) {
  for (const layers of [1, 2, 3]) {
    for (const dropout of layers === 1 ? [false] : [false, true]) {
      const label = `${cell}, layers: ${layers}${dropout ? ", dropout" : ""}`;
      Deno.test(`referenceGradients() agrees with finite differences: ${label}`, () => {
        const network = makeCase(cell, layers, dropout);
        const { gradients } = referenceGradients(network.sizes, network.parameters, network.batch);
        assertEquals(Object.keys(gradients), Object.keys(referenceShapes(network.sizes)));
        for (const [name, gradient] of Object.entries(gradients)) {
          for (let i = 0; i < gradient.length; i++) {
            // Two central differences, extrapolated to a step of 0; their errors are proportional to
            // the square of the step.
            const difference = (step: number) =>
              (lossNear(network, name, i, step) - lossNear(network, name, i, -step)) / (2 * step);
            const numeric = (4 * difference(5e-4) - difference(1e-3)) / 3;
            // Below 1e-4, the rounding error of the loss is more than a millionth of the gradient.
            const scale = Math.max(Math.abs(gradient[i]!), Math.abs(numeric), 1e-4);
            const error = Math.abs(gradient[i]! - numeric) / scale;
            assert(error < 1e-6, `${name}[${i}]: ${gradient[i]}, numerically ${numeric}`);
          }
        }
      });
    }
  }
}

for (const cell of cells) {
  Deno.test(`referenceGradients() agrees with PyTorch: ${cell}`, () => {
    const sizes = { cell, layers: 2, inputs: 4, hidden: 3, outputs: 4 };
    const expected = pytorch[cell];
    const vectors = (rows: number[][]) => rows.map((row) => Float64Array.from(row));
    const { loss, gradients } = referenceGradients(sizes, fromPyTorch(sizes, expected.parameters), {
      seqLength: 3,
      batchSize: 2,
      inputs: vectors(expected.inputs),
      targets: vectors(expected.targets),
      hiddenState: Float64Array.from(expected.hiddenState),
      ...("cellState" in expected ? { cellState: Float64Array.from(expected.cellState) } : {}),
    });
    assertClose([loss], [expected.loss], 1e-12, "loss");
    // The gradient of a sum of two biases is that of either.
    const expectedGradients = fromPyTorch(sizes, expected.gradients, (input) => input);
    assertEquals(Object.keys(gradients).sort(), Object.keys(expectedGradients).sort());
    for (const [name, gradient] of Object.entries(gradients)) {
      assertClose(gradient, expectedGradients[name as "Wxh"], 1e-12, name);
    }
  });
}

/** PyTorch's tensors by this project's names; `merge` combines two biases that are added. */
function fromPyTorch(
  { cell, layers = 1, hidden: H }: Sizes,
  tensors: Record<string, number[]>,
  merge: (input: number, recurrent: number) => number = (input, recurrent) => input + recurrent,
): ParameterSet {
  const array = (name: string) => Float64Array.from(tensors[name]!);
  const parameters: Record<string, Float64Array> = {
    Why: array("head.weight"),
    by: array("head.bias"),
  };
  for (let l = 0; l < layers; l++) {
    const suffix = l === 0 ? "" : `_l${l}`;
    parameters["Wxh" + suffix] = array(`rnn.weight_ih_l${l}`);
    parameters["Whh" + suffix] = array(`rnn.weight_hh_l${l}`);
    const recurrent = array(`rnn.bias_hh_l${l}`);
    parameters["bh" + suffix] = array(`rnn.bias_ih_l${l}`).map((input, k) =>
      cell === "gru" && k >= 2 * H ? input : merge(input, recurrent[k]!)
    );
    if (cell === "gru") parameters["bhn" + suffix] = recurrent.slice(2 * H);
  }
  return parameters as unknown as ParameterSet;
}

Deno.test("referenceGradients() returns the states that the next batch starts from", () => {
  for (const cell of cells) {
    const { sizes, parameters, batch } = makeCase(cell, 3, true);
    const { seqLength: T, batchSize: B } = batch;
    const whole = referenceGradients(sizes, parameters, batch);
    const part = (from: number, to: number): Batch => ({
      ...batch,
      seqLength: to - from,
      inputs: batch.inputs.slice(from * B, to * B),
      targets: batch.targets.slice(from * B, to * B),
      dropout: batch.dropout!.map((f) => f.slice(from * B * sizes.hidden, to * B * sizes.hidden)),
    });
    const first = referenceGradients(sizes, parameters, part(0, 1));
    const join = (states: readonly Float64Array[]) =>
      Float64Array.from(states.flatMap((layer) => [...layer]));
    const second = referenceGradients(sizes, parameters, {
      ...part(1, T),
      hiddenState: join(first.hiddenStates),
      ...(first.cellStates ? { cellState: join(first.cellStates) } : {}),
    });
    assertEquals([...first.logits, ...second.logits], [...whole.logits]);
    assertClose([first.loss + second.loss], [whole.loss], 1e-14, cell);
    assertEquals(whole.cellStates !== undefined, cell === "lstm");
  }
});

Deno.test("referenceGradients() is finite for huge logits", () => {
  for (const cell of cells) {
    const { sizes, parameters, batch } = makeCase(cell, 2, false);
    const huge = { ...parameters, by: Float64Array.of(1e6, -1e6, 800, 1e6, -1e300) };
    const targets = batch.targets.map(() => Float64Array.of(0, 1, 0, 0, 0));
    const { loss, gradients, logits } = referenceGradients(sizes, huge, { ...batch, targets });
    assert(Math.abs(loss / batch.seqLength - 2e6) < 10, `${loss}`);
    assert(logits.every(Number.isFinite));
    for (const gradient of Object.values(gradients)) assert(gradient.every(Number.isFinite));
  }
});

Deno.test("referenceGradients() rejects an LSTM without a cell state", () => {
  const { sizes, parameters, batch } = makeCase("lstm", 1, false);
  const { cellState: _, ...without } = batch;
  assertThrows(() => referenceGradients(sizes, parameters, without), TypeError, "cell state");
});
