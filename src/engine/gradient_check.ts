import {
  length,
  type ParameterName,
  parameterNames,
  parameterShapes,
  zeroParameters,
} from "../model/parameters.ts";
import { Xoshiro128 } from "../random.ts";
import { Engine } from "./engine.ts";

/** The network and the batch that {@linkcode checkGradients} tries. */
export interface GradientCheckSizes {
  /** H, hidden units. */
  readonly hidden: number;
  /** T, steps. */
  readonly seq: number;
  /** B, streams. */
  readonly batch: number;
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
 * A gradient below this share of its parameter's largest is measured against that share: the
 * differences themselves are only good to about 1e-11.
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
 * const checks = checkGradients({ hidden: 4, seq: 3, batch: 2 });
 * console.log(checks.every(({ largestError }) => largestError < 1e-6)); // true
 * ```
 */
export function checkGradients(sizes: GradientCheckSizes, seed = 1): GradientCheck[] {
  const { hidden, seq: steps, batch: streams } = sizes;
  const random = new Xoshiro128(seed);
  const engine = new Engine({
    precision: "f64",
    inputs: VOCABULARY,
    hidden,
    outputs: VOCABULARY,
    steps,
    streams,
  });
  const parameters = zeroParameters(engine.options, "f64");
  for (const name of parameterNames) {
    const deviation = name === "Whh" ? 1 / Math.sqrt(hidden) : 0.5;
    parameters[name].forEach((_, i, array) => array[i] = deviation * random.normal());
  }
  engine.writeParameters(parameters);
  engine.writeHiddenState(Array.from({ length: streams * hidden }, () => random.uniform() - 0.5));
  const anyId = () => random.nextUint32() % VOCABULARY;
  engine.inputIds.forEach((_, i, ids) => ids[i] = anyId());
  engine.targetIds.forEach((_, i, ids) => ids[i] = anyId());

  engine.forward();
  engine.crossEntropy();
  engine.backward();
  const gradients = engine.readGradients();

  return parameterNames.map((name) => {
    const shape = parameterShapes(engine.options)[name];
    let scale = 0;
    for (const gradient of gradients[name]) scale = Math.max(scale, Math.abs(gradient));
    let worst = { largestError: -1, index: 0, gradient: 0, difference: 0 };
    for (let index = 0; index < length(shape); index++) {
      const gradient = gradients[name][index]!;
      const difference = centralDifference(engine, name, index, parameters[name][index]!);
      const size = Math.max(Math.abs(gradient), Math.abs(difference), FLOOR * scale);
      const error = size === 0 ? 0 : Math.abs(gradient - difference) / size;
      // Written so that a NaN is the worst.
      if (!(error <= worst.largestError)) {
        worst = { largestError: error, index, gradient, difference };
      }
    }
    return { name, elements: length(shape), ...worst };
  });
}

function centralDifference(
  engine: Engine,
  name: ParameterName,
  index: number,
  value: number,
): number {
  const lossAt = (x: number): number => {
    engine.writeParameter(name, index, x);
    engine.forward();
    return engine.crossEntropy();
  };
  const inner = lossAt(value + H) - lossAt(value - H);
  const outer = lossAt(value + 2 * H) - lossAt(value - 2 * H);
  engine.writeParameter(name, index, value);
  return (8 * inner - outer) / (12 * H);
}
