import {
  elementCount,
  type ParameterName,
  parameterSet,
  shapeEntries,
} from "../model/parameters.ts";
import type { Cell } from "../model/types.ts";
import { Xoshiro128 } from "../random.ts";
import { Engine } from "./engine.ts";

/** The network and the batch that {@linkcode checkGradients} tries. */
export interface GradientCheckSizes {
  /** H, hidden units. */
  readonly hidden: number;
  /** T, steps. */
  readonly seqLength: number;
  /** B, streams. */
  readonly batchSize: number;
  /** The cell. Default: `rnn`. */
  readonly cell?: Cell;
  /** L, layers. Default: 1. */
  readonly layers?: number;
  /** The probability with which what layers pass up is dropped. Default: 0. */
  readonly dropout?: number;
  /** Threads to compute with. Default: 1. */
  readonly threads?: number;
}

/** What {@linkcode checkGradients} finds of one parameter. */
export interface GradientCheck {
  /** The parameter. */
  readonly name: ParameterName;
  /** How many numbers were compared: all that the parameter has. */
  readonly elements: number;
  /** The largest relative error among them. */
  readonly largestError: number;
  /** Where it is: the index in the plain, row-major array. */
  readonly index: number;
  /** The gradient there by back-propagation. */
  readonly gradient: number;
  /** The gradient there by differences. */
  readonly difference: number;
}

/** V of the network that is tried. */
const VOCABULARY = 11;
/** Half the distance of the inner pair of points; rounding and truncation both stay near 1e-11. */
const H = 2e-3;
/**
 * A gradient below this share of the largest of all is measured against that share: a difference is
 * off by about 1e-12 of the loss, however small the gradient.
 */
const FLOOR = 1e-4;

/**
 * Compares every element of the gradients that the f64 module computes with central differences of
 * its loss, of the fourth order: f′(x) ≈ (8 (f(x+h) − f(x−h)) − (f(x+2h) − f(x−2h))) / 12h.
 *
 * The network is random, with gradients of moderate size in all parameters, and so is the batch.
 *
 * @param sizes The network's and the batch's; the vocabulary has 11 characters.
 * @param seed Of the network and the batch.
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
    seqLength: seqLength,
    batchSize: batchSize,
    cell = "rnn",
    layers = 1,
    threads = 1,
  } = sizes;
  const drop = { probability: sizes.dropout ?? 0, seed };
  const random = new Xoshiro128(seed);
  using engine = new Engine({
    precision: "f64",
    cell,
    layers,
    threads,
    dropout: drop.probability > 0,
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

  engine.forward(seqLength, drop);
  engine.crossEntropy();
  engine.backward();
  const gradients = engine.readGradients();

  const lossAt = (name: ParameterName, index: number, x: number): number => {
    engine.writeParameter(name, index, x);
    engine.forward(seqLength, drop);
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
      // Written so that a NaN is the worst.
      if (!(error <= worst.largestError)) {
        worst = { largestError: error, index, gradient, difference };
      }
    }
    return { name, elements: elementCount(shape), ...worst };
  });
}

function centralDifference(value: number, lossAt: (x: number) => number): number {
  const inner = lossAt(value + H) - lossAt(value - H);
  const outer = lossAt(value + 2 * H) - lossAt(value - 2 * H);
  return (8 * inner - outer) / (12 * H);
}
