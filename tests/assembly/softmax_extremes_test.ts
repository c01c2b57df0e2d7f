import { assert, assertEquals } from "@std/assert";
import { instantiate } from "../../src/engine/kernels/instance.ts";
import type { Precision } from "../../src/model/parameters.ts";
import { precisions, realsAt } from "./module.ts";

const OUTPUTS = 5;

/** One row of logits and targets in the memory of the kernels. */
function rowOf(precision: Precision, logits: readonly number[], target: readonly number[]) {
  const { kernels, layout, memory } = instantiate(precision, {
    ...{ inputs: 1, hidden: 1, outputs: OUTPUTS, seqLength: 1, batchSize: 1, denseTargets: true },
  });
  const at = (address: number, count: number) =>
    realsAt(memory.buffer, { precision, address, count });
  const row = at(layout.logits, layout.outputsPadded);
  row.set(logits);
  at(layout.targetVectors, OUTPUTS).set(target);
  return { kernels, row, loss: at(layout.losses, 1) };
}

for (const precision of precisions) {
  const error = precision === "f64" ? 1e-14 : 1e-6;
  const near = (actual: number, wanted: number) =>
    Math.abs(actual - wanted) <= error * Math.max(1, Math.abs(wanted));

  Deno.test(`crossEntropyOfVectors() is finite for huge logits, ${precision}`, () => {
    for (
      const [logits, target, loss, gradient] of [
        // Half of the target has probability 0: the loss is the difference of the logits.
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
        kernels.crossEntropyOfVectors(1, scale, 0);
        assert(near(actual[0]!, loss), `${logits}: the loss is ${actual[0]}, not ${loss}`);
        gradient.forEach((g, v) => assert(near(row[v]!, scale * g), `${logits}: ${row}`));
        assert(row.subarray(OUTPUTS).every((g) => g === 0), "the padding");
      }
    }
  });

  Deno.test(`softmax() of huge logits is 1, 0 or equal shares, ${precision}`, () => {
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
