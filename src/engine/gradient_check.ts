import {
  elementCount,
  type ParameterName,
  parameterSet,
  shapeEntries,
} from "../model/parameters.ts";
import type { Cell } from "../model/cells.ts";
import { Xoshiro128 } from "../random.ts";
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
  const {
    hidden,
    seqLength,
    batchSize,
    cell = "rnn",
    layers = 1,
    threads = 1,
  } = sizes;
  const dropout = { probability: sizes.dropout ?? 0, seed };
  const random = new Xoshiro128(seed);
  using engine = new Engine({
    precision: "f64",
    cell,
    layers,
    threads,
    dropout: dropout.probability > 0,
    inputs: VOCABULARY,
    hidden,
    outputs: VOCABULARY,
    seqLength,
    batchSize,
  });
  const parameters = parameterSet(engine.options, (name, shape) => {
    const deviation = name.startsWith("Whh") ? 1 / Math.sqrt(hidden) : 0.5;
    return Float64Array.from({ length: elementCount(shape) }, () => deviation * random.normal());
  });
  engine.writeParameters(parameters);
  engine.writeHiddenState(engine.readHiddenState().map(() => random.uniform() - 0.5));
  const anyId = () => random.nextUint32() % VOCABULARY;
  engine.inputIds.forEach((_, i, ids) => ids[i] = anyId());
  engine.targetIds.forEach((_, i, ids) => ids[i] = anyId());

  engine.forward(seqLength, dropout);
  engine.crossEntropy();
  engine.backward();
  const gradients = engine.readGradients();

  const lossAt = (name: ParameterName, index: number, x: number): number => {
    engine.writeParameter(name, index, x);
    engine.forward(seqLength, dropout);
    return engine.crossEntropy();
  };
  let scale = 0;
  for (const all of Object.values(gradients)) {
    for (const gradient of all) scale = Math.max(scale, Math.abs(gradient));
  }
  return shapeEntries(engine.options).map(([name, shape]) => {
    const all = gradients[name]!;
    let worst = { largestError: -1, index: 0, gradient: 0, difference: 0 };
    for (let index = 0; index < elementCount(shape); index++) {
      const gradient = all[index]!;
      const value = parameters[name]![index]!;
      const difference = centralDifference(value, (x) => lossAt(name, index, x));
      engine.writeParameter(name, index, value);
      const size = Math.max(Math.abs(gradient), Math.abs(difference), FLOOR * scale);
      const error = size === 0 ? 0 : Math.abs(gradient - difference) / size;
      // Negated, so that NaN counts as the largest error.
      if (!(error <= worst.largestError)) {
        worst = { largestError: error, index, gradient, difference };
      }
    }
    return { name, elements: elementCount(shape), ...worst };
  });
}

function centralDifference(value: number, lossAt: (x: number) => number): number {
  const inner = lossAt(value + DELTA) - lossAt(value - DELTA);
  const outer = lossAt(value + 2 * DELTA) - lossAt(value - 2 * DELTA);
  return (8 * inner - outer) / (12 * DELTA);
}
