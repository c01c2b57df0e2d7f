/** What the module exports, and nothing else. */

export { expInPlace, logInPlace, sigmoidInPlace, tanhInPlace } from "./math";
export { allFinite } from "./finite";
export {
  bh,
  by,
  bhn,
  cellStates,
  failed,
  failureText,
  gatesPadded,
  hiddenPadded,
  inputIds,
  inputsPadded,
  inputVectors,
  Wxh,
  logits,
  losses,
  norms,
  outputsPadded,
  parameterBytes,
  parameters,
  plan,
  ready,
  Whh,
 
 
  hyperparams,
  hiddenStates,
  targetIds,
  targetVectors,
  toAverage,
  toMoment1,
  toGradient,
  toMoment2,
  finiteFlags,
  Why,
} from "./layout";
export { multiplyPacked, multiplyTransposed, packShare } from "./matmul";
export { vectorTimesMatrix } from "./matvec";
export { transpose } from "./packing";
export { carryHiddenState } from "./network";
export {
  adagrad,
  adam,
  adamw,
  updateWeightAverage,
  backward,
  crossEntropyOfIds,
  crossEntropyOfVectors,
  forward,
  momentum,
  rmsprop,
  workerLoop,
  sgd,
  softmax,
  squareSums,
  stop,
} from "./dispatch";
export { initWorker } from "./workers";
