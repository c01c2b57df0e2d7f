/** The initialization of weights. */

import * as v from "valibot";
import { checkArguments, optionsSchema } from "../arguments.ts";
import { runToEnd } from "../event_loop.ts";
import { Xoshiro128 } from "../random.ts";
import { oneOf } from "../schemas.ts";
import {
  elementCount,
  type ParameterName,
  type ParameterSet,
  parameterSet,
  parameterShapes,
  type Precision,
  precisions,
  type RealArray,
  realArray,
  type Sizes,
} from "./parameters.ts";

/** The syntax of `init`, for an error. */
export const INIT_SYNTAX =
  "normal:S, uniform:S (S a number, 0 or above), xavier, orthogonal, identity or pytorch";

/** Whether a string names an initialization; see {@linkcode initialParameters}. */
export function isInit(init: string): boolean {
  return ["xavier", "orthogonal", "identity", "pytorch"].includes(init) ||
    Number.isFinite(scaleOf(init));
}

/** The S of `normal:S` or `uniform:S`; NaN for another string. */
function scaleOf(init: string): number {
  const [, scale] = /^(?:normal|uniform):(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)$/.exec(init) ?? [];
  return scale === undefined ? NaN : Number(scale);
}

/** Options of {@linkcode initialParameters}. */
export interface InitOptions {
  /**
   * The initialization: `normal:S`, `uniform:S`, `xavier`, `orthogonal`, `identity` or `pytorch`.
   */
  readonly init: string;
  /** The precision of the arrays. */
  readonly precision: Precision;
  /** The generator that weights are drawn from. */
  readonly random: Xoshiro128;
}

const schema = optionsSchema({}, {
  init: v.pipe(v.string(`must be ${INIT_SYNTAX}`), v.check(isInit, `must be ${INIT_SYNTAX}`)),
  precision: oneOf(precisions),
  random: v.instance(Xoshiro128, "must be a Xoshiro128"),
});

/**
 * Draws initial parameters, in the order of `parameterShapes`, row by row.
 *
 * The initializations are
 *
 * - `normal:S`: weights from the normal distribution of mean 0 and standard deviation S, biases 0;
 *   the notebooks use `normal:0.01`;
 * - `uniform:S`: weights and biases uniformly from −S to S; char-rnn uses `uniform:0.08`;
 * - `xavier`: the weights of each gate uniformly from ±√(6 / (fan in + fan out)), biases 0 (X.
 *   Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural
 *   networks", 2010);
 * - `orthogonal`: as `xavier`, but Whh of each gate a random orthogonal matrix, which preserves the
 *   norm of gradients at first (A. Saxe, J. McClelland and S. Ganguli, "Exact solutions to the
 *   nonlinear dynamics of learning in deep linear neural networks", 2014);
 * - `identity`: as `xavier`, but Whh of each gate the identity, which preserves the state at first
 *   (Q. Le, N. Jaitly and G. Hinton, "A simple way to initialize recurrent networks of rectified
 *   linear units", 2015);
 * - `pytorch`: weights and biases uniformly from ±1/√H, as torch.nn's recurrent layers.
 *
 * The forget bias of the LSTM is always 1, which keeps the cell state until the network learns to
 * forget (R. Jozefowicz, W. Zaremba and I. Sutskever, "An empirical exploration of recurrent
 * network architectures", 2015).
 *
 * @param sizes The sizes of the network.
 * @param options The initialization, the precision and the generator.
 * @throws {RangeError} if a size, the initialization or the precision is not one that exists.
 * @throws {TypeError} if a value has a wrong type, or an option is unknown or missing.
 *
 * @example
 * ```ts
 * import { initialParameters } from "./initialization.ts";
 * import { Xoshiro128 } from "../random.ts";
 *
 * const sizes = { inputs: 3, hidden: 2, outputs: 3 };
 * const options = { init: "normal:0.01", precision: "f64", random: new Xoshiro128(1) } as const;
 * const { Wxh, bh } = initialParameters(sizes, options);
 * console.log(Wxh.length, bh); // 6 Float64Array(2) [ 0, 0 ]
 * ```
 */
export function initialParameters(sizes: Sizes, options: InitOptions): ParameterSet {
  return runToEnd(drawParameters(sizes, options));
}

/**
 * Draws the same parameters as {@linkcode initialParameters} in small parts, between which the caller
 * may do other work: those of a large network take many seconds.
 */
export function* drawParameters(
  sizes: Sizes,
  options: InitOptions,
): Generator<void, ParameterSet> {
  const context = "Cannot initialize parameters";
  const { init, precision, random } = checkArguments(options, { schema, context });
  parameterShapes(sizes); // checks them
  const { hidden, cell = "rnn" } = sizes;
  const fills: Fill[] = [];
  const set = parameterSet(sizes, (name, shape) => {
    const array = realArray(precision, elementCount(shape));
    fills.push({ array, name, shape, init, hidden, random });
    return array;
  });
  for (const each of fills) yield* fill(each);
  if (cell === "lstm") {
    // The rows of gates are i, f, g, o.
    for (const [name, bias] of Object.entries(set)) {
      if (name.startsWith("bh")) bias.fill(1, hidden, 2 * hidden);
    }
  }
  return set;
}

/** The parameter to fill, and how. */
interface Fill extends Pick<InitOptions, "init" | "random"> {
  readonly array: RealArray;
  readonly name: ParameterName;
  readonly shape: readonly number[];
  readonly hidden: number;
}

/** Numbers that are drawn, and products that are summed, in one part: less than a millisecond. */
const DRAWS_PER_PART = 2 ** 14;
const PRODUCTS_PER_PART = 2 ** 18;

function* fill({ array, name, shape, init, hidden, random }: Fill): Generator<void> {
  const drawUniform = (bound: number) => draw(array, () => bound * (2 * random.uniform() - 1));
  const isBias = shape.length === 1;
  if (init.startsWith("uniform:")) return yield* drawUniform(scaleOf(init));
  if (init === "pytorch") return yield* drawUniform(1 / Math.sqrt(hidden));
  if (isBias) return;
  if (init.startsWith("normal:")) {
    const deviation = scaleOf(init);
    return yield* draw(array, () => deviation * random.normal());
  }
  const isRecurrent = name.startsWith("Whh");
  if (isRecurrent && init === "orthogonal") {
    array.set(yield* orthogonal(hidden, { count: shape[0]! / hidden, random }));
  } else if (isRecurrent && init === "identity") {
    for (let row = 0; row < shape[0]!; row++) array[row * hidden + row % hidden] = 1;
  } else {
    const fanOut = name === "Why" ? shape[0]! : hidden;
    yield* drawUniform(Math.sqrt(6 / (shape[1]! + fanOut)));
  }
}

function* draw(array: RealArray, next: () => number): Generator<void> {
  for (let start = 0; start < array.length; start += DRAWS_PER_PART, yield) {
    const end = Math.min(array.length, start + DRAWS_PER_PART);
    for (let i = start; i < end; i++) array[i] = next();
  }
}

/**
 * Draws random orthogonal matrices, one after the other: rows of normal numbers, orthonormalized in
 * their order by the Gram-Schmidt process.
 */
function* orthogonal(
  size: number,
  { count, random }: { readonly count: number; readonly random: Xoshiro128 },
): Generator<void, Float64Array> {
  const all = new Float64Array(count * size * size);
  yield* draw(all, () => random.normal());
  const matrices = Array.from(
    { length: count },
    (_, i) => all.subarray(i * size * size, (i + 1) * size * size),
  );
  for (let first = 0; first < count; first += SIDE_BY_SIDE) {
    yield* orthonormalize(matrices.slice(first, first + SIDE_BY_SIDE), size);
  }
  return all;
}

/**
 * Matrices that are orthonormalized side by side, for example the gates of a GRU. A sum of products
 * waits for each of its additions; three sums at once take half the time, and have the same bits.
 */
const SIDE_BY_SIDE = 3;

function* orthonormalize(matrices: readonly Float64Array[], size: number): Generator<void> {
  const part = size * Math.ceil(PRODUCTS_PER_PART / size / matrices.length);
  for (let row = 0; row < size * size; row += size) {
    // Two passes are enough (B. Parlett, "The symmetric eigenvalue problem", 1980): the second one
    // removes the rounding errors of the first.
    for (let pass = 0; pass < 2; pass++) {
      for (let start = 0; start < row; start += part, yield) {
        removeProjections(matrices, { row, start, end: Math.min(row, start + part), size });
      }
    }
    for (const matrix of matrices) {
      const vector = matrix.subarray(row, row + size);
      const norm = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
      for (let i = 0; i < size; i++) vector[i]! /= norm;
    }
  }
}

/** A row, and the rows before that it is made orthogonal to, by the positions of their first numbers. */
interface Projections {
  readonly row: number;
  readonly start: number;
  readonly end: number;
  readonly size: number;
}

/** Makes a row of each matrix orthogonal to others of norm 1, one after the other. */
function removeProjections(matrices: readonly Float64Array[], projections: Projections): void {
  const [a, b, c] = matrices;
  if (a && b && c) return removeFromThree(a, [b, c], projections);
  for (const matrix of matrices) removeFromOne(matrix, projections);
}

function removeFromOne(a: Float64Array, { row, start, end, size }: Projections): void {
  for (let other = start; other < end; other += size) {
    let product = 0;
    for (let i = 0; i < size; i++) product += a[row + i]! * a[other + i]!;
    for (let i = 0; i < size; i++) a[row + i]! -= product * a[other + i]!;
  }
}

function removeFromThree(
  a: Float64Array,
  [b, c]: readonly [Float64Array, Float64Array],
  { row, start, end, size }: Projections,
): void {
  for (let other = start; other < end; other += size) {
    let productA = 0, productB = 0, productC = 0;
    for (let i = 0; i < size; i++) {
      productA += a[row + i]! * a[other + i]!;
      productB += b[row + i]! * b[other + i]!;
      productC += c[row + i]! * c[other + i]!;
    }
    for (let i = 0; i < size; i++) {
      a[row + i]! -= productA * a[other + i]!;
      b[row + i]! -= productB * b[other + i]!;
      c[row + i]! -= productC * c[other + i]!;
    }
  }
}
