/** Softmax and cross-entropy against the plain reference. */
import { assert, assertEquals } from "@std/assert";
import { Engine } from "../../src/engine/engine.ts";
import { type Precision, zeroParameters } from "../../src/model/parameters.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { softmax } from "../reference/network.ts";
import { precisions } from "./module.ts";

const tolerance = (precision: Precision) => precision === "f64" ? 1e-14 : 1e-6;

/**
 * An engine with these logits in each of four rows, of two steps and two streams: all weights are 0, so
 * the logits are the bias of the head.
 */
function engineWith(precision: Precision, logits: ArrayLike<number>, denseTargets: boolean) {
  const sizes = { inputs: 1, hidden: 1, outputs: logits.length };
  const engine = new Engine({ ...sizes, precision, seqLength: 2, batchSize: 2, denseTargets });
  const parameters = zeroParameters(sizes, precision);
  parameters.by.set(logits);
  engine.writeParameters(parameters);
  engine.forward();
  return engine;
}

function randomLogits(count: number, scale: number): Float64Array {
  const random = new Xoshiro128(count);
  return Float64Array.from({ length: count }, () => Math.fround(scale * random.normal()));
}

function assertClose(actual: ArrayLike<number>, wanted: ArrayLike<number>, error: number) {
  assertEquals(actual.length, wanted.length);
  for (let i = 0; i < wanted.length; i++) {
    assert(Math.abs(actual[i]! - wanted[i]!) <= error, `[${i}]: ${actual[i]}, not ${wanted[i]}`);
  }
}

const sizes = [1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 31, 64, 65, 257, 401];

for (const precision of precisions) {
  const error = tolerance(precision);

  Deno.test(`Engine.softmax() equals the reference at every size, ${precision}`, () => {
    for (const size of sizes) {
      for (const scale of [0.1, 3, 40]) {
        const logits = randomLogits(size, scale);
        const engine = engineWith(precision, logits, false);
        engine.softmax();
        const rows = engine.readOutputs();
        const wanted = softmax(logits);
        // The error of e^(y − max) is that of y, which is 6e-8·|y| in single precision.
        const allowed = error * (1 + scale);
        for (let row = 0; row < 4; row++) {
          assertClose(rows.slice(row * size, (row + 1) * size), wanted, allowed);
        }
      }
    }
  });

  Deno.test(`Engine.crossEntropy() of ids equals the reference, ${precision}`, () => {
    for (const size of sizes) {
      const logits = randomLogits(size, 3);
      const engine = engineWith(precision, logits, false);
      const targets = [0, size - 1, size >> 1, 0];
      engine.targetIds.set(targets);
      const loss = engine.crossEntropy();
      const p = softmax(logits);
      const losses = targets.map((target) => -Math.log(p[target]!));
      assertClose(engine.readLosses(), losses, 10 * error);
      assertClose([loss], [losses.reduce((a, b) => a + b) / 2], 40 * error);
      const gradients = engine.readOutputs();
      targets.forEach((target, row) => {
        const wanted = p.map((probability, v) => (probability - (v === target ? 1 : 0)) / 2);
        const actual = gradients.slice(row * size, (row + 1) * size);
        assertClose(actual, wanted, 4 * error);
        const sum = Array.from(actual).reduce((a, b) => a + b, 0);
        assert(Math.abs(sum) < size * error, `the gradient's sum is ${sum}`);
      });
    }
  });

  Deno.test(`Engine.crossEntropy() of distributions equals the reference, ${precision}`, () => {
    for (const size of sizes) {
      const logits = randomLogits(size, 3);
      const engine = engineWith(precision, logits, true);
      const random = new Xoshiro128(7);
      // A distribution with zeros, one with a sum of one half, a single character, and only zeros.
      const rows = [
        Float64Array.from({ length: size }, (_, v) => v % 3 === 1 ? 0 : random.uniform()),
        Float64Array.from({ length: size }, () => 0.5 / size),
        Float64Array.from({ length: size }, (_, v) => v === size - 1 ? 1 : 0),
        new Float64Array(size),
      ].map((row) => row.map(Math.fround));
      engine.writeTargetVectors(rows.flatMap((row) => [...row]));
      engine.crossEntropy();
      const p = softmax(logits);
      const losses = engine.readLosses();
      const gradients = engine.readOutputs();
      rows.forEach((q, row) => {
        const mass = q.reduce((a, b) => a + b, 0);
        const loss = q.reduce((sum, share, v) => sum - share * Math.log(p[v]!), 0);
        assertClose([losses[row]!], [loss], 20 * error * (1 + mass));
        const wanted = p.map((probability, v) => (probability * mass - q[v]!) / 2);
        const actual = gradients.slice(row * size, (row + 1) * size);
        assertClose(actual, wanted, 10 * error * (1 + mass));
      });
      assertEquals(losses[3], 0);
      assert(gradients.slice(3 * size).every((g) => g === 0));
    }
  });

  Deno.test(`Engine.crossEntropy() is exact for huge logits, ${precision}`, () => {
    for (
      const [logits, target, loss] of [
        [[1e30, 0, -1e30], 0, 0],
        [[1e4, -1e4, 0], 1, 2e4],
        [[-1e30, -1e30, -1e30], 2, Math.log(3)],
        [[88, 89, 90, 91, 92], 4, -Math.log(softmax(Float64Array.of(88, 89, 90, 91, 92))[4]!)],
      ] as const
    ) {
      const engine = engineWith(precision, logits, false);
      engine.targetIds.fill(target);
      assertClose([engine.crossEntropy() / 2], [loss], 10 * error * Math.max(1, loss));
      assert(engine.readOutputs().every(Number.isFinite));
    }
  });

  Deno.test(`Engine.crossEntropy() is NaN if a logit is NaN, ${precision}`, () => {
    const engine = engineWith(precision, [1, NaN, 2, 3, 4, 5, 6, 7, 8], false);
    assert(Number.isNaN(engine.crossEntropy()));
  });
}
