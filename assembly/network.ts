/**
 * Layers of a recurrent cell and the softmax head's product: forward over a sequence, then backward.
 *
 *     x ─► layer 0 ─► dropout ─► layer 1 ─► … ─► y_t = Why h_t + by
 *
 * Within a layer only Whh·h is sequential (recurrence.ts). Everything else is a product over all
 * R = T·B rows at once; row t·B + b is step t of stream b.
 */
import { dropRows, drops, setDropout } from "./dropout";
import { characterParts, columnSumParts, productParts, sumParts } from "./gradients";
import { add, REAL, VECTOR } from "./lanes";
import {
  bias,
  by,
  candidateBias,
  candidatesOf,
  cell,
  cellStatesOf,
  droppedOf,
  gates,
  gatesOf,
  gatesPadded,
  GRU,
  hiddenGradientsOf,
  hiddenPadded,
  inputIds,
  inputPanels,
  inputsPadded,
  inputVectors,
  inputWeights,
  layers,
  logits,
  LSTM,
  outputPanels,
  outputsPadded,
  recurrentWeights,
  scratchA,
  statesOf,
  streams,
  Why,
} from "./layout";
import { multiplyPacked, packShare } from "./matmul";
import { PACKED_A_BYTES } from "./packing";
import { packRecurrent, packRecurrentTransposed, recur, recurBackward } from "./recurrence";
import { byStreams, groupLength, groupsOf, groupStart } from "./rows";
import { barrier, worker } from "./workers";

/**
 * Logits of `steps` steps from the initial states, with all states on the way. Between layers, of
 * each number p is the probability to be dropped, and `seed` chooses which.
 */
export function forward(steps: usize, denseInputs: bool, p: f64, seed: f64): void {
  setDropout(p, seed);
  const outputStride = outputsPadded * REAL;
  packShare(outputPanels, Why, outputStride, false, outputsPadded, hiddenPadded);
  for (let layer: usize = 0; layer < layers; layer++) forwardLayer(layer, steps, denseInputs);
  const states = firstStatesOf(layers - 1);
  for (let group: usize = 0; group < groupsOf(steps); group++) {
    const row = groupStart(group, steps);
    const own = logits + row * outputStride;
    repeatRow(own, by, outputStride, groupLength(steps));
    multiplyPacked(
      own, outputStride, groupLength(steps), outputsPadded, hiddenPadded,
      states + row * hiddenPadded * REAL, hiddenPadded * REAL, outputPanels, true, ownScratch(),
    );
  }
}

function forwardLayer(layer: usize, steps: usize, denseInputs: bool): void {
  const characters = layer == 0 && !denseInputs;
  if (layer > 0) barrier(); // The layer below may still use the panels.
  if (!characters) {
    const stride = gatesPadded * REAL;
    packShare(inputPanels, inputWeights(layer), stride, false, gatesPadded, depthOf(layer));
  }
  packRecurrent(layer);
  barrier();
  const gateStride = gatesPadded * REAL;
  for (let group: usize = 0; group < groupsOf(steps); group++) {
    const row = groupStart(group, steps);
    const to = gatesOf(layer) + row * gateStride;
    if (characters) inputPartOfIds(to, row, groupLength(steps));
    else inputPart(layer, to, row, groupLength(steps));
  }
  if (!byStreams()) barrier();
  recur(layer, steps);
  if (!byStreams()) barrier();
  if (drops() && layer + 1 < layers) {
    const stride = hiddenPadded * REAL;
    for (let group: usize = 0; group < groupsOf(steps); group++) {
      const row = groupStart(group, steps);
      const from = firstStatesOf(layer) + row * stride;
      dropRows(droppedOf(layer) + row * stride, from, row, groupLength(steps), layer);
    }
  }
}

/**
 * Gradients of the parameters, from the gradient of the loss in the logits' place:
 *
 *     dWhy = Σ dy_t h_tᵀ      dh_t = Whyᵀ dy_t + what comes through the recurrence
 *     dWhh = Σ da_t h_{t-1}ᵀ      dWxh = Σ da_t x_tᵀ      dbh = Σ da_t      dx_t = Wxhᵀ da_t
 *
 * where da is the gradient with respect to the argument of the gates. What the gradients held before
 * is overwritten.
 */
export function backward(steps: usize, denseInputs: bool): void {
  const hiddenStride = hiddenPadded * REAL;
  const outputStride = outputsPadded * REAL;
  const top = layers - 1;
  packShare(outputPanels, Why, outputStride, true, hiddenPadded, outputsPadded);
  packTransposed(top);
  barrier();
  for (let group: usize = 0; group < groupsOf(steps); group++) {
    const row = groupStart(group, steps);
    multiplyPacked(
      hiddenGradientsOf(top) + row * hiddenStride, hiddenStride, groupLength(steps), hiddenPadded,
      outputsPadded, logits + row * outputStride, outputStride, outputPanels, false, ownScratch(),
    );
  }
  for (let layer = layers; layer-- > 0;) {
    if (layer < top) {
      barrier(); // The layer above may still use the panels.
      packTransposed(layer);
      barrier();
    } else if (!byStreams()) {
      barrier();
    }
    recurBackward(layer, steps);
    barrier();
    if (layer > 0) inputGradients(layer, steps);
    layerParts(layer, steps, denseInputs);
    if (layer == top) {
      productParts(
        Why, outputStride, hiddenPadded, outputsPadded, steps,
        firstStatesOf(top), hiddenStride, logits, outputStride,
      );
      columnSumParts(by, outputsPadded, steps, logits, outputStride);
    }
  }
  barrier();
  sumParts();
}

/** Makes the last states of `steps` steps the initial ones of the next sequence. */
export function carryHiddenState(steps: usize): void {
  const bytes = streams * hiddenPadded * REAL;
  for (let layer: usize = 0; layer < layers; layer++) {
    memory.copy(statesOf(layer), statesOf(layer) + steps * bytes, bytes);
    if (cell == LSTM) memory.copy(cellStatesOf(layer), cellStatesOf(layer) + steps * bytes, bytes);
  }
}

/** The states of a layer from its first step on. */
function firstStatesOf(layer: usize): usize {
  return statesOf(layer) + streams * hiddenPadded * REAL;
}

/** The length of what a layer reads. */
function depthOf(layer: usize): usize {
  return layer == 0 ? inputsPadded : hiddenPadded;
}

/** What a layer reads, [R][depth], where it is not characters. */
function inputsOf(layer: usize): usize {
  if (layer == 0) return inputVectors;
  return drops() ? droppedOf(layer - 1) : firstStatesOf(layer - 1);
}

/** This worker's room for a packed block of A. */
function ownScratch(): usize {
  return scratchA + worker * PACKED_A_BYTES;
}

/** Writes one row `rows` times. */
export function repeatRow(to: usize, row: usize, bytes: usize, rows: usize): void {
  for (let r: usize = 0; r < rows; r++) {
    memory.copy(to, row, bytes);
    to += bytes;
  }
}

/** Wxh x + bh of `rows` rows, where x is 1 at one character: a column of Wxh, here a row. */
function inputPartOfIds(to: usize, row: usize, rows: usize): void {
  const stride = gatesPadded * REAL;
  const weights = inputWeights(0);
  const b = bias(0);
  for (const last = row + rows; row < last; row++) {
    const from = weights + <usize>load<u32>(inputIds + row * sizeof<u32>()) * stride;
    for (let offset: usize = 0; offset < stride; offset += VECTOR) {
      v128.store(to + offset, add(v128.load(from + offset), v128.load(b + offset)));
    }
    to += stride;
  }
}

/** Wxh x + bh of `rows` rows, for any x. */
function inputPart(layer: usize, to: usize, row: usize, rows: usize): void {
  const stride = gatesPadded * REAL;
  const inputStride = depthOf(layer) * REAL;
  repeatRow(to, bias(layer), stride, rows);
  multiplyPacked(
    to, stride, rows, gatesPadded, depthOf(layer),
    inputsOf(layer) + row * inputStride, inputStride, inputPanels, true, ownScratch(),
  );
}

/** Packs what the backward pass of a layer multiplies by. */
function packTransposed(layer: usize): void {
  packRecurrentTransposed(layer);
  if (layer == 0) return;
  const stride = gatesPadded * REAL;
  const weights = inputWeights(layer);
  if (cell != GRU) {
    packShare(inputPanels, weights, stride, true, hiddenPadded, gatesPadded);
    return;
  }
  const both = 2 * hiddenPadded; // The gates' gradients stand in one place, the candidate's in another.
  packShare(inputPanels, weights, stride, true, hiddenPadded, both);
  packShare(
    inputPanels + both * hiddenPadded * REAL, weights + both * REAL, stride, true,
    hiddenPadded, hiddenPadded,
  );
}

/** The gradient with respect to the arguments of the gates, [R][G·Hp]; of the GRU see gru.ts. */
function gateGradientsOf(layer: usize): usize {
  return gates == 1 ? hiddenGradientsOf(layer) : gatesOf(layer);
}

/** The gradient with respect to the states of the layer below, Wxhᵀ da. */
function inputGradients(layer: usize, steps: usize): void {
  const stride = hiddenPadded * REAL;
  const gateStride = gatesPadded * REAL;
  const both = 2 * hiddenPadded;
  for (let group: usize = 0; group < groupsOf(steps); group++) {
    const row = groupStart(group, steps);
    const rows = groupLength(steps);
    const to = hiddenGradientsOf(layer - 1) + row * stride;
    multiplyPacked(
      to, stride, rows, hiddenPadded, cell == GRU ? both : gatesPadded,
      gateGradientsOf(layer) + row * gateStride, gateStride, inputPanels, false, ownScratch(),
    );
    if (cell == GRU) {
      multiplyPacked(
        to, stride, rows, hiddenPadded, hiddenPadded, candidatesOf(layer) + row * stride, stride,
        inputPanels + both * hiddenPadded * REAL, true, ownScratch(),
      );
    }
    if (drops()) dropRows(to, to, row, rows, layer - 1);
  }
}

/** This worker's share of the parts of a layer's gradients. */
function layerParts(layer: usize, steps: usize, denseInputs: bool): void {
  const stride = hiddenPadded * REAL;
  const gateStride = gatesPadded * REAL;
  const da = gateGradientsOf(layer);
  productParts(
    recurrentWeights(layer), gateStride, hiddenPadded, gatesPadded, steps,
    statesOf(layer), stride, da, gateStride,
  );
  if (cell != GRU) {
    inputParts(layer, 0, gatesPadded, steps, denseInputs, da, gateStride);
    return;
  }
  const both = 2 * hiddenPadded;
  inputParts(layer, 0, both, steps, denseInputs, da, gateStride);
  inputParts(layer, both, hiddenPadded, steps, denseInputs, candidatesOf(layer), stride);
  columnSumParts(candidateBias(layer), hiddenPadded, steps, da + both * REAL, gateStride);
}

/** The parts of some columns of dWxh and dbh, from that many columns of da. */
function inputParts(
  layer: usize,
  column: usize,
  columns: usize,
  steps: usize,
  denseInputs: bool,
  da: usize,
  daStride: usize,
): void {
  if (layer == 0 && !denseInputs) {
    characterParts(column, columns, steps, da, daStride);
  } else {
    const depth = depthOf(layer);
    productParts(
      inputWeights(layer) + column * REAL, gatesPadded * REAL, depth, columns, steps,
      inputsOf(layer), depth * REAL, da, daStride,
    );
  }
  columnSumParts(bias(layer) + column * REAL, columns, steps, da, daStride);
}
