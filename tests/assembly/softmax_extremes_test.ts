import { assert, assertEquals } from "@std/assert";
import { instantiate } from "../../src/engine/kernels/instance.ts";
import type { Precision } from "../../src/model/types.ts";

const OUTPUTS = 5;

/** One row of logits and targets, laid into the kernels' memory. */
function rowOf(precision: Precision, logits: readonly number[], target: readonly number[]) {
  const { kernels, layout, memory } = instantiate(precision, {
    ...{ inputs: 1, hidden: 1, outputs: OUTPUTS, seqLength: 1, batchSize: 1 },
    ...{ denseInputs: false, denseTargets: true, training: false },
  });
  const { buffer } = memory;
  const at = (address: number, count: number) =>
    precision === "f64"
      ? new Float64Array(buffer, address, count)
      : new Float32Array(buffer, address, count);
  const row = at(layout.logits, layout.outputsPadded);
  row.set(logits);
  at(layout.targetVectors, OUTPUTS).set(target);
  return { kernels, row, loss: at(layout.losses, 1) };
}

for (const precision of ["f32", "f32-strict", "f64"] as const) {
  const error = precision === "f64" ? 1e-14 : 1e-6;
  const near = (actual: number, wanted: number) =>
    Math.abs(actual - wanted) <= error * Math.max(1, Math.abs(wanted));

  Deno.test(`${precision}: huge logits and distributions give finite losses and gradients`, () => {
    for (
      const [logits, target, loss, gradient] of [
        // Half a row's mass lies on what has no chance: the loss is what the logits differ by.
        [[1e4, -1e4, 0, 0, 0], [0.5, 0.5, 0, 0, 0], 1e4, [0.5, -0.5, 0, 0, 0]],
        [[1e30, -1e30, 0, 0, 0], [1, 0, 0, 0, 0], 0, [0, 0, 0, 0, 0]],
        [[1e30, -1e30, 0, 0, 0], [0, 0, 0, 0, 0], 0, [0, 0, 0, 0, 0]],
        [[-1e30, -1e30, -1e30, -1e30, -1e30], [0, 0, 0, 0, 1], Math.log(5), [
          ...[0.2, 0.2, 0.2, 0.2, -0.8],
        ]],
      ] as const
    ) {
      for (const scale of [1, 0.25, 3]) {
        const { kernels, row, loss: actual } = rowOf(precision, logits, target);
        kernels.crossEntropyOfVectors(1, scale);
        assert(near(actual[0]!, loss), `${logits}: the loss is ${actual[0]}, not ${loss}`);
        gradient.forEach((g, v) => assert(near(row[v]!, scale * g), `${logits}: ${row}`));
        assert(row.subarray(OUTPUTS).every((g) => g === 0), "the padding");
      }
    }
  });

  Deno.test(`${precision}: probabilities of huge logits are 1, 0 or equal shares`, () => {
    for (
      const [logits, wanted] of [
        [[1e30, -1e30, 0, 1, -1], [1, 0, 0, 0, 0]],
        [[-1e30, -1e30, -1e30, -1e30, -1e30], [0.2, 0.2, 0.2, 0.2, 0.2]],
        [[1e4, 1e4, -1e4, 0, 0], [0.5, 0.5, 0, 0, 0]],
      ] as const
    ) {
      const { kernels, row } = rowOf(precision, logits, [0, 0, 0, 0, 0]);
      kernels.softmax(1);
      wanted.forEach((p, v) => assert(near(row[v]!, p), `${logits}: ${row}`));
      assertEquals([...row.subarray(OUTPUTS)], Array(row.length - OUTPUTS).fill(0));
    }
  });
}
