/**
 * The parameters of one tanh layer and its softmax head, as plain arrays.
 *
 * The mathematics is that of the notebooks:
 *
 *     h_t = tanh(Wxh x_t + Whh h_{t-1} + bh)      y_t = Why h_t + by      p_t = softmax(y_t)
 */

import type { Precision } from "./config.ts";

/** Numbers in the precision of the model: single for `f32` and `f32-strict`, double for `f64`. */
export type RealArray = Float32Array | Float64Array;

/** The sizes that decide the parameters' shapes. */
export interface Sizes {
  /** I, length of an input vector; V when the inputs are characters. */
  readonly inputs: number;
  /** H, hidden units. */
  readonly hidden: number;
  /** V, length of an output vector: the size of the vocabulary. */
  readonly outputs: number;
}

/** A parameter's name in the mathematics, as in the notebooks. */
export type ParameterName = "Wxh" | "Whh" | "Why" | "bh" | "by";

/** The parameters' names, in the order in which they are initialised and listed. */
export const parameterNames: readonly ParameterName[] = [
  "Wxh",
  "Whh",
  "Why",
  "bh",
  "by",
];

/**
 * One array for each parameter, row-major, without padding: Wxh [H, I], Whh [H, H], Why [V, H],
 * bh [H], by [V]. Gradients and optimizer sums have the same form.
 */
export type ParameterSet = { readonly [Name in ParameterName]: RealArray };

/** The shape of each parameter, [rows, columns] or [length]. */
export function parameterShapes(
  sizes: Sizes,
): Readonly<Record<ParameterName, readonly number[]>> {
  const { inputs, hidden, outputs } = sizes;
  return {
    Wxh: [hidden, inputs],
    Whh: [hidden, hidden],
    Why: [outputs, hidden],
    bh: [hidden],
    by: [outputs],
  };
}

/** How many numbers the parameters have in all. */
export function parameterCount(sizes: Sizes): number {
  return Object.values(parameterShapes(sizes)).reduce(
    (sum, shape) => sum + length(shape),
    0,
  );
}

/** A parameter set of zeros. */
export function zeroParameters(
  sizes: Sizes,
  precision: Precision,
): ParameterSet {
  const shapes = parameterShapes(sizes);
  const zeros = (name: ParameterName) => realArray(precision, length(shapes[name]));
  return {
    Wxh: zeros("Wxh"),
    Whh: zeros("Whh"),
    Why: zeros("Why"),
    bh: zeros("bh"),
    by: zeros("by"),
  };
}

/** An array of `length` zeros in the precision of the model. */
export function realArray(precision: Precision, length: number): RealArray {
  return precision === "f64" ? new Float64Array(length) : new Float32Array(length);
}

/** How many numbers an array of this shape has. */
export function length(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}
