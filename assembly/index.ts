/** The exports of the modules that train and sample; those for tests and benchmarks too. */

export {
  backward,
  crossEntropyOfIds,
  crossEntropyOfVectors,
  squareSums,
  sumReceived,
  update,
  updateWeightAverage,
} from "./dispatch";
export { expInPlace, logInPlace, sigmoidInPlace, tanhInPlace } from "./math";
export { multiplyPacked, multiplyTransposed, packShare } from "./matmul";
export { vectorTimesMatrix } from "./matvec";
export { transpose } from "./packing";
export * from "./sampling";
