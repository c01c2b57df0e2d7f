/**
 * The parameters of a recurrent network and its softmax head, as plain arrays.
 *
 * The mathematics is that of the notebooks for a tanh layer, and PyTorch's for the other cells:
 *
 *     h_t = cell(Wxh x_t, Whh h_{t-1}, bh)      y_t = Why h_t + by      p_t = softmax(y_t)
 */

import type { Precision } from "./config.ts";

/** Numbers in the precision of the model: single for `f32` and `f32-strict`, double for `f64`. */
export type RealArray = Float32Array | Float64Array;

/** The recurrent cell: a tanh layer, gated recurrent units, or long short-term memory. */
export type Cell = "rnn" | "gru" | "lstm";

/** G, how many gates each cell has: the candidate state counts as one. */
export const gateCounts: Readonly<Record<Cell, number>> = { rnn: 1, gru: 3, lstm: 4 };

/** The sizes that decide the parameters' shapes. */
export interface Sizes {
  /** The cell. Default: `rnn`. */
  readonly cell?: Cell;
  /** L, layers, each reading the states of the one below. Default: 1. */
  readonly layers?: number;
  /** I, length of an input vector; V when the inputs are characters. */
  readonly inputs: number;
  /** H, hidden units of each layer. */
  readonly hidden: number;
  /** V, length of an output vector: the size of the vocabulary. */
  readonly outputs: number;
}

/** The names of the mathematics, as in the notebooks; all that one tanh layer and its head have. */
export type FirstName = "Wxh" | "Whh" | "Why" | "bh" | "by";

/** The names of the layers above the first: they end in `_l1`, `_l2`, … */
export type UpperName = `${"Wxh" | "Whh" | "bh" | "bhn"}_l${number}`;

/**
 * A parameter's name. `bhn` is the GRU's second bias of the candidate state, which the reset gate
 * scales.
 */
export type ParameterName = FirstName | "bhn" | UpperName;

/** The names that every network has, in the order in which they are initialised and listed. */
export const parameterNames: readonly FirstName[] = ["Wxh", "Whh", "Why", "bh", "by"];

/**
 * One array for each parameter, row-major, without padding. Of the first layer Wxh [G·H, I],
 * Whh [G·H, H] and bh [G·H], of the others Wxh_l1 [G·H, H] and so on, of the GRU bhn [H] beside each
 * bh, of the head Why [V, H] and by [V]. The rows of gates follow PyTorch: i, f, g, o of the LSTM,
 * r, z, n of the GRU. Gradients and optimizer sums have the same form.
 */
export type ParameterSet =
  & { readonly [Name in FirstName]: RealArray }
  & { readonly [Name in UpperName]: RealArray }
  & { readonly bhn?: RealArray };

/** The shape of each parameter, [rows, columns] or [length]. */
export type ParameterShapes =
  & { readonly [Name in FirstName]: readonly number[] }
  & { readonly [Name in UpperName]: readonly number[] }
  & { readonly bhn?: readonly number[] };

/**
 * The shape of each parameter; the keys are in the order in which parameters are initialised and
 * listed: weights from the first layer up to the head, then biases likewise.
 */
export function parameterShapes(sizes: Sizes): ParameterShapes {
  const { cell = "rnn", layers = 1, inputs, hidden, outputs } = sizes;
  const gates = gateCounts[cell] * hidden;
  const weights: [string, readonly number[]][] = [];
  const biases: [string, readonly number[]][] = [];
  for (let layer = 0; layer < layers; layer++) {
    const suffix = layer === 0 ? "" : `_l${layer}`;
    weights.push([`Wxh${suffix}`, [gates, layer === 0 ? inputs : hidden]]);
    weights.push([`Whh${suffix}`, [gates, hidden]]);
    biases.push([`bh${suffix}`, [gates]]);
    if (cell === "gru") biases.push([`bhn${suffix}`, [hidden]]);
  }
  weights.push(["Why", [outputs, hidden]]);
  biases.push(["by", [outputs]]);
  return Object.fromEntries([...weights, ...biases]) as ParameterShapes;
}

/** Names and shapes, in their order. */
export function shapeEntries(sizes: Sizes): [ParameterName, readonly number[]][] {
  return Object.entries(parameterShapes(sizes)) as [ParameterName, readonly number[]][];
}

/** Which parameter of which layer a name means; the head's are of no layer: 0. */
export function placeOfName(name: ParameterName): { kind: string; layer: number } {
  const [kind, layer] = name.split("_l");
  return { kind: kind!, layer: Number(layer ?? 0) };
}

/** A parameter set from a function of names and shapes. */
export function parameterSet(
  sizes: Sizes,
  make: (name: ParameterName, shape: readonly number[]) => RealArray,
): ParameterSet {
  const entries = shapeEntries(sizes).map(([name, shape]) => [name, make(name, shape)]);
  return Object.fromEntries(entries) as ParameterSet;
}

/** How many numbers the parameters have in all. */
export function parameterCount(sizes: Sizes): number {
  return shapeEntries(sizes).reduce((sum, [, shape]) => sum + length(shape), 0);
}

/** A parameter set of zeros. */
export function zeroParameters(sizes: Sizes, precision: Precision): ParameterSet {
  return parameterSet(sizes, (_, shape) => realArray(precision, length(shape)));
}

/** An array of `length` zeros in the precision of the model. */
export function realArray(precision: Precision, length: number): RealArray {
  return precision === "f64" ? new Float64Array(length) : new Float32Array(length);
}

/** How many numbers an array of this shape has. */
export function length(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}
