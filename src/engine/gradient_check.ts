import {
  elementCount,
  type ParameterName,
  parameterSet,
  type RealArray,
  shapeEntries,
} from "../model/parameters.ts";
import { checkArguments, optionsSchema } from "../arguments.ts";
import type { Cell } from "../model/cells.ts";
import { Xoshiro128 } from "../random.ts";
import { real, unchecked } from "../schemas.ts";
import { Engine } from "./engine.ts";

/** The sizes of the network and batch that {@linkcode checkGradients} generates. */
export interface GradientCheckSizes {
  /** Hidden units of a layer, H. */
  readonly hidden: number;
  /** Sequence length, T. */
  readonly seqLength: number;
  /** Batch size, B. */
  readonly batchSize: number;
  /** The cell. Default: `rnn`. */
  readonly cell?: Cell;
  /** Layers, L. Default: 1. */
  readonly layers?: number;
  /** The probability of dropout between layers. Default: 0. */
  readonly dropout?: number;
  /** Threads to compute with. Default: 1. */
  readonly threads?: number;
}

/** The result of {@linkcode checkGradients} for one parameter. */
export interface GradientCheck {
  /** The name of the parameter. */
  readonly name: ParameterName;
  /** The numbers that were compared: all of the parameter. */
  readonly elements: number;
  /** The largest relative error. */
  readonly largestError: number;
  /** The index of the number with that error, in the row-major array. */
  readonly index: number;
  /** Its gradient by back-propagation. */
  readonly gradient: number;
  /** Its gradient by central differences. */
  readonly difference: number;
}

/** Vocabulary size, V, of the network. */
const VOCABULARY = 11;
/** The step of the differences, at which rounding and truncation errors are both near 1e-11. */
const DELTA = 2e-3;
/**
 * The error of a gradient below this fraction of the largest gradient is measured against that
 * fraction: a difference is off by about 1e-12 of the loss, however small the gradient is.
 */
const FLOOR = 1e-4;

// The engine checks the values.
const schema = optionsSchema({
  cell: unchecked,
  layers: unchecked,
  dropout: real((x) => x >= 0 && x < 1, "a number from 0 up to, not including, 1"),
  threads: unchecked,
}, {
  hidden: unchecked,
  seqLength: unchecked,
  batchSize: unchecked,
});

/**
 * Checks the gradients of the f64 kernels: compares every number with the central difference of fourth
 * order of the loss, f′(x) ≈ (8 (f(x+δ) − f(x−δ)) − (f(x+2δ) − f(x−2δ))) / 12δ.
 *
 * The network and the batch are random, with gradients of moderate size in all parameters, and a
 * vocabulary of 11 characters.
 *
 * @param sizes The sizes of the network and the batch.
 * @param seed The seed of the network, the batch and dropout.
 * @throws {RangeError} If a size is out of range.
 * @throws {TypeError} If a size has a wrong type, or is unknown or missing.
 * @throws {InputError} If the seed is not a whole number, 0 or above.
 *
 * @example
 * ```ts
 * import { checkGradients } from "./gradient_check.ts";
 *
 * const checks = checkGradients({ hidden: 4, seqLength: 3, batchSize: 2 });
 * console.log(checks.every(({ largestError }) => largestError < 1e-6)); // true
 * ```
 */
export function checkGradients(sizes: GradientCheckSizes, seed = 1): GradientCheck[] {
  sizes = checkArguments(sizes, { schema, context: "Cannot check gradients" });
  const dropout = { probability: sizes.dropout ?? 0, seed };
  using engine = createRandomEngine(sizes, new Xoshiro128(seed));
  const computeLoss = () => {
    engine.forward(engine.options.seqLength, dropout);
    return engine.crossEntropy();
  };
  computeLoss();
  engine.backward();
  const gradients = engine.readGradients();
  const parameters = engine.readParameters();
  const all = Object.values(gradients);
  const floor = FLOOR * all.reduce((max, numbers) => Math.max(max, largestMagnitude(numbers)), 0);

  return shapeEntries(engine.options).map(([name]) => {
    const differenceAt = (index: number): number => {
      const value = parameters[name]![index]!;
      const difference = centralDifference(value, (x) => {
        engine.writeParameter(name, index, x);
        return computeLoss();
      });
      engine.writeParameter(name, index, value);
      return difference;
    };
    return { name, ...findLargestError(gradients[name]!, differenceAt, floor) };
  });
}

/** An engine with random parameters, hidden state and ids. */
function createRandomEngine(sizes: GradientCheckSizes, random: Xoshiro128): Engine {
  const { hidden, seqLength, batchSize, cell = "rnn", layers = 1, threads = 1 } = sizes;
  const engine = new Engine({
    ...{ precision: "f64", cell, layers, threads, hidden, seqLength, batchSize },
    inputs: VOCABULARY,
    outputs: VOCABULARY,
    dropout: (sizes.dropout ?? 0) > 0,
  });
  engine.writeParameters(parameterSet(engine.options, (name, shape) => {
    const deviation = name.startsWith("Whh") ? 1 / Math.sqrt(hidden) : 0.5;
    return Float64Array.from({ length: elementCount(shape) }, () => deviation * random.normal());
  }));
  engine.writeHiddenState(engine.readHiddenState().map(() => random.uniform() - 0.5));
  for (const ids of [engine.inputIds, engine.targetIds]) {
    ids.forEach((_, i) => ids[i] = random.nextUint32() % VOCABULARY);
  }
  return engine;
}

/** The number of a parameter whose gradient differs most from its difference. */
function findLargestError(
  gradients: RealArray,
  differenceAt: (index: number) => number,
  floor: number,
): Omit<GradientCheck, "name"> {
  let worst = { largestError: -1, index: 0, gradient: 0, difference: 0 };
  gradients.forEach((gradient, index) => {
    const difference = differenceAt(index);
    const size = Math.max(Math.abs(gradient), Math.abs(difference), floor);
    const error = size === 0 ? 0 : Math.abs(gradient - difference) / size;
    // Negated, so that NaN counts as the largest error.
    if (!(error <= worst.largestError)) {
      worst = { largestError: error, index, gradient, difference };
    }
  });
  return { elements: gradients.length, ...worst };
}

function largestMagnitude(numbers: RealArray): number {
  let max = 0;
  for (const x of numbers) max = Math.max(max, Math.abs(x));
  return max;
}

function centralDifference(value: number, lossAt: (x: number) => number): number {
  const inner = lossAt(value + DELTA) - lossAt(value - DELTA);
  const outer = lossAt(value + 2 * DELTA) - lossAt(value - 2 * DELTA);
  return (8 * inner - outer) / (12 * DELTA);
}
