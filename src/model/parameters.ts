/**
 * The parameters of a recurrent network and its softmax head, as plain arrays.
 *
 * A tanh layer follows the equations of the notebooks, the other cells those of PyTorch:
 *
 *     h_t = cell(Wxh x_t, Whh h_{t-1}, bh)      y_t = Why h_t + by      p_t = softmax(y_t)
 */

import { checkShape, checkWholeNumber, wrongRange, wrongType } from "../arguments.ts";
import { type Cell, cells } from "./cells.ts";

/**
 * The precision of all numbers: single, single without fused multiply-add, or double. `f32-strict`
 * and `f64` compute the same bits on every machine.
 */
export type Precision = "f32" | "f32-strict" | "f64";

/** All precisions. */
export const precisions = ["f32", "f32-strict", "f64"] as const satisfies readonly Precision[];

/** Numbers in the precision of the model: single for `f32` and `f32-strict`, double for `f64`. */
export type RealArray = Float32Array | Float64Array;

/** The sizes that determine the shapes of the parameters. */
export interface Sizes {
  /** The cell. Default: `rnn`. */
  readonly cell?: Cell;
  /** L, the number of layers; each reads the hidden state of the one below. Default: 1. */
  readonly layers?: number;
  /** I, the length of an input vector; V when the inputs are characters. */
  readonly inputs: number;
  /** H, the hidden units of each layer. */
  readonly hidden: number;
  /** V, the length of an output vector: the vocabulary size. */
  readonly outputs: number;
}

/** The parameters that every network has: those of one tanh layer and the head. */
export type BaseParameterName = "Wxh" | "Whh" | "Why" | "bh" | "by";

/** The parameters of the layers above the first; their names end in `_l1`, `_l2`, … */
export type UpperParameterName = `${"Wxh" | "Whh" | "bh" | "bhn"}_l${number}`;

/**
 * The name of a parameter. `bhn` is the second bias of the GRU's candidate state, which the reset
 * gate scales.
 */
export type ParameterName = BaseParameterName | "bhn" | UpperParameterName;

/** The names of the parameters that every network has, in order of initialization. */
export const parameterNames: readonly BaseParameterName[] = ["Wxh", "Whh", "Why", "bh", "by"];

/**
 * One array for each parameter, row-major, without padding.
 *
 * The first layer has Wxh [G·H, I], Whh [G·H, H] and bh [G·H], further layers Wxh_l1 [G·H, H] and
 * so on. The GRU has bhn [H] beside each bh. The head has Why [V, H] and by [V]. The rows of the
 * gates are in PyTorch's order: i, f, g, o for the LSTM, and r, z, n for the GRU. Gradients and
 * optimizer state have the same form.
 */
export type ParameterSet =
  & { readonly [Name in BaseParameterName]: RealArray }
  & { readonly [Name in UpperParameterName]: RealArray }
  & { readonly bhn?: RealArray };

/** The shape of each parameter, [rows, columns] or [length]. */
export type ParameterShapes =
  & { readonly [Name in BaseParameterName]: readonly number[] }
  & { readonly [Name in UpperParameterName]: readonly number[] }
  & { readonly bhn?: readonly number[] };

/**
 * Returns the shape of each parameter. The keys are in order of initialization: the weights from
 * the first layer up to the head, then the biases in the same order.
 *
 * @throws {RangeError} if a size is not a whole number above 0, or there is no such cell.
 * @throws {TypeError} if a size is not a number.
 *
 * @example
 * ```ts
 * import { parameterShapes } from "./parameters.ts";
 *
 * const shapes = parameterShapes({ cell: "gru", inputs: 5, hidden: 4, outputs: 5 });
 * console.log(shapes.Wxh, shapes.bhn); // [ 12, 5 ] [ 4 ]
 * ```
 */
export function parameterShapes(sizes: Sizes): ParameterShapes {
  checkSizes(sizes);
  const { cell = "rnn", layers = 1, inputs, hidden, outputs } = sizes;
  const gates = cells[cell].gates * hidden;
  const weights: [string, readonly number[]][] = [];
  const biases: [string, readonly number[]][] = [];
  for (let layer = 0; layer < layers; layer++) {
    const suffix = layer === 0 ? "" : `_l${layer}`;
    weights.push([`Wxh${suffix}`, [gates, layer === 0 ? inputs : hidden]]);
    weights.push([`Whh${suffix}`, [gates, hidden]]);
    biases.push([`bh${suffix}`, [gates]]);
    if (cells[cell].hasCandidateBias) biases.push([`bhn${suffix}`, [hidden]]);
  }
  weights.push(["Why", [outputs, hidden]]);
  biases.push(["by", [outputs]]);
  return Object.fromEntries([...weights, ...biases]) as ParameterShapes;
}

/** Checks sizes, which may be properties of a larger object, such as the options of an engine. */
function checkSizes(sizes: Sizes): void {
  const context = "Cannot make parameters";
  checkShape(sizes, {
    ...{ context, name: "sizes", expected: "an object of sizes" },
    shape: { inputs: "number", hidden: "number", outputs: "number" },
  });
  const { cell = "rnn", layers = 1, inputs, hidden, outputs } = sizes;
  if (typeof cell !== "string" || !Object.hasOwn(cells, cell)) {
    const expected = `one of ${Object.keys(cells).join(", ")}`;
    throw wrongRange({ context, name: "cell", expected, value: cell });
  }
  for (const [name, value] of Object.entries({ layers, inputs, hidden, outputs })) {
    checkWholeNumber(value, { context, name, min: 1 });
  }
}

/** Returns names and shapes of the parameters, in order of initialization. */
export function shapeEntries(sizes: Sizes): [ParameterName, readonly number[]][] {
  return Object.entries(parameterShapes(sizes)) as [ParameterName, readonly number[]][];
}

/**
 * Splits a parameter's name into its kind, for example `Wxh`, and its layer, counted from 0. The
 * parameters of the head have layer 0.
 */
export function parseParameterName(name: ParameterName): { kind: string; layer: number } {
  const [kind, layer] = name.split("_l");
  return { kind: kind!, layer: Number(layer ?? 0) };
}

/** Creates a parameter set from a function that returns the array for a name and a shape. */
export function parameterSet(
  sizes: Sizes,
  make: (name: ParameterName, shape: readonly number[]) => RealArray,
): ParameterSet {
  const entries = shapeEntries(sizes).map(([name, shape]) => [name, make(name, shape)]);
  return Object.fromEntries(entries) as ParameterSet;
}

/** How {@linkcode takeParameters} checks. */
export interface TakeParametersOptions {
  /** The sizes that determine names and shapes. */
  readonly sizes: Sizes;
  /** What is being done, for an error. */
  readonly context: string;
}

/**
 * Checks that a parameter set has an array of the right length for each parameter, without copying
 * the numbers.
 *
 * @returns The arrays, each taken from the set once.
 * @throws {RangeError} if an array has a wrong length.
 * @throws {TypeError} if the set is not an object, or an array is missing or of another type.
 */
export function takeParameters(
  set: ParameterSet,
  { sizes, context }: TakeParametersOptions,
): ParameterSet {
  if (typeof set !== "object" || set === null) {
    const expected = "an object with an array for each parameter";
    throw wrongType({ context, name: "parameters", expected, value: set });
  }
  return parameterSet(sizes, (name, shape) => {
    const array = readArray(set, name);
    const isReal = ArrayBuffer.isView(array) &&
      (array instanceof Float32Array || array instanceof Float64Array);
    if (!isReal) {
      const expected = "a Float32Array or Float64Array";
      throw wrongType({ context, name, expected, value: array });
    }
    const length = elementCount(shape);
    if (array.length !== length) {
      throw new RangeError(
        `${context}: ${name} has ${length} numbers, and ${array.length} were given`,
      );
    }
    return array;
  });
}

/** A property of a parameter set; `undefined` if reading it throws. */
function readArray(set: ParameterSet, name: ParameterName): unknown {
  try {
    return set[name];
  } catch {
    return undefined;
  }
}

/** Counts the numbers of all parameters together. */
export function parameterCount(sizes: Sizes): number {
  return shapeEntries(sizes).reduce((sum, [, shape]) => sum + elementCount(shape), 0);
}

/**
 * Creates a parameter set of zeros.
 *
 * @throws {RangeError} if a size is out of range, or there is no such precision.
 * @throws {TypeError} if a size is not a number.
 */
export function zeroParameters(sizes: Sizes, precision: Precision): ParameterSet {
  if (!precisions.includes(precision)) {
    const expected = `one of ${precisions.join(", ")}`;
    const context = "Cannot make parameters";
    throw wrongRange({ context, name: "precision", expected, value: precision });
  }
  return parameterSet(sizes, (_, shape) => realArray(precision, elementCount(shape)));
}

/** Creates an array of zeros in the precision of the model. */
export function realArray(precision: Precision, length: number): RealArray {
  return precision === "f64" ? new Float64Array(length) : new Float32Array(length);
}

/** Counts the numbers of an array of this shape; NaN when the count is not exact, or no count. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) {
    count *= size;
    if (size < 0 || !Number.isSafeInteger(size) || !Number.isSafeInteger(count)) return NaN;
  }
  return count;
}
