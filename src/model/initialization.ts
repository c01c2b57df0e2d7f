import type { Xoshiro128 } from "../random.ts";
import type { Config } from "./config.ts";
import {
  length,
  type ParameterName,
  type ParameterSet,
  parameterSet,
  type RealArray,
  realArray,
  type Sizes,
} from "./parameters.ts";

/** What `init` may be, for an error. */
export const INIT_SYNTAX =
  "normal:S, uniform:S (S a number, 0 or above), xavier, orthogonal, identity or pytorch";

/** Whether a text names a way to initialise; see {@linkcode initialParameters}. */
export function isInit(init: string): boolean {
  return ["xavier", "orthogonal", "identity", "pytorch"].includes(init) ||
    Number.isFinite(scaleOf(init));
}

/** The number of `normal:0.01` or `uniform:0.08`; NaN when there is none. */
function scaleOf(init: string): number {
  const [, scale] = /^(?:normal|uniform):(\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+)$/i.exec(init) ?? [];
  return scale === undefined ? NaN : Number(scale);
}

/**
 * Parameters to start training from, drawn in their order, row by row. `config.init` is one of
 *
 * - `normal:S`: weights from the normal distribution of mean 0 and standard deviation S, biases 0;
 *   `normal:0.01` is the notebooks';
 * - `uniform:S`: weights and biases evenly between −S and S; `uniform:0.08` is char-rnn's;
 * - `xavier`: each gate's weights evenly between ±√(6 / (fan in + fan out)), biases 0 (Glorot and
 *   Bengio, 2010);
 * - `orthogonal`: as `xavier`, but each gate's Whh a random orthogonal matrix (Saxe and others,
 *   2014), through which gradients neither vanish nor explode at first;
 * - `identity`: as `xavier`, but each gate's Whh the identity, so that a state begins by staying what
 *   it is (Le, Jaitly and Hinton, 2015, there with rectified units);
 * - `pytorch`: weights and biases evenly between ±1/√H, as torch.nn's recurrent layers begin.
 *
 * The LSTM's forget bias starts at 1 whatever is chosen, so that it remembers until it has learnt to
 * forget (Jozefowicz, Zaremba and Sutskever, 2015).
 *
 * @example
 * ```ts
 * import { initialParameters } from "./initialization.ts";
 * import { Xoshiro128 } from "../random.ts";
 *
 * const sizes = { inputs: 3, hidden: 2, outputs: 3 };
 * const config = { init: "normal:0.01", precision: "f64" } as const;
 * const { Wxh, bh } = initialParameters(sizes, config, new Xoshiro128(1));
 * console.log(Wxh.length, bh); // 6 Float64Array(2) [ 0, 0 ]
 * ```
 */
export function initialParameters(
  sizes: Sizes,
  config: Pick<Config, "init" | "precision">,
  random: Xoshiro128,
): ParameterSet {
  const { hidden, cell = "rnn" } = sizes;
  const set = parameterSet(sizes, (name, shape) => {
    const array = realArray(config.precision, length(shape));
    fill(array, name, shape, config.init, hidden, random);
    return array;
  });
  if (cell === "lstm") {
    for (const [name, bias] of Object.entries(set)) {
      if (name.startsWith("bh")) bias.fill(1, hidden, 2 * hidden);
    }
  }
  return set;
}

function fill(
  array: RealArray,
  name: ParameterName,
  shape: readonly number[],
  init: string,
  hidden: number,
  random: Xoshiro128,
): void {
  const draw = (next: () => number) => {
    for (let i = 0; i < array.length; i++) array[i] = next();
  };
  const evenly = (most: number) => draw(() => most * (2 * random.uniform() - 1));
  const isBias = shape.length === 1;
  if (init.startsWith("uniform:")) return evenly(scaleOf(init));
  if (init === "pytorch") return evenly(1 / Math.sqrt(hidden));
  if (isBias) return;
  if (init.startsWith("normal:")) {
    const deviation = scaleOf(init);
    return draw(() => deviation * random.normal());
  }
  const square = name.startsWith("Whh");
  if (square && init === "orthogonal") {
    for (let at = 0; at < array.length; at += hidden * hidden) {
      array.set(orthogonal(hidden, random), at);
    }
  } else if (square && init === "identity") {
    for (let row = 0; row < shape[0]!; row++) array[row * hidden + row % hidden] = 1;
  } else {
    const fanOut = name === "Why" ? shape[0]! : hidden;
    evenly(Math.sqrt(6 / (shape[1]! + fanOut)));
  }
}

/** A random orthogonal matrix: rows of normal numbers, made orthonormal one after the other. */
function orthogonal(size: number, random: Xoshiro128): Float64Array {
  const rows: Float64Array[] = [];
  for (let r = 0; r < size; r++) {
    const row = Float64Array.from({ length: size }, () => random.normal());
    // Twice is enough (Parlett, 1980): the second time mends what rounding left of the first.
    for (const before of [...rows, ...rows]) {
      let product = 0;
      for (let i = 0; i < size; i++) product += row[i]! * before[i]!;
      for (let i = 0; i < size; i++) row[i]! -= product * before[i]!;
    }
    const norm = Math.hypot(...row);
    rows.push(row.map((x) => x / norm));
  }
  const matrix = new Float64Array(size * size);
  rows.forEach((row, r) => matrix.set(row, r * size));
  return matrix;
}
