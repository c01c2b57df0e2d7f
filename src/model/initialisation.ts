import type { Xoshiro128 } from "../random.ts";
import type { Config } from "./config.ts";
import { type ParameterSet, type Sizes, zeroParameters } from "./parameters.ts";

/**
 * Parameters to start training from: weights from the normal distribution of mean 0 and standard
 * deviation `config.init`, drawn in the order Wxh, Whh, Why, row by row; biases 0. This is how the
 * notebooks start.
 *
 * @example
 * ```ts
 * import { initialParameters } from "./initialisation.ts";
 * import { Xoshiro128 } from "../random.ts";
 *
 * const sizes = { inputs: 3, hidden: 2, outputs: 3 };
 * const { Wxh, bh } = initialParameters(sizes, { init: 0.01, precision: "f64" }, new Xoshiro128(1));
 * console.log(Wxh.length, bh); // 6 Float64Array(2) [ 0, 0 ]
 * ```
 */
export function initialParameters(
  sizes: Sizes,
  config: Pick<Config, "init" | "precision">,
  random: Xoshiro128,
): ParameterSet {
  const parameters = zeroParameters(sizes, config.precision);
  for (const name of ["Wxh", "Whh", "Why"] as const) {
    const weights = parameters[name];
    for (let i = 0; i < weights.length; i++) weights[i] = config.init * random.normal();
  }
  return parameters;
}
