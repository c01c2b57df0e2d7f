/**
 * The recurrence of a layer: the sequential part, step by step, forward and backward.
 *
 *     forward     a_t += Whh h_{t−1}, then the cell: h_t          from t = 0 to T − 1
 *     backward    the cell: da_t, then dh_{t−1} += Whhᵀ da_t      from t = T − 1 to 0
 *
 * With B > 1, a step is a matrix product, and workers split the streams. With B = 1 it is a vector
 * times a matrix. A large layer's single stream is split by units: each worker's part of Whh stays in
 * its core's cache, and all workers meet after each step, because each needs all of h. A smaller
 * layer's single stream is worker 0's alone.
 *
 * The plain version is tests/reference/cells.ts.
 */
import { gruBackward, gruForward } from "./cells/gru";
import { lstmBackward, lstmForward } from "./cells/lstm";
import { rnnBackward, rnnForward } from "./cells/rnn";
import {
  batchSize,
  bh,
  bhn,
  candidates,
  cell,
  Cell,
  cellStates,
  cellTanhs,
  dcell,
  dhidden,
  gateCount,
  gates,
  gatesPadded,
  gateValues,
  hasCandidate,
  hasCellState,
  hidden,
  hiddenPadded,
  hiddenStates,
  inputIds,
  recurrentPanels,
  scratchA,
  Whh,
  Wxh,
} from "./layout";
import { multiplyPacked, multiplyPackedAgain, packShare } from "./matmul";
import { vectorTimesMatrix } from "./matvec";
import { ceilDiv, PACKED_A_BYTES, panelWidth, roundUp, transpose } from "./packing";
import { begin, end, Phase } from "./phases";
import { add, LANES, REAL, VECTOR } from "./simd";
import { barrier, shareLength, shareStart, worker, workers } from "./workers";

/** With fewer weights in Whh, a barrier after each step takes longer than a second worker saves. */
const MIN_SHARED_WEIGHTS: usize = 1 << 16;

/**
 * Whether several workers split the units of a single stream of such a layer. The host asks before it
 * chooses a number of threads.
 */
export function unitsAreShared(cell: u32, hidden: usize): bool {
  const padded = roundUp(hidden, LANES);
  return padded * padded * gateCount(cell) >= MIN_SHARED_WEIGHTS;
}

/** Whether several workers split the units of the single stream. */
function splitByUnits(): bool {
  return batchSize == 1 && workers > 1 && unitsAreShared(cell, hidden);
}

/** Whether this worker has no part in the recurrence of the single stream. */
function isIdle(): bool {
  return batchSize == 1 && worker != 0 && !splitByUnits();
}

/** The offset in bytes of this worker's units in a row of H. */
function unitOffset(): usize {
  return splitByUnits() ? shareStart(hiddenPadded / LANES) * VECTOR : 0;
}

/** The bytes of this worker's units in a row of H. */
function unitBytes(): usize {
  return splitByUnits() ? shareLength(hiddenPadded / LANES) * VECTOR : hiddenPadded * REAL;
}

/** This worker's first stream. */
function firstStream(): usize {
  return batchSize == 1 ? 0 : shareStart(batchSize);
}

/** How many streams are this worker's. */
function streamShare(): usize {
  return batchSize == 1 ? 1 : shareLength(batchSize);
}

/** Columns of Whh whose product is added to the gates: all but those of a separate candidate. */
@inline
function gateColumns(): usize {
  return hasCandidate ? gatesPadded - hiddenPadded : gatesPadded;
}

/** Whh's panels for the candidates. */
@inline
function candidatePanels(): usize {
  return recurrentPanels + hiddenPadded * gateColumns() * REAL;
}

/**
 * The width of Whh's panels, which suits the rows of a step: the streams of the worker that has the
 * most.
 */
function stepPanelWidth(): usize {
  return panelWidth(ceilDiv(batchSize, workers));
}

/** Packs this worker's share of Whh for `forwardRecurrence`. */
export function packRecurrent(layer: usize): void {
  if (batchSize == 1) return;
  const weights = Whh(layer);
  const stride = gatesPadded * REAL;
  const columns = gateColumns();
  packShare(recurrentPanels, weights, stride, false, columns, hiddenPadded, stepPanelWidth());
  if (hasCandidate) {
    const from = weights + columns * REAL;
    packShare(candidatePanels(), from, stride, false, hiddenPadded, hiddenPadded, stepPanelWidth());
  }
}

/** Packs this worker's share of Whhᵀ for `backwardRecurrence`. */
export function packRecurrentTransposed(layer: usize): void {
  const weights = Whh(layer);
  const stride = gatesPadded * REAL;
  if (batchSize > 1) {
    packShare(recurrentPanels, weights, stride, true, hiddenPadded, gatesPadded, stepPanelWidth());
    return;
  }
  begin(Phase.packWeights);
  const first = shareStart(hiddenPadded / LANES) * LANES;
  const rows = shareLength(hiddenPadded / LANES) * LANES;
  transpose(
    recurrentPanels + first * REAL, hiddenPadded * REAL, weights + first * stride, stride,
    rows, gatesPadded,
  );
  end();
}

/** a = Wxh x + bh of `rows` rows for one-hot x: the row of Wxh of each character id. */
export function gatherInput(a: usize, row: usize, rows: usize): void {
  const stride = gatesPadded * REAL;
  const weights = Wxh(0);
  const biases = bh(0);
  begin(Phase.inputs);
  for (const last = row + rows; row < last; row++) {
    const from = weights + <usize>load<u32>(inputIds + row * sizeof<u32>()) * stride;
    for (let offset: usize = 0; offset < stride; offset += VECTOR) {
      v128.store(a + offset, add(v128.load(from + offset), v128.load(biases + offset)));
    }
    a += stride;
  }
  end();
}

/**
 * Computes the states of a layer after each step, from Wxh x + bh in the place of the gates.
 *
 * @param gathers Whether each step computes Wxh x + bh of character ids first.
 */
export function forwardRecurrence(layer: usize, seqLength: usize, gathers: bool): void {
  if (isIdle()) return;
  const stride = hiddenPadded * REAL;
  const gateStride = gatesPadded * REAL;
  const stream = firstStream();
  const rows = streamShare();
  const unit = unitOffset();
  const bytes = unitBytes();
  const synchronizes = splitByUnits();
  const stepBytes = batchSize * stride;
  let h = hiddenStates(layer) + (batchSize + stream) * stride;
  let c = cellStates(layer) + (batchSize + stream) * stride;
  let gate = gateValues(layer) + stream * gateStride;
  let candidate = candidates(layer) + stream * stride;
  const keepsTanh = cellTanhs(layer) != 0;
  for (let t: usize = 0; t < seqLength; t++) {
    const hBefore = h - stepBytes;
    if (gathers) gatherInput(gate, t * batchSize + stream, rows);
    if (synchronizes && t > 0) barrier();
    begin(Phase.forwardProducts);
    addRecurrentProduct(gate, gateStride, hBefore, layer, rows, unit, bytes);
    end();
    begin(Phase.forwardCell);
    if (cell == Cell.lstm) {
      const cTanh = keepsTanh ? cellTanhs(layer) + (t * batchSize + stream) * stride + unit : 0;
      lstmForward(gate + unit, c - stepBytes + unit, c + unit, cTanh, h + unit, rows, bytes);
    } else if (cell == Cell.gru) {
      for (let row: usize = 0; row < rows; row++) {
        memory.copy(candidate + row * stride + unit, bhn(layer) + unit, bytes);
      }
      begin(Phase.forwardProducts);
      addCandidateProduct(candidate, hBefore, layer, rows, unit, bytes);
      end();
      gruForward(gate + unit, candidate + unit, hBefore + unit, h + unit, rows, bytes);
    } else {
      rnnForward(h + unit, rows * bytes);
    }
    end();
    h += stepBytes;
    c += stepBytes;
    gate += batchSize * gateStride;
    candidate += stepBytes;
  }
}

/** Computes da after each step in the place of the gates, from dh. */
export function backwardRecurrence(layer: usize, seqLength: usize): void {
  if (isIdle()) return;
  const stride = hiddenPadded * REAL;
  const gateStride = gatesPadded * REAL;
  const stream = firstStream();
  const rows = streamShare();
  const unit = unitOffset();
  const bytes = unitBytes();
  const synchronizes = splitByUnits();
  const stepBytes = batchSize * stride;
  const dc = dcell + stream * stride + unit;
  if (hasCellState) memory.fill(dc, 0, rows * bytes);
  for (let t = seqLength; t-- > 0;) {
    const row = t * batchSize + stream;
    const hBefore = hiddenStates(layer) + row * stride + unit;
    const gate = gateValues(layer) + row * gateStride;
    const dh = dhidden(layer) + row * stride;
    const dhBefore = t == 0 ? 0 : dh - stepBytes;
    begin(Phase.backwardCell);
    if (cell == Cell.lstm) {
      const cBefore = cellStates(layer) + row * stride + unit;
      const cTanh = cellTanhs(layer) + row * stride + unit;
      lstmBackward(gate + unit, cBefore, cTanh, dh + unit, dc, rows, bytes);
    } else if (cell == Cell.gru) {
      const candidate = candidates(layer) + row * stride + unit;
      const ownBefore = t == 0 ? 0 : dhBefore + unit;
      gruBackward(gate + unit, candidate, hBefore, dh + unit, ownBefore, rows, bytes);
    } else {
      rnnBackward(dh + unit, hBefore + stepBytes, rows * bytes);
    }
    end();
    if (t > 0) {
      if (synchronizes) barrier();
      begin(Phase.backwardProducts);
      addRecurrentProductBackward(dhBefore, gates == 1 ? dh : gate, rows, unit, bytes);
      end();
    }
  }
}

/** a += Whh h: `rows` rows of all gates, or, with B = 1, the units at `unit`, `bytes` long. */
function addRecurrentProduct(
  a: usize,
  aStride: usize,
  h: usize,
  layer: usize,
  rows: usize,
  unit: usize,
  bytes: usize,
): void {
  const columns = gateColumns();
  const stride = hiddenPadded * REAL;
  if (batchSize > 1) {
    multiplyPacked(
      a, aStride, rows, columns, hiddenPadded, h, stride,
      recurrentPanels, true, scratchA + worker * PACKED_A_BYTES, stepPanelWidth(),
    );
    return;
  }
  const weights = Whh(layer);
  if (bytes == stride) { // The columns of all gates at once make fuller groups than those of each.
    vectorTimesMatrix(a, h, weights, aStride, hiddenPadded, columns);
    return;
  }
  for (let column = unit; column < columns * REAL; column += stride) {
    vectorTimesMatrix(a + column, h, weights + column, aStride, hiddenPadded, bytes / REAL);
  }
}

/** u += Whh h of the candidates: the last H columns of Whh. */
function addCandidateProduct(
  u: usize,
  h: usize,
  layer: usize,
  rows: usize,
  unit: usize,
  bytes: usize,
): void {
  const stride = hiddenPadded * REAL;
  if (batchSize == 1) {
    const weights = Whh(layer) + gateColumns() * REAL + unit;
    const weightStride = gatesPadded * REAL;
    vectorTimesMatrix(u + unit, h, weights, weightStride, hiddenPadded, bytes / REAL);
    return;
  }
  // The gates' product has just packed h.
  multiplyPackedAgain(
    u, stride, rows, hiddenPadded, hiddenPadded, h, stride,
    candidatePanels(), true, scratchA + worker * PACKED_A_BYTES, stepPanelWidth(),
  );
}

/** dh_{t−1} += Whhᵀ da_t. */
function addRecurrentProductBackward(
  dhBefore: usize,
  da: usize,
  rows: usize,
  unit: usize,
  bytes: usize,
): void {
  const stride = hiddenPadded * REAL;
  if (batchSize == 1) {
    vectorTimesMatrix(
      dhBefore + unit, da, recurrentPanels + unit, stride, gatesPadded, bytes / REAL,
    );
    return;
  }
  multiplyPacked(
    dhBefore, stride, rows, hiddenPadded, gatesPadded, da, gatesPadded * REAL,
    recurrentPanels, true, scratchA + worker * PACKED_A_BYTES, stepPanelWidth(),
  );
}
