/**
 * The exports of every module: the kernels that sampling needs, and the constants and offsets that the
 * host reads. The module of the packed entry for sampling has these alone.
 */

export {
  forward,
  softmax,
  stop,
  useWorkers,
  workerLoop,
} from "./dispatch";
export { allFinite } from "./finite";
export {
  batchSize,
  BELL_READY,
  bells,
  bh,
  bhn,
  by,
  CACHE_LINE,
  Cell,
  cellStates,
  failed,
  FAILURE_BYTES,
  failureText,
  finiteFlags,
  gatesPadded,
  gateValues,
  hiddenPadded,
  hiddenStates,
  hyperparams,
  inputIds,
  inputsPadded,
  inputVectors,
  logits,
  losses,
  NORM_BLOCK_BYTES,
  norms,
  outputsPadded,
  parameterBytes,
  parameters,
  plan,
  PlanField,
  planFields,
  received,
  slice,
  sliceBytes,
  stopWord,
  targetIds,
  targetVectors,
  toAverage,
  toGradient,
  toMoment1,
  toMoment2,
  toSums,
  Whh,
  Why,
  Wxh,
} from "./layout";
export { carryHiddenState } from "./network";
export { Hyperparam, UpdateRule } from "./optimizers";
export { KC, NR, PACKED_A_BYTES, SHORT_NR } from "./packing";
export { teamCount, teamSize, unitsAreShared } from "./grid";
export { allPartials, firstStream, partials, receivedSums } from "./sum_tree";
export { initWorker } from "./workers";
