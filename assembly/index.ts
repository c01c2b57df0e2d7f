/** What the module exports, and nothing else. */

export { expInPlace, logInPlace, sigmoidInPlace, tanhInPlace } from "./elementary";
export { allFinite } from "./finite";
export {
  bias,
  by,
  candidateBias,
  cellStatesOf,
  failed,
  failure,
  gatesPadded,
  hiddenPadded,
  inputIds,
  inputsPadded,
  inputVectors,
  inputWeights,
  logits,
  losses,
  norms,
  outputsPadded,
  parameterBytes,
  parameters,
  plan,
  ready,
  recurrentWeights,
  scratchA,
  scratchB,
  settings,
  statesOf,
  targetIds,
  targetVectors,
  toAverage,
  toFirst,
  toGradient,
  toSecond,
  verdicts,
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
  average,
  backward,
  crossEntropyOfIds,
  crossEntropyOfVectors,
  forward,
  momentum,
  rmsprop,
  serve,
  sgd,
  softmax,
  squareSums,
  stop,
} from "./jobs";
export { join } from "./workers";
