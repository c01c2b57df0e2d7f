/**
 * The sequential part of a layer, step by step: forward, then backward.
 *
 * Several streams are shared by workers, and are matrix products. One stream is a vector times a
 * matrix: worker 0's, or, of a large layer, shared by its units, so that each worker's part of Whh
 * stays in its core's cache; all workers then meet after each step, as each needs all of h.
 */
import { gruForward, gruBackward } from "./cells/gru";
import { lstmForward, lstmBackward } from "./cells/lstm";
import { rnnForward, rnnBackward } from "./cells/rnn";
import { LANES, REAL, VECTOR } from "./simd";
import {
  bhn,
  candidates,
  cell,
  dcell,
  cellStates,
  gates,
  gateValues,
  gatesPadded,
  GRU,
  dhidden,
  hiddenPadded,
  LSTM,
  recurrentPanels,
  Whh,
  scratchA,
  hiddenStates,
  batchSize,
} from "./layout";
import { multiplyPacked, packShare } from "./matmul";
import { vectorTimesMatrix } from "./matvec";
import { PACKED_A_BYTES, transpose } from "./packing";
import { barrier, shareLength, shareStart, worker, workers } from "./workers";

/** With fewer weights in Whh than these, to meet after each step takes longer than what it saves. */
const MIN_SHARED_WEIGHTS: usize = 1 << 16;

/** Whether several workers share the units of a single stream. */
function splitByUnits(): bool {
  return batchSize == 1 && workers > 1 && hiddenPadded * gatesPadded >= MIN_SHARED_WEIGHTS;
}

/** Whether this worker has nothing to do with a single stream. */
function isIdle(): bool {
  return batchSize == 1 && worker != 0 && !splitByUnits();
}

/** Where this worker's units begin in a row of them, in bytes. */
function unitOffset(): usize {
  return splitByUnits() ? shareStart(hiddenPadded / LANES) * VECTOR : 0;
}

/** How many bytes they take. */
function unitBytes(): usize {
  return splitByUnits() ? shareLength(hiddenPadded / LANES) * VECTOR : hiddenPadded * REAL;
}

/** Columns of Whh that are added to the gates' arguments: all but the GRU's candidates'. */
@inline
function gateColumns(): usize {
  return cell == GRU ? 2 * hiddenPadded : gatesPadded;
}

/** Where the panels of the GRU's candidates begin. */
@inline
function candidatePanels(): usize {
  return recurrentPanels + hiddenPadded * gateColumns() * REAL;
}

/** Packs this worker's share of what `recur` multiplies by. */
export function packRecurrent(layer: usize): void {
  if (batchSize == 1) return;
  const weights = Whh(layer);
  const stride = gatesPadded * REAL;
  const columns = gateColumns();
  packShare(recurrentPanels, weights, stride, false, columns, hiddenPadded);
  if (cell == GRU) {
    const from = weights + columns * REAL;
    packShare(candidatePanels(), from, stride, false, hiddenPadded, hiddenPadded);
  }
}

/** Packs this worker's share of what `recurBackward` multiplies by: Whhᵀ. */
export function packRecurrentTransposed(layer: usize): void {
  const weights = Whh(layer);
  const stride = gatesPadded * REAL;
  if (batchSize > 1) {
    packShare(recurrentPanels, weights, stride, true, hiddenPadded, gatesPadded);
    return;
  }
  const first = shareStart(hiddenPadded / LANES) * LANES;
  const some = shareLength(hiddenPadded / LANES) * LANES;
  transpose(
    recurrentPanels + first * REAL, hiddenPadded * REAL, weights + first * stride, stride,
    some, gatesPadded,
  );
}

/** The states of a layer after each step, from the input part of its gates. */
export function forwardRecurrence(layer: usize, seqLength: usize): void {
  if (isIdle()) return;
  const stride = hiddenPadded * REAL;
  const gateStride = gatesPadded * REAL;
  const first = firstStream();
  const own = streamShare();
  const unit = unitOffset();
  const units = unitBytes();
  const synchronizes = splitByUnits();
  let state = hiddenStates(layer) + (batchSize + first) * stride;
  let cellState = cellStates(layer) + (batchSize + first) * stride;
  let gate = gateValues(layer) + first * gateStride;
  let candidate = candidates(layer) + first * stride;
  const bytes = batchSize * stride;
  for (let t: usize = 0; t < seqLength; t++) {
    const before = state - bytes;
    if (synchronizes && t > 0) barrier();
    addRecurrentProduct(gate, gateStride, before, layer, own, unit, units);
    if (cell == LSTM) {
      lstmForward(gate + unit, cellState - bytes + unit, cellState + unit, state + unit, own, units);
    } else if (cell == GRU) {
      for (let row: usize = 0; row < own; row++) {
        memory.copy(candidate + row * stride + unit, bhn(layer) + unit, units);
      }
      addCandidateProduct(candidate, before, layer, own, unit, units);
      gruForward(gate + unit, candidate + unit, before + unit, state + unit, own, units);
    } else {
      rnnForward(state + unit, own * units);
    }
    state += bytes;
    cellState += bytes;
    gate += batchSize * gateStride;
    candidate += bytes;
  }
}

/** Gradients of the gates' arguments after each step, from those of the states. */
export function backwardRecurrence(layer: usize, seqLength: usize): void {
  if (isIdle()) return;
  const stride = hiddenPadded * REAL;
  const gateStride = gatesPadded * REAL;
  const first = firstStream();
  const own = streamShare();
  const unit = unitOffset();
  const units = unitBytes();
  const synchronizes = splitByUnits();
  const bytes = batchSize * stride;
  const ownCellGradients = dcell + first * stride + unit;
  if (cell == LSTM) memory.fill(ownCellGradients, 0, own * units);
  for (let t = seqLength; t-- > 0;) {
    const row = t * batchSize + first;
    const before = hiddenStates(layer) + row * stride + unit;
    const gate = gateValues(layer) + row * gateStride;
    const gradient = dhidden(layer) + row * stride;
    const previous = t == 0 ? 0 : gradient - bytes;
    const ownGate = gate + unit;
    const ownGradient = gradient + unit;
    if (cell == LSTM) {
      const cellBefore = cellStates(layer) + row * stride + unit;
      lstmBackward(
        ownGate, cellBefore, cellBefore + bytes, ownGradient, ownCellGradients, own, units,
      );
    } else if (cell == GRU) {
      const candidate = candidates(layer) + row * stride + unit;
      const ownPrevious = t == 0 ? 0 : previous + unit;
      gruBackward(ownGate, candidate, before, ownGradient, ownPrevious, own, units);
    } else {
      rnnBackward(ownGradient, before + bytes, own * units);
    }
    if (t > 0) {
      if (synchronizes) barrier();
      addRecurrentProductBackward(previous, gates == 1 ? gradient : gate, own, unit, units);
    }
  }
}

function firstStream(): usize {
  return batchSize == 1 ? 0 : shareStart(batchSize);
}

function streamShare(): usize {
  return batchSize == 1 ? 1 : shareLength(batchSize);
}

/** The gates' arguments of `rows` streams += Whh h; of a single stream those of some units. */
function addRecurrentProduct(
  gate: usize,
  gateStride: usize,
  h: usize,
  layer: usize,
  rows: usize,
  unit: usize,
  units: usize,
): void {
  const columns = gateColumns();
  if (batchSize > 1) {
    multiplyPacked(
      gate, gateStride, rows, columns, hiddenPadded, h, hiddenPadded * REAL,
      recurrentPanels, true, scratchA + worker * PACKED_A_BYTES,
    );
    return;
  }
  const weights = Whh(layer);
  const stride = hiddenPadded * REAL;
  if (units == stride) { // All gates' columns at once make fuller groups than those of each.
    vectorTimesMatrix(gate, h, weights, gateStride, hiddenPadded, columns);
    return;
  }
  for (let column = unit; column < columns * REAL; column += stride) {
    vectorTimesMatrix(gate + column, h, weights + column, gateStride, hiddenPadded, units / REAL);
  }
}

/** The recurrent part of the GRU's candidates += Whh h, third part. */
function addCandidateProduct(
  candidate: usize,
  h: usize,
  layer: usize,
  rows: usize,
  unit: usize,
  units: usize,
): void {
  const stride = hiddenPadded * REAL;
  if (batchSize == 1) {
    const weights = Whh(layer) + gateColumns() * REAL + unit;
    const gateStride = gatesPadded * REAL;
    vectorTimesMatrix(candidate + unit, h, weights, gateStride, hiddenPadded, units / REAL);
    return;
  }
  multiplyPacked(
    candidate, stride, rows, hiddenPadded, hiddenPadded, h, stride,
    candidatePanels(), true, scratchA + worker * PACKED_A_BYTES,
  );
}

/** dh of the step before += Whhᵀ da. */
function addRecurrentProductBackward(
  previous: usize,
  da: usize,
  rows: usize,
  unit: usize,
  units: usize,
): void {
  const stride = hiddenPadded * REAL;
  if (batchSize == 1) {
    vectorTimesMatrix(
      previous + unit, da, recurrentPanels + unit, stride, gatesPadded, units / REAL,
    );
    return;
  }
  multiplyPacked(
    previous, stride, rows, hiddenPadded, gatesPadded, da, gatesPadded * REAL,
    recurrentPanels, true, scratchA + worker * PACKED_A_BYTES,
  );
}
