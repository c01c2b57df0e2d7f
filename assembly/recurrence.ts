/**
 * The recurrence of a layer: the sequential part, step by step, forward and backward.
 *
 *     forward     a_t += Whh h_{t−1}, then the cell: h_t          from t = 0 to T − 1
 *     backward    the cell: da_t, then dh_{t−1} += Whhᵀ da_t      from t = T − 1 to 0
 *
 * With B > 1, a step is a matrix product; with B = 1 it is a vector times a matrix. Workers share out
 * streams and units, see grid.ts. Those that share out the units of the same streams meet after each
 * step, because each needs all of h, or of da. A small layer's single stream is worker 0's alone.
 *
 * The plain version is tests/reference/cells.ts.
 */
import { gruBackward, gruForward } from "./cells/gru";
import { lstmBackward, lstmForward } from "./cells/lstm";
import { rnnBackward, rnnForward } from "./cells/rnn";
import {
  allTeams,
  isIdle,
  mostStreams,
  team,
  teamBarrier,
  teamLength,
  teamStart,
  unitBytes,
  unitOffset,
} from "./grid";
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
  gates,
  gatesPadded,
  gateValues,
  hasCandidate,
  hasCellState,
  hiddenPadded,
  hiddenStates,
  inputIds,
  recurrentPanels,
  scratchA,
  Whh,
  Wxh,
} from "./layout";
import { multiplyPacked, multiplyPackedAgain, multiplyRuns, packRuns } from "./matmul";
import { vectorTimesMatrix } from "./matvec";
import { PACKED_A_BYTES, panelWidth, transpose } from "./packing";
import { begin, end, Phase } from "./phases";
import { add, LANES, REAL, VECTOR } from "./simd";
import { shareLength, shareStart, worker } from "./workers";

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

/** The width of Whh's panels, which suits the rows of a step: the streams of the largest team. */
function stepPanelWidth(): usize {
  return panelWidth(mostStreams());
}

/** The gates, or all that a run of columns may have: of the candidate, its own alone. */
@inline
function gateRuns(): usize {
  return gateColumns() / hiddenPadded;
}

/**
 * Packs this worker's share of Whh for `forwardRecurrence`: its units are in the same place in each
 * team, so each team packs a part of their panels.
 */
export function packRecurrent(layer: usize): void {
  if (batchSize == 1 || isIdle()) return;
  const weights = Whh(layer) + unitOffset();
  packUnits(unitPanels(recurrentPanels, gateRuns()), weights, gateRuns());
  if (hasCandidate) {
    packUnits(unitPanels(candidatePanels(), 1), weights + gateColumns() * REAL, 1);
  }
}

/** Packs this team's part of the panels of this worker's units of some gates. */
function packUnits(to: usize, weights: usize, runs: usize): void {
  const units = unitBytes() / REAL;
  const whole = units == hiddenPadded; // Then the gates are one run, whose last panels are full.
  packRuns(
    to, weights, gatesPadded * REAL, false, whole ? units * runs : units, whole ? 1 : runs,
    hiddenPadded * REAL, hiddenPadded, stepPanelWidth(), team(), allTeams(),
  );
}

/** Where the panels of this worker's units are among those of a matrix with `runs` runs of columns. */
@inline
function unitPanels(panels: usize, runs: usize): usize {
  return panels + unitOffset() * runs * hiddenPadded;
}

/** Packs this worker's share of Whhᵀ for `backwardRecurrence`. */
export function packRecurrentTransposed(layer: usize): void {
  const weights = Whh(layer);
  const stride = gatesPadded * REAL;
  if (batchSize > 1) {
    if (isIdle()) return;
    packRuns(
      unitPanels(recurrentPanels, gates), weights + unitOffset() / REAL * stride, stride, true,
      unitBytes() / REAL, 1, 0, gatesPadded, stepPanelWidth(), team(), allTeams(),
    );
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
  gatherColumns(a, row, rows, 0, gatesPadded * REAL);
}

/** The same for a worker's units in the columns of each gate. */
function gatherUnits(a: usize, row: usize, rows: usize, unit: usize, bytes: usize): void {
  const stride = hiddenPadded * REAL;
  if (bytes == stride) {
    gatherInput(a, row, rows);
    return;
  }
  for (let gate: usize = 0; gate < gates; gate++) {
    gatherColumns(a, row, rows, gate * stride + unit, bytes);
  }
}

/** The same for `bytes` bytes of each row, `first` bytes from its start. */
@inline
function gatherColumns(a: usize, row: usize, rows: usize, first: usize, bytes: usize): void {
  const stride = gatesPadded * REAL;
  const weights = Wxh(0) + first;
  const biases = bh(0) + first;
  a += first;
  begin(Phase.inputs);
  for (const last = row + rows; row < last; row++) {
    const from = weights + <usize>load<u32>(inputIds + row * sizeof<u32>()) * stride;
    for (let offset: usize = 0; offset < bytes; offset += VECTOR) {
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
  const stream = teamStart();
  const rows = teamLength();
  const unit = unitOffset();
  const bytes = unitBytes();
  const stepBytes = batchSize * stride;
  let h = hiddenStates(layer) + (batchSize + stream) * stride;
  let c = cellStates(layer) + (batchSize + stream) * stride;
  let gate = gateValues(layer) + stream * gateStride;
  let candidate = candidates(layer) + stream * stride;
  const keepsTanh = cellTanhs(layer) != 0;
  for (let t: usize = 0; t < seqLength; t++) {
    const hBefore = h - stepBytes;
    if (gathers) gatherUnits(gate, t * batchSize + stream, rows, unit, bytes);
    if (t > 0) teamBarrier();
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
      rnnForward(h + unit, rows, bytes);
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
  const stream = teamStart();
  const rows = teamLength();
  const unit = unitOffset();
  const bytes = unitBytes();
  const stepBytes = batchSize * stride;
  const dc = dcell + stream * stride + unit;
  if (hasCellState) {
    for (let row: usize = 0; row < rows; row++) memory.fill(dc + row * stride, 0, bytes);
  }
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
      rnnBackward(dh + unit, hBefore + stepBytes, rows, bytes);
    }
    end();
    if (t > 0) {
      teamBarrier();
      begin(Phase.backwardProducts);
      addRecurrentProductBackward(dhBefore, gates == 1 ? dh : gate, rows, unit, bytes);
      end();
    }
  }
}

/** a += Whh h of `rows` rows: of all gates, the units at `unit`, `bytes` long. */
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
    const whole = bytes == stride;
    multiplyRuns(
      a + unit, aStride, rows, whole ? columns : bytes / REAL, whole ? 1 : gateRuns(), stride,
      hiddenPadded, h, stride, unitPanels(recurrentPanels, gateRuns()), true,
      scratchA + worker * PACKED_A_BYTES, stepPanelWidth(),
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
    u + unit, stride, rows, bytes / REAL, hiddenPadded, h, stride,
    unitPanels(candidatePanels(), 1), true, scratchA + worker * PACKED_A_BYTES, stepPanelWidth(),
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
    dhBefore + unit, stride, rows, bytes / REAL, gatesPadded, da, gatesPadded * REAL,
    unitPanels(recurrentPanels, gates), true, scratchA + worker * PACKED_A_BYTES, stepPanelWidth(),
  );
}
