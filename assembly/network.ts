/**
 * Layers of a recurrent cell and the softmax head's product: forward over a sequence, then backward.
 *
 *     x ─► layer 0 ─► dropout ─► layer 1 ─► … ─► y_t = Why h_t + by
 *
 * Within a layer only Whh·h is sequential (recurrence.ts). Everything else is a product over all
 * R = T·B rows at once; row t·B + b is step t of stream b.
 */
import { dropoutRows, dropoutEnabled, setDropout } from "./dropout";
import { scatterPartials, biasPartials, weightPartials, sumPartials } from "./gradients";
import { add, REAL, VECTOR } from "./simd";
import {
  bh,
  by,
  bhn,
  candidates,
  cell,
  cellStates,
  droppedStates,
  gates,
  gateValues,
  gatesPadded,
  GRU,
  dhidden,
  hiddenPadded,
  inputIds,
  inputPanels,
  inputsPadded,
  inputVectors,
  Wxh,
  layers,
  logits,
  LSTM,
  outputPanels,
  outputsPadded,
  Whh,
  scratchA,
  hiddenStates,
  batchSize,
  Why,
} from "./layout";
import { multiplyPacked, packShare } from "./matmul";
import { PACKED_A_BYTES } from "./packing";
import { packRecurrent, packRecurrentTransposed, forwardRecurrence, backwardRecurrence } from "./recurrence";
import { splitByStreams, groupLength, groupCount, groupStart } from "./rows";
import { barrier, worker } from "./workers";

/**
 * Logits of `steps` steps from the initial states, with all states on the way. Between layers, of
 * each number p is the probability to be dropped, and `seed` chooses which.
 */
export function forward(seqLength: usize, denseInputs: bool, p: f64, seed: f64): void {
  setDropout(p, seed);
  const outputStride = outputsPadded * REAL;
  packShare(outputPanels, Why, outputStride, false, outputsPadded, hiddenPadded);
  for (let layer: usize = 0; layer < layers; layer++) forwardLayer(layer, seqLength, denseInputs);
  const states = outputStates(layers - 1);
  for (let group: usize = 0; group < groupCount(seqLength); group++) {
    const row = groupStart(group, seqLength);
    const own = logits + row * outputStride;
    fillRows(own, by, outputStride, groupLength(seqLength));
    multiplyPacked(
      own, outputStride, groupLength(seqLength), outputsPadded, hiddenPadded,
      states + row * hiddenPadded * REAL, hiddenPadded * REAL, outputPanels, true, packScratch(),
    );
  }
}

function forwardLayer(layer: usize, seqLength: usize, denseInputs: bool): void {
  const characters = layer == 0 && !denseInputs;
  if (layer > 0) barrier(); // The layer below may still use the panels.
  if (!characters) {
    const stride = gatesPadded * REAL;
    packShare(inputPanels, Wxh(layer), stride, false, gatesPadded, inputDepth(layer));
  }
  packRecurrent(layer);
  barrier();
  const gateStride = gatesPadded * REAL;
  for (let group: usize = 0; group < groupCount(seqLength); group++) {
    const row = groupStart(group, seqLength);
    const to = gateValues(layer) + row * gateStride;
    if (characters) gatherInput(to, row, groupLength(seqLength));
    else projectInput(layer, to, row, groupLength(seqLength));
  }
  if (!splitByStreams()) barrier();
  forwardRecurrence(layer, seqLength);
  if (!splitByStreams()) barrier();
  if (dropoutEnabled() && layer + 1 < layers) {
    const stride = hiddenPadded * REAL;
    for (let group: usize = 0; group < groupCount(seqLength); group++) {
      const row = groupStart(group, seqLength);
      const from = outputStates(layer) + row * stride;
      dropoutRows(droppedStates(layer) + row * stride, from, row, groupLength(seqLength), layer);
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
export function backward(seqLength: usize, denseInputs: bool): void {
  const hiddenStride = hiddenPadded * REAL;
  const outputStride = outputsPadded * REAL;
  const top = layers - 1;
  packShare(outputPanels, Why, outputStride, true, hiddenPadded, outputsPadded);
  packBackward(top);
  barrier();
  for (let group: usize = 0; group < groupCount(seqLength); group++) {
    const row = groupStart(group, seqLength);
    multiplyPacked(
      dhidden(top) + row * hiddenStride, hiddenStride, groupLength(seqLength), hiddenPadded,
      outputsPadded, logits + row * outputStride, outputStride, outputPanels, false, packScratch(),
    );
  }
  for (let layer = layers; layer-- > 0;) {
    if (layer < top) {
      barrier(); // The layer above may still use the panels.
      packBackward(layer);
      barrier();
    } else if (!splitByStreams()) {
      barrier();
    }
    backwardRecurrence(layer, seqLength);
    barrier();
    if (layer > 0) inputGradients(layer, seqLength);
    parameterPartials(layer, seqLength, denseInputs);
    if (layer == top) {
      weightPartials(
        Why, outputStride, hiddenPadded, outputsPadded, seqLength,
        outputStates(top), hiddenStride, logits, outputStride,
      );
      biasPartials(by, outputsPadded, seqLength, logits, outputStride);
    }
  }
  barrier();
  sumPartials();
}

/** Makes the last states of `steps` steps the initial ones of the next sequence. */
export function carryHiddenState(seqLength: usize): void {
  const bytes = batchSize * hiddenPadded * REAL;
  for (let layer: usize = 0; layer < layers; layer++) {
    memory.copy(hiddenStates(layer), hiddenStates(layer) + seqLength * bytes, bytes);
    if (cell == LSTM) memory.copy(cellStates(layer), cellStates(layer) + seqLength * bytes, bytes);
  }
}

/** The states of a layer from its first step on. */
function outputStates(layer: usize): usize {
  return hiddenStates(layer) + batchSize * hiddenPadded * REAL;
}

/** The length of what a layer reads. */
function inputDepth(layer: usize): usize {
  return layer == 0 ? inputsPadded : hiddenPadded;
}

/** What a layer reads, [R][depth], where it is not characters. */
function layerInputs(layer: usize): usize {
  if (layer == 0) return inputVectors;
  return dropoutEnabled() ? droppedStates(layer - 1) : outputStates(layer - 1);
}

/** This worker's room for a packed block of A. */
function packScratch(): usize {
  return scratchA + worker * PACKED_A_BYTES;
}

/** Writes one row `rows` times. */
export function fillRows(to: usize, row: usize, bytes: usize, rows: usize): void {
  for (let r: usize = 0; r < rows; r++) {
    memory.copy(to, row, bytes);
    to += bytes;
  }
}

/** Wxh x + bh of `rows` rows, where x is 1 at one character: a column of Wxh, here a row. */
function gatherInput(to: usize, row: usize, rows: usize): void {
  const stride = gatesPadded * REAL;
  const weights = Wxh(0);
  const b = bh(0);
  for (const last = row + rows; row < last; row++) {
    const from = weights + <usize>load<u32>(inputIds + row * sizeof<u32>()) * stride;
    for (let offset: usize = 0; offset < stride; offset += VECTOR) {
      v128.store(to + offset, add(v128.load(from + offset), v128.load(b + offset)));
    }
    to += stride;
  }
}

/** Wxh x + bh of `rows` rows, for any x. */
function projectInput(layer: usize, to: usize, row: usize, rows: usize): void {
  const stride = gatesPadded * REAL;
  const inputStride = inputDepth(layer) * REAL;
  fillRows(to, bh(layer), stride, rows);
  multiplyPacked(
    to, stride, rows, gatesPadded, inputDepth(layer),
    layerInputs(layer) + row * inputStride, inputStride, inputPanels, true, packScratch(),
  );
}

/** Packs what the backward pass of a layer multiplies by. */
function packBackward(layer: usize): void {
  packRecurrentTransposed(layer);
  if (layer == 0) return;
  const stride = gatesPadded * REAL;
  const weights = Wxh(layer);
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
  return gates == 1 ? dhidden(layer) : gateValues(layer);
}

/** The gradient with respect to the states of the layer below, Wxhᵀ da. */
function inputGradients(layer: usize, seqLength: usize): void {
  const stride = hiddenPadded * REAL;
  const gateStride = gatesPadded * REAL;
  const both = 2 * hiddenPadded;
  for (let group: usize = 0; group < groupCount(seqLength); group++) {
    const row = groupStart(group, seqLength);
    const rows = groupLength(seqLength);
    const to = dhidden(layer - 1) + row * stride;
    multiplyPacked(
      to, stride, rows, hiddenPadded, cell == GRU ? both : gatesPadded,
      gateGradientsOf(layer) + row * gateStride, gateStride, inputPanels, false, packScratch(),
    );
    if (cell == GRU) {
      multiplyPacked(
        to, stride, rows, hiddenPadded, hiddenPadded, candidates(layer) + row * stride, stride,
        inputPanels + both * hiddenPadded * REAL, true, packScratch(),
      );
    }
    if (dropoutEnabled()) dropoutRows(to, to, row, rows, layer - 1);
  }
}

/** This worker's share of the parts of a layer's gradients. */
function parameterPartials(layer: usize, seqLength: usize, denseInputs: bool): void {
  const stride = hiddenPadded * REAL;
  const gateStride = gatesPadded * REAL;
  const da = gateGradientsOf(layer);
  weightPartials(
    Whh(layer), gateStride, hiddenPadded, gatesPadded, seqLength,
    hiddenStates(layer), stride, da, gateStride,
  );
  if (cell != GRU) {
    inputPartials(layer, 0, gatesPadded, seqLength, denseInputs, da, gateStride);
    return;
  }
  const both = 2 * hiddenPadded;
  inputPartials(layer, 0, both, seqLength, denseInputs, da, gateStride);
  inputPartials(layer, both, hiddenPadded, seqLength, denseInputs, candidates(layer), stride);
  biasPartials(bhn(layer), hiddenPadded, seqLength, da + both * REAL, gateStride);
}

/** The parts of some columns of dWxh and dbh, from that many columns of da. */
function inputPartials(
  layer: usize,
  column: usize,
  columns: usize,
  seqLength: usize,
  denseInputs: bool,
  da: usize,
  daStride: usize,
): void {
  if (layer == 0 && !denseInputs) {
    scatterPartials(column, columns, seqLength, da, daStride);
  } else {
    const depth = inputDepth(layer);
    weightPartials(
      Wxh(layer) + column * REAL, gatesPadded * REAL, depth, columns, seqLength,
      layerInputs(layer), depth * REAL, da, daStride,
    );
  }
  biasPartials(bh(layer) + column * REAL, columns, seqLength, da, daStride);
}
