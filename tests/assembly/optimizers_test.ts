/** Updates by every optimizer, gradient clipping and weight averaging, against the plain reference. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Engine } from "../../src/engine/engine.ts";
import { instantiate } from "../../src/engine/kernels/instance.ts";
import { type Update, Updater } from "../../src/engine/update.ts";
import {
  elementCount,
  parameterNames,
  type ParameterSet,
  parameterSet,
  zeroParameters,
} from "../../src/model/parameters.ts";
import { optimizerNames } from "../../src/model/optimizers.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { referenceUpdate } from "../reference/optimizers.ts";
import { precisions, realsAt } from "./module.ts";

const sizes = { inputs: 5, hidden: 7, outputs: 6 };

/** An engine with random parameters after a backward pass; gradients are of the order of 1. */
function engineAfterBackward(precision: typeof precisions[number]): Engine {
  const engine = new Engine({ ...sizes, precision, seqLength: 6, batchSize: 2, stateSlots: 2 });
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

/** Every update rule, with and without its optional hyperparameters. */
const rules: readonly Omit<Update, "lr" | "gradClip">[] = [
  { optimizer: "adagrad" },
  { optimizer: "adagrad", weightDecay: 0.125 },
  { optimizer: "sgd" },
  { optimizer: "sgd", momentum: 0.75, weightDecay: 0.125 },
  { optimizer: "rmsprop" },
  { optimizer: "rmsprop", beta2: 0.875, weightDecay: 0.125 },
  { optimizer: "adam" },
  { optimizer: "adam", beta1: 0.5, beta2: 0.75, weightDecay: 0.125 },
  { optimizer: "adamw", weightDecay: 0.125 },
];

/** Bounds of gradient clipping, and their modes. */
const clips = [
  [0.25, "value"],
  [2 ** -10, "value"],
  [0, "value"],
  [0, "norm"],
  [0.5, "norm"],
  [1e6, "norm"],
] as const;

for (const precision of precisions) {
  const error = precision === "f64" ? 1e-15 : 3e-7;
  for (const rule of rules) {
    Deno.test(`Engine.update() equals the reference, ${JSON.stringify(rule)}, ${precision}`, () => {
      // Bounds that clip some gradients, all of them, or none, by value and by norm.
      for (const [gradClip, gradClipMode] of clips) {
        using engine = engineAfterBackward(precision);
        const gradients = inDouble(engine.readGradients());
        const wanted = inDouble(engine.readParameters());
        const stateSlots = [zeroParameters(sizes, "f64"), zeroParameters(sizes, "f64")];
        // Several updates by the same gradient, so that the optimizer state has an effect.
        for (let step = 1; step <= 3; step++) {
          const update = { ...rule, lr: 0.125, gradClip, gradClipMode, step };
          assert(engine.update(update));
          referenceUpdate(update, wanted, gradients, stateSlots);
        }
        assertSets(engine.readParameters(), wanted, error);
        assertSets(engine.readOptimizerState(0), stateSlots[0]!, error);
        assertSets(engine.readOptimizerState(1), stateSlots[1]!, error);
      }
    });
  }

  Deno.test(`Engine.readWeightAverage() equals the reference with any number of threads, ${precision}`, () => {
    for (const weightAverage of [1, 0.25, 0.1]) {
      for (const threads of [1, 3]) {
        const options = {
          ...sizes,
          precision,
          seqLength: 1,
          batchSize: 1,
          weightAverage: true,
          threads,
        };
        using engine = new Engine(options);
        const random = new Xoshiro128(7);
        let wanted = zeroParameters(sizes, "f64");
        for (let step = 1; step <= 12; step++) {
          const weights = parameterSet(sizes, (_, shape) => {
            return Float64Array.from({ length: elementCount(shape) }, () => random.normal());
          });
          engine.writeParameters(weights);
          // The gradients are zero, so the update does not change the weights.
          engine.update({ optimizer: "sgd", lr: 0.5, gradClip: 5, step, weightAverage });
          const rate = Math.min(1, 1 / (weightAverage * step));
          wanted = parameterSet(sizes, (name) => {
            return wanted[name]!.map((a, i) => a + rate * (weights[name]![i]! - a));
          });
          assertSets(engine.readWeightAverage(), wanted, error);
          assertSets(engine.readParameters(), weights, error);
        }
      }
    }
  });

  Deno.test(`Engine rejects weight averaging without "weightAverage", ${precision}`, () => {
    using engine = new Engine({ ...sizes, precision, seqLength: 1, batchSize: 1 });
    const update = { optimizer: "sgd", lr: 0.1, gradClip: 5, weightAverage: 0.1 } as const;
    assertThrows(() => engine.update(update), RangeError, '"weightAverage" false');
    assertThrows(() => engine.readWeightAverage(), RangeError, '"weightAverage" false');
    assertThrows(
      () => engine.writeWeightAverage(engine.readParameters()),
      RangeError,
      '"weightAverage" false',
    );
  });

  Deno.test(`Engine.update() returns whether all parameters are finite, ${precision}`, () => {
    for (const threads of [1, 3]) {
      const options = { ...sizes, precision, seqLength: 1, batchSize: 1, stateSlots: 2 };
      using engine = new Engine({ ...options, threads });
      for (const rule of rules) {
        const update = { ...rule, lr: 0.1, gradClip: 5 };
        // Numbers at both ends of a parameter, in the shares of different threads.
        for (const [name, index] of [["Wxh", 0], ["Whh", 48], ["Why", 41], ["by", 5]] as const) {
          for (const value of [NaN, Infinity, -Infinity]) {
            engine.clear();
            assert(engine.update(update));
            engine.writeParameter(name, index, value);
            assert(!engine.update(update), `${JSON.stringify(rule)} ${name} ${value}`);
          }
        }
      }
    }
  });

  Deno.test(`Engine.gradientNorm() is the norm of all gradients with any number of threads, ${precision}`, () => {
    // More than one block of sums, which no number of threads shares evenly.
    const sizes = { inputs: 130, hidden: 129, outputs: 131 };
    const norms = [1, 2, 3].map((threads) => {
      using engine = new Engine({ ...sizes, precision, seqLength: 2, batchSize: 2, threads });
      const random = new Xoshiro128(3);
      engine.writeParameters(parameterSet(sizes, (_, shape) => {
        return Float64Array.from({ length: elementCount(shape) }, () => random.normal());
      }));
      engine.inputIds.set([1, 2, 3, 4]);
      engine.targetIds.set([5, 6, 7, 8]);
      engine.forward();
      engine.crossEntropy();
      engine.backward();
      let squares = 0;
      for (const gradient of Object.values(engine.readGradients())) {
        for (const g of gradient) squares += g * g;
      }
      const norm = engine.gradientNorm();
      assert(Math.abs(norm - Math.sqrt(squares)) <= 1e-12 * norm);
      return norm;
    });
    assertEquals(norms, [norms[0], norms[0], norms[0]]);
  });

  Deno.test(`Engine.update() rejects an optimizer with more state slots than reserved, ${precision}`, () => {
    using engine = new Engine({ ...sizes, precision, seqLength: 1, batchSize: 1, stateSlots: 0 });
    const update = { lr: 0.1, gradClip: 5 };
    assertThrows(
      () => engine.update({ ...update, optimizer: "adam" }),
      RangeError,
      '"stateSlots" 2',
    );
    assertThrows(
      () => engine.update({ ...update, optimizer: "adagrad" }),
      RangeError,
      '"stateSlots" 1',
    );
    assertThrows(() => engine.readOptimizerState(), RangeError, "state slot 0");
    for (const stateSlots of [-1, 3, 0.5]) {
      const options = { ...sizes, precision, seqLength: 1, batchSize: 1, stateSlots };
      assertThrows(() => new Engine(options), RangeError, '"stateSlots" must be 0, 1 or 2');
    }
  });

  Deno.test(`Engine.update() keeps the weights of characters that are not in the batch, ${precision}`, () => {
    const engine = engineAfterBackward(precision);
    engine.inputIds.fill(2);
    engine.forward();
    engine.crossEntropy();
    engine.backward();
    const before = engine.readParameters().Wxh;
    engine.update({ optimizer: "adagrad", lr: 0.1, gradClip: 5 });
    engine.readParameters().Wxh.forEach((weight, i) => {
      assertEquals(weight === before[i], i % sizes.inputs !== 2);
    });
  });

  Deno.test(`Engine.update() keeps NaN through gradient clipping, ${precision}`, () => {
    for (const optimizer of optimizerNames) {
      const engine = engineAfterBackward(precision);
      engine.writeParameter("by", 0, NaN);
      engine.forward();
      engine.crossEntropy();
      engine.backward();
      assert(!engine.update({ optimizer, lr: 0.1, gradClip: 5 }));
      assert(Number.isNaN(engine.readParameters().by[0]));
      assert(engine.readParameters().Why.some(Number.isNaN));
    }
  });

  for (const optimizer of optimizerNames) {
    Deno.test(`Padding stays 0 during training with ${optimizer}, ${precision}`, () => {
      const plan = {
        ...sizes,
        seqLength: 5,
        batchSize: 3,
        training: true,
        stateSlots: 2,
      };
      const instance = instantiate(precision, plan);
      const { kernels, layout, memory } = instance;
      const updater = new Updater(instance, 1);
      const { buffer } = memory;
      const reals = realsAt(buffer, { precision });
      const at = (address: number) => address / reals.BYTES_PER_ELEMENT;
      const { inputsPadded: Ip, hiddenPadded: Hp, outputsPadded: Vp } = layout;
      const { inputs: I, hidden: H, outputs: V } = sizes;
      // Address, rows and columns without and with padding.
      const blocks = [
        [kernels.Wxh(0), I, Ip, H, Hp],
        [kernels.Whh(0), H, Hp, H, Hp],
        [layout.Why, H, Hp, V, Vp],
        [kernels.bh(0), 1, 1, H, Hp],
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
        kernels.crossEntropyOfIds(5, 1 / 3, 0);
        kernels.backward(5, false);
        updater.run({ optimizer, lr: 0.1, gradClip: 5 }, { workers: 1 });
        kernels.carryHiddenState(5);
      }
      const assertZeros = (address: number, rows: number, columns: number, stride: number) => {
        for (let row = 0; row < rows; row++) {
          for (let column = columns; column < stride; column++) {
            assertEquals(Math.abs(reals[at(address) + row * stride + column]!), 0);
          }
        }
      };
      for (const distance of [0, layout.toGradient, layout.toMoment1, layout.toMoment2]) {
        for (const [address, rows, rowsPadded, columns, stride] of blocks) {
          assertZeros(address + distance, rowsPadded, columns, stride);
          for (let row = rows; row < rowsPadded; row++) {
            assertZeros(address + distance + row * stride * reals.BYTES_PER_ELEMENT, 1, 0, stride);
          }
        }
      }
      assertZeros(kernels.hiddenStates(0), 18, H, Hp);
      assertZeros(layout.logits, 15, V, Vp);
      assert(reals[at(kernels.Wxh(0))] !== 0);
    });
  }
}
