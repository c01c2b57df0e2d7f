/** What the module exports, and nothing else. */

export { expInPlace, logInPlace, tanhInPlace } from "./elementary";
export {
  bh,
  by,
  failed,
  failure,
  hiddenPadded,
  hiddenStates,
  inputIds,
  inputsPadded,
  inputVectors,
  logits,
  losses,
  outputsPadded,
  parameterBytes,
  plan,
  ready,
  scratchA,
  scratchB,
  targetIds,
  targetVectors,
  toGradient,
  toSum,
  Whh,
  Why,
  Wxh,
} from "./layout";
export { multiplyPacked, multiplyTransposed, packShare } from "./matmul";
export { vectorTimesMatrix } from "./matvec";
export { transpose } from "./packing";
export { carryHiddenState } from "./cells/rnn";
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
