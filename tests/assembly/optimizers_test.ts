import { assert, assertEquals } from "@std/assert";
import { Engine } from "../../src/engine/engine.ts";
import { instantiate } from "../../src/engine/kernels/instance.ts";
import type { Optimizer } from "../../src/model/config.ts";
import { parameterNames, type ParameterSet, zeroParameters } from "../../src/model/parameters.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { referenceAdagrad, referenceSgd } from "../reference/rnn.ts";

const precisions = ["f32", "f32-strict", "f64"] as const;
const sizes = { inputs: 5, hidden: 7, outputs: 6 };

/** An engine with random parameters, after one backward pass; gradients are of the order of 1. */
function engineAfterBackward(precision: typeof precisions[number]): Engine {
  const engine = new Engine({ ...sizes, precision, steps: 6, streams: 2 });
  const random = new Xoshiro128(3);
  const parameters = zeroParameters(sizes, precision);
  for (const name of parameterNames) {
    parameters[name].forEach((_, i, array) => array[i] = random.normal());
  }
  engine.writeParameters(parameters);
  engine.inputIds.forEach((_, i, ids) => ids[i] = random.nextUint32() % sizes.inputs);
  engine.targetIds.forEach((_, i, ids) => ids[i] = random.nextUint32() % sizes.outputs);
  engine.forward();
  engine.crossEntropy();
  engine.backward();
  return engine;
}

function inDouble(set: ParameterSet): ParameterSet {
  const doubles = zeroParameters(sizes, "f64");
  for (const name of parameterNames) doubles[name].set(set[name]);
  return doubles;
}

function assertSets(actual: ParameterSet, wanted: ParameterSet, error: number): void {
  for (const name of parameterNames) {
    wanted[name].forEach((value, i) => {
      const difference = Math.abs(actual[name][i]! - value);
      assert(difference <= error * Math.max(1, Math.abs(value)), `${name}[${i}]: ${difference}`);
    });
  }
}

for (const precision of precisions) {
  const error = precision === "f64" ? 1e-15 : 3e-7;
  for (const optimizer of ["adagrad", "sgd"] as const) {
    // A clip that cuts some gradients, one that cuts all, none.
    for (const clip of [0.3, 1e-3, 0]) {
      Deno.test(`${precision}: ${optimizer} with clip ${clip} is the reference's update`, () => {
        const engine = engineAfterBackward(precision);
        const gradients = inDouble(engine.readGradients());
        const wanted = inDouble(engine.readParameters());
        const sums = zeroParameters(sizes, "f64");
        const limit = clip === 0 ? Infinity : Math.fround(clip);
        // Several updates by the same gradient, so that the sums matter.
        for (let step = 0; step < 3; step++) {
          const rate = Math.fround(0.1);
          engine.update({ optimizer, lr: rate, clip: limit === Infinity ? 0 : limit });
          if (optimizer === "adagrad") referenceAdagrad(wanted, gradients, sums, rate, limit);
          else referenceSgd(wanted, gradients, rate, limit);
        }
        assertSets(engine.readParameters(), wanted, error);
        assertSets(engine.readOptimizerSums(), sums, error);
      });
    }
  }

  Deno.test(`${precision}: the gradient of a character that is not there moves nothing`, () => {
    const engine = engineAfterBackward(precision);
    engine.inputIds.fill(2);
    engine.forward();
    engine.crossEntropy();
    engine.backward();
    const before = engine.readParameters().Wxh;
    engine.update({ optimizer: "adagrad", lr: 0.1, clip: 5 });
    engine.readParameters().Wxh.forEach((weight, i) => {
      assertEquals(weight === before[i], i % sizes.inputs !== 2);
    });
  });

  Deno.test(`${precision}: a NaN in the gradient is not clipped away`, () => {
    for (const optimizer of ["adagrad", "sgd"] as const) {
      const engine = engineAfterBackward(precision);
      engine.writeParameter("by", 0, NaN);
      engine.forward();
      engine.crossEntropy();
      engine.backward();
      engine.update({ optimizer, lr: 0.1, clip: 5 });
      assert(Number.isNaN(engine.readParameters().by[0]));
      assert(engine.readParameters().Why.some(Number.isNaN));
    }
  });

  for (const optimizer of ["adagrad", "sgd"] as readonly Optimizer[]) {
    Deno.test(`${precision}: every padded number stays 0 through training by ${optimizer}`, () => {
      const plan = {
        ...sizes,
        steps: 5,
        streams: 3,
        denseInputs: false,
        denseTargets: false,
        training: true,
      };
      const { kernels, layout, memory } = instantiate(precision, plan);
      const { buffer } = memory;
      const reals = precision === "f64" ? new Float64Array(buffer) : new Float32Array(buffer);
      const at = (address: number) => address / reals.BYTES_PER_ELEMENT;
      const { inputsPadded: Ip, hiddenPadded: Hp, outputsPadded: Vp } = layout;
      const { inputs: I, hidden: H, outputs: V } = sizes;
      // Address, rows and columns with and without padding.
      const blocks = [
        [layout.Wxh, I, Ip, H, Hp],
        [layout.Whh, H, Hp, H, Hp],
        [layout.Why, H, Hp, V, Vp],
        [layout.bh, 1, 1, H, Hp],
        [layout.by, 1, 1, V, Vp],
      ] as const;
      const random = new Xoshiro128(5);
      const ids = new Uint32Array(buffer);
      for (const [address, rows, , columns, stride] of blocks) {
        for (let row = 0; row < rows; row++) {
          for (let column = 0; column < columns; column++) {
            reals[at(address) + row * stride + column] = random.normal();
          }
        }
      }
      for (let step = 0; step < 20; step++) {
        for (let row = 0; row < 15; row++) {
          ids[layout.inputIds / 4 + row] = random.nextUint32() % I;
          ids[layout.targetIds / 4 + row] = random.nextUint32() % V;
        }
        kernels.forward(5, false, 0, 0);
        kernels.crossEntropyOfIds(5, 1 / 3);
        kernels.backward(5, false);
        kernels[optimizer](0.1, 5);
        kernels.carryHiddenState(5);
      }
      const assertZeros = (address: number, rows: number, columns: number, stride: number) => {
        for (let row = 0; row < rows; row++) {
          for (let column = columns; column < stride; column++) {
            assertEquals(Math.abs(reals[at(address) + row * stride + column]!), 0);
          }
        }
      };
      for (const distance of [0, layout.toGradient, layout.toSum]) {
        for (const [address, rows, rowsPadded, columns, stride] of blocks) {
          assertZeros(address + distance, rowsPadded, columns, stride);
          for (let row = rows; row < rowsPadded; row++) {
            assertZeros(address + distance + row * stride * reals.BYTES_PER_ELEMENT, 1, 0, stride);
          }
        }
      }
      assertZeros(layout.hiddenStates, 18, H, Hp);
      assertZeros(layout.logits, 15, V, Vp);
      assert(reals[at(layout.Wxh)] !== 0);
    });
  }
}
