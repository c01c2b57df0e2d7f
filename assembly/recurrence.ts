/**
 * The sequential part of a layer, step by step: forward, then backward.
 *
 * Several streams are shared by workers, and are matrix products. One stream is a vector times a
 * matrix: worker 0's, or, of a large layer, shared by its units, so that each worker's part of Whh
 * stays in its core's cache; all workers then meet after each step, as each needs all of h.
 */
import { gruStep, gruStepBackward } from "./cells/gru";
import { lstmStep, lstmStepBackward } from "./cells/lstm";
import { rnnStep, rnnStepBackward } from "./cells/rnn";
import { LANES, REAL, VECTOR } from "./lanes";
import {
  candidateBias,
  candidatesOf,
  cell,
  cellGradients,
  cellStatesOf,
  gates,
  gatesOf,
  gatesPadded,
  GRU,
  hiddenGradientsOf,
  hiddenPadded,
  LSTM,
  recurrentPanels,
  recurrentWeights,
  scratchA,
  statesOf,
  streams,
} from "./layout";
import { multiplyPacked, packShare } from "./matmul";
import { vectorTimesMatrix } from "./matvec";
import { PACKED_A_BYTES, transpose } from "./packing";
import { barrier, shareLength, shareStart, worker, workers } from "./workers";

/** With fewer weights in Whh than these, to meet after each step takes longer than what it saves. */
const LEAST_SHARED: usize = 1 << 16;

/** Whether several workers share the units of a single stream. */
function byUnits(): bool {
  return streams == 1 && workers > 1 && hiddenPadded * gatesPadded >= LEAST_SHARED;
}

/** Whether this worker has nothing to do with a single stream. */
function isIdle(): bool {
  return streams == 1 && worker != 0 && !byUnits();
}

/** Where this worker's units begin in a row of them, in bytes. */
function startOfUnits(): usize {
  return byUnits() ? shareStart(hiddenPadded / LANES) * VECTOR : 0;
}

/** How many bytes they take. */
function bytesOfUnits(): usize {
  return byUnits() ? shareLength(hiddenPadded / LANES) * VECTOR : hiddenPadded * REAL;
}

/** Columns of Whh that are added to the gates' arguments: all but the GRU's candidates'. */
@inline
function columnsToGates(): usize {
  return cell == GRU ? 2 * hiddenPadded : gatesPadded;
}

/** Where the panels of the GRU's candidates begin. */
@inline
function candidatePanels(): usize {
  return recurrentPanels + hiddenPadded * columnsToGates() * REAL;
}

/** Packs this worker's share of what `recur` multiplies by. */
export function packRecurrent(layer: usize): void {
  if (streams == 1) return;
  const weights = recurrentWeights(layer);
  const stride = gatesPadded * REAL;
  const columns = columnsToGates();
  packShare(recurrentPanels, weights, stride, false, columns, hiddenPadded);
  if (cell == GRU) {
    const from = weights + columns * REAL;
    packShare(candidatePanels(), from, stride, false, hiddenPadded, hiddenPadded);
  }
}

/** Packs this worker's share of what `recurBackward` multiplies by: Whhᵀ. */
export function packRecurrentTransposed(layer: usize): void {
  const weights = recurrentWeights(layer);
  const stride = gatesPadded * REAL;
  if (streams > 1) {
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
export function recur(layer: usize, steps: usize): void {
  if (isIdle()) return;
  const stride = hiddenPadded * REAL;
  const gateStride = gatesPadded * REAL;
  const first = shareStartOfStreams();
  const own = shareOfStreams();
  const unit = startOfUnits();
  const units = bytesOfUnits();
  const meets = byUnits();
  let state = statesOf(layer) + (streams + first) * stride;
  let cellState = cellStatesOf(layer) + (streams + first) * stride;
  let gate = gatesOf(layer) + first * gateStride;
  let candidate = candidatesOf(layer) + first * stride;
  const bytes = streams * stride;
  for (let t: usize = 0; t < steps; t++) {
    const before = state - bytes;
    if (meets && t > 0) barrier();
    addProduct(gate, gateStride, before, layer, own, unit, units);
    if (cell == LSTM) {
      lstmStep(gate + unit, cellState - bytes + unit, cellState + unit, state + unit, own, units);
    } else if (cell == GRU) {
      for (let row: usize = 0; row < own; row++) {
        memory.copy(candidate + row * stride + unit, candidateBias(layer) + unit, units);
      }
      addCandidateProduct(candidate, before, layer, own, unit, units);
      gruStep(gate + unit, candidate + unit, before + unit, state + unit, own, units);
    } else {
      rnnStep(state + unit, own * units);
    }
    state += bytes;
    cellState += bytes;
    gate += streams * gateStride;
    candidate += bytes;
  }
}

/** Gradients of the gates' arguments after each step, from those of the states. */
export function recurBackward(layer: usize, steps: usize): void {
  if (isIdle()) return;
  const stride = hiddenPadded * REAL;
  const gateStride = gatesPadded * REAL;
  const first = shareStartOfStreams();
  const own = shareOfStreams();
  const unit = startOfUnits();
  const units = bytesOfUnits();
  const meets = byUnits();
  const bytes = streams * stride;
  const ownCellGradients = cellGradients + first * stride + unit;
  if (cell == LSTM) memory.fill(ownCellGradients, 0, own * units);
  for (let t = steps; t-- > 0;) {
    const row = t * streams + first;
    const before = statesOf(layer) + row * stride + unit;
    const gate = gatesOf(layer) + row * gateStride;
    const gradient = hiddenGradientsOf(layer) + row * stride;
    const previous = t == 0 ? 0 : gradient - bytes;
    const ownGate = gate + unit;
    const ownGradient = gradient + unit;
    if (cell == LSTM) {
      const cellBefore = cellStatesOf(layer) + row * stride + unit;
      lstmStepBackward(
        ownGate, cellBefore, cellBefore + bytes, ownGradient, ownCellGradients, own, units,
      );
    } else if (cell == GRU) {
      const candidate = candidatesOf(layer) + row * stride + unit;
      const ownPrevious = t == 0 ? 0 : previous + unit;
      gruStepBackward(ownGate, candidate, before, ownGradient, ownPrevious, own, units);
    } else {
      rnnStepBackward(ownGradient, before + bytes, own * units);
    }
    if (t > 0) {
      if (meets) barrier();
      addProductBackward(previous, gates == 1 ? gradient : gate, own, unit, units);
    }
  }
}

function shareStartOfStreams(): usize {
  return streams == 1 ? 0 : shareStart(streams);
}

function shareOfStreams(): usize {
  return streams == 1 ? 1 : shareLength(streams);
}

/** The gates' arguments of `rows` streams += Whh h; of a single stream those of some units. */
function addProduct(
  gate: usize,
  gateStride: usize,
  h: usize,
  layer: usize,
  rows: usize,
  unit: usize,
  units: usize,
): void {
  const columns = columnsToGates();
  if (streams > 1) {
    multiplyPacked(
      gate, gateStride, rows, columns, hiddenPadded, h, hiddenPadded * REAL,
      recurrentPanels, true, scratchA + worker * PACKED_A_BYTES,
    );
    return;
  }
  const weights = recurrentWeights(layer);
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
  if (streams == 1) {
    const weights = recurrentWeights(layer) + columnsToGates() * REAL + unit;
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
function addProductBackward(
  previous: usize,
  da: usize,
  rows: usize,
  unit: usize,
  units: usize,
): void {
  const stride = hiddenPadded * REAL;
  if (streams == 1) {
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
