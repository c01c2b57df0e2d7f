/** What the module exports, and nothing else. */

export { expInPlace, logInPlace, sigmoidInPlace, tanhInPlace } from "./elementary";
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
  outputsPadded,
  parameterBytes,
  parameters,
  plan,
  ready,
  recurrentWeights,
  scratchA,
  scratchB,
  statesOf,
  targetIds,
  targetVectors,
  toGradient,
  toSum,
  Why,
} from "./layout";
export { multiplyPacked, multiplyTransposed, packShare } from "./matmul";
export { vectorTimesMatrix } from "./matvec";
export { transpose } from "./packing";
export { carryHiddenState } from "./network";
export {
  adagrad,
  backward,
  crossEntropyOfIds,
  crossEntropyOfVectors,
  forward,
  serve,
  sgd,
  softmax,
  stop,
} from "./jobs";
export { join } from "./workers";
