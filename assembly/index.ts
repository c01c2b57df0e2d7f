/** What the module exports, and nothing else. */

export { expInPlace, logInPlace, tanhInPlace } from "./elementary";
export { allFinite } from "./finite";
export {
  bh,
  by,
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
export { columnSums, multiplyPacked, multiplyTransposed } from "./matmul";
export { vectorTimesMatrix } from "./matvec";
export { packWhole, transpose } from "./packing";
export { backward, carryHiddenState, forward } from "./cells/rnn";
export { crossEntropyOfIds, crossEntropyOfVectors, softmaxRows } from "./softmax";
export { adagrad, sgd } from "./optimizers";
