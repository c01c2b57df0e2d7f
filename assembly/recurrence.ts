/**
 * The sequential part of a layer, step by step: forward, then backward.
 *
 * Streams are shared by workers; a single stream is worker 0's. Several streams are matrix products,
 * one stream is a vector times a matrix.
 */
import { gruStep, gruStepBackward } from "./cells/gru";
import { lstmStep, lstmStepBackward } from "./cells/lstm";
import { rnnStep, rnnStepBackward } from "./cells/rnn";
import { LANES, REAL } from "./lanes";
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
import { shareLength, shareStart, worker } from "./workers";

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
  if (streams == 1 && worker != 0) return;
  const stride = hiddenPadded * REAL;
  const gateStride = gatesPadded * REAL;
  const first = shareStartOfStreams();
  const own = shareOfStreams();
  let state = statesOf(layer) + (streams + first) * stride;
  let cellState = cellStatesOf(layer) + (streams + first) * stride;
  let gate = gatesOf(layer) + first * gateStride;
  let candidate = candidatesOf(layer) + first * stride;
  const bytes = streams * stride;
  for (let t: usize = 0; t < steps; t++) {
    const before = state - bytes;
    addProduct(gate, gateStride, before, layer, own);
    if (cell == LSTM) {
      lstmStep(gate, cellState - bytes, cellState, state, own);
    } else if (cell == GRU) {
      for (let row: usize = 0; row < own; row++) {
        memory.copy(candidate + row * stride, candidateBias(layer), stride);
      }
      addCandidateProduct(candidate, before, layer, own);
      gruStep(gate, candidate, before, state, own);
    } else {
      rnnStep(state, own);
    }
    state += bytes;
    cellState += bytes;
    gate += streams * gateStride;
    candidate += bytes;
  }
}

/** Gradients of the gates' arguments after each step, from those of the states. */
export function recurBackward(layer: usize, steps: usize): void {
  if (streams == 1 && worker != 0) return;
  const stride = hiddenPadded * REAL;
  const gateStride = gatesPadded * REAL;
  const first = shareStartOfStreams();
  const own = shareOfStreams();
  const bytes = streams * stride;
  const ownCellGradients = cellGradients + first * stride;
  if (cell == LSTM) memory.fill(ownCellGradients, 0, own * stride);
  for (let t = steps; t-- > 0;) {
    const row = t * streams + first;
    const before = statesOf(layer) + row * stride;
    const gate = gatesOf(layer) + row * gateStride;
    const gradient = hiddenGradientsOf(layer) + row * stride;
    const previous = t == 0 ? 0 : gradient - bytes;
    if (cell == LSTM) {
      const cellBefore = cellStatesOf(layer) + row * stride;
      lstmStepBackward(gate, cellBefore, cellBefore + bytes, gradient, ownCellGradients, own);
    } else if (cell == GRU) {
      const candidate = candidatesOf(layer) + row * stride;
      gruStepBackward(gate, candidate, before, gradient, previous, own);
    } else {
      rnnStepBackward(gradient, before + bytes, own);
    }
    if (t > 0) addProductBackward(previous, gates == 1 ? gradient : gate, own);
  }
}

function shareStartOfStreams(): usize {
  return streams == 1 ? 0 : shareStart(streams);
}

function shareOfStreams(): usize {
  return streams == 1 ? 1 : shareLength(streams);
}

/** The gates' arguments of `rows` streams += Whh h. */
function addProduct(gate: usize, gateStride: usize, h: usize, layer: usize, rows: usize): void {
  if (streams == 1) {
    vectorTimesMatrix(
      gate, h, recurrentWeights(layer), gateStride, hiddenPadded, columnsToGates(),
    );
    return;
  }
  multiplyPacked(
    gate, gateStride, rows, columnsToGates(), hiddenPadded, h, hiddenPadded * REAL,
    recurrentPanels, true, scratchA + worker * PACKED_A_BYTES,
  );
}

/** The recurrent part of the GRU's candidates += Whh h, third part. */
function addCandidateProduct(candidate: usize, h: usize, layer: usize, rows: usize): void {
  const stride = hiddenPadded * REAL;
  if (streams == 1) {
    const weights = recurrentWeights(layer) + columnsToGates() * REAL;
    vectorTimesMatrix(candidate, h, weights, gatesPadded * REAL, hiddenPadded, hiddenPadded);
    return;
  }
  multiplyPacked(
    candidate, stride, rows, hiddenPadded, hiddenPadded, h, stride,
    candidatePanels(), true, scratchA + worker * PACKED_A_BYTES,
  );
}

/** dh of the step before += Whhᵀ da. */
function addProductBackward(previous: usize, da: usize, rows: usize): void {
  const stride = hiddenPadded * REAL;
  if (streams == 1) {
    vectorTimesMatrix(previous, da, recurrentPanels, stride, gatesPadded, hiddenPadded);
    return;
  }
  multiplyPacked(
    previous, stride, rows, hiddenPadded, gatesPadded, da, gatesPadded * REAL,
    recurrentPanels, true, scratchA + worker * PACKED_A_BYTES,
  );
}
