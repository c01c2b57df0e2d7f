/**
 * The engine: one recurrent network in WebAssembly memory, with its forward pass, loss, gradients and
 * updates, on numbers and character ids.
 *
 * Training, sampling and evaluation are built on it. It is an entry of its own for programs that write
 * their own training loop or inspect activations and gradients.
 *
 * @example
 * ```ts
 * import { Engine } from "./mod.ts";
 *
 * // A network that learns to predict a cycle of three characters.
 * using engine = new Engine({
 *   precision: "f32", inputs: 3, hidden: 8, outputs: 3, seqLength: 6, batchSize: 1,
 * });
 * engine.inputIds.set([0, 1, 2, 0, 1, 2]);
 * engine.targetIds.set([1, 2, 0, 1, 2, 0]);
 * engine.writeParameters({
 *   ...engine.readParameters(),
 *   Wxh: new Float32Array(8 * 3).map((_, i) => Math.sin(i)),
 *   Why: new Float32Array(3 * 8).map((_, i) => Math.cos(i)),
 * });
 * let loss = Infinity;
 * for (let step = 1; step <= 200; step++) {
 *   engine.forward();
 *   loss = engine.crossEntropy();
 *   engine.backward();
 *   engine.update({ optimizer: "adagrad", lr: 0.1, gradClip: 5 });
 * }
 * console.log(loss < 0.1); // true
 * ```
 *
 * @module
 */

export { type Batch, type BatchGradients, batchGradients } from "./batch_gradients.ts";
export { type Dropout, dropoutSeed } from "./dropout.ts";
export { Engine } from "./engine.ts";
export { checkGradients, type GradientCheck, type GradientCheckSizes } from "./gradient_check.ts";
export type { EngineOptions } from "./options.ts";
export { prepareThreads } from "./threads.ts";
export type { Update } from "./update.ts";
export { initialParameters, type InitOptions } from "../model/initialization.ts";
export type { Model } from "../model/model.ts";
export type { Optimizer } from "../model/optimizers.ts";
export {
  type BaseParameterName,
  type ParameterName,
  parameterNames,
  type ParameterSet,
  type ParameterShapes,
  parameterShapes,
  type RealArray,
  type Sizes,
  type UpperParameterName,
  zeroParameters,
} from "../model/parameters.ts";
export type { Cell, GateName } from "../model/cells.ts";
export type { Precision } from "../model/parameters.ts";
export { Xoshiro128 } from "../random.ts";
