/**
 * The network: layers of a recurrent cell and the head, forward over a sequence, then backward.
 *
 *     x ─► layer 0 ─► dropout ─► layer 1 ─► … ─► head: y_t = Why h_t + by
 *
 * Within a layer only Whh h is sequential (recurrence.ts). Everything else is a product over all R
 * rows at once.
 *
 * The plain version is tests/reference/network.ts.
 */
import { biasGradients } from "./bias_gradients";
import { dropoutEnabled, dropoutRows, setDropout } from "./dropout";
import {
  batchSize,
  bh,
  bhn,
  by,
  candidates,
  cellStates,
  dhidden,
  droppedStates,
  gates,
  gatesPadded,
  gateValues,
  hasCandidate,
  hasCellState,
  hiddenPadded,
  hiddenStates,
  inputIds,
  inputPanels,
  inputsPadded,
  inputVectors,
  layers,
  logits,
  outputPanels,
  outputsPadded,
  scratchA,
  Whh,
  Why,
  Wxh,
} from "./layout";
import { multiplyPacked, packShare } from "./matmul";
import { NR, PACKED_A_BYTES } from "./packing";
import { hasBranches, sumBranches } from "./partial_sums";
import { begin, end, Phase } from "./phases";
import {
  backwardRecurrence,
  forwardRecurrence,
  gatherInput,
  packRecurrent,
  packRecurrentTransposed,
} from "./recurrence";
import { groupCount, groupLength, groupStart, splitByStreams } from "./rows";
import { scatterGradients } from "./scatter_gradients";
import { REAL } from "./simd";
import { weightGradients } from "./weight_gradients";
import { barrier, worker } from "./workers";

/**
 * Computes the logits of `seqLength` steps from the initial states; the states of every step stay in
 * memory for `backward`.
 *
 * @param dropout The probability with which a number is dropped between layers.
 * @param dropoutSeed Determines which; see dropout.ts.
 */
export function forward(
  seqLength: usize,
  denseInputs: bool,
  dropout: f64,
  dropoutSeed: f64,
): void {
  setDropout(dropout, dropoutSeed);
  const outputStride = outputsPadded * REAL;
  packShare(outputPanels, Why, outputStride, false, outputsPadded, hiddenPadded, NR);
  for (let layer: usize = 0; layer < layers; layer++) forwardLayer(layer, seqLength, denseInputs);
  const h = outputStates(layers - 1);
  for (let group: usize = 0; group < groupCount(seqLength); group++) {
    const row = groupStart(group, seqLength);
    const y = logits + row * outputStride;
    begin(Phase.inputs);
    fillRows(y, by, outputStride, groupLength(seqLength));
    end();
    begin(Phase.forwardProducts);
    multiplyPacked(
      y, outputStride, groupLength(seqLength), outputsPadded, hiddenPadded,
      h + row * hiddenPadded * REAL, hiddenPadded * REAL, outputPanels, true, packScratch(), NR,
    );
    end();
  }
}

function forwardLayer(layer: usize, seqLength: usize, denseInputs: bool): void {
  const readsIds = layer == 0 && !denseInputs;
  if (layer > 0) barrier(); // The layer below may still use the panels.
  if (!readsIds) {
    const stride = gatesPadded * REAL;
    packShare(inputPanels, Wxh(layer), stride, false, gatesPadded, inputDepth(layer), NR);
  }
  packRecurrent(layer);
  barrier();
  const gathers = readsIds && batchSize > 1; // Then each step of the recurrence takes its inputs.
  if (!gathers) {
    const gateStride = gatesPadded * REAL;
    for (let group: usize = 0; group < groupCount(seqLength); group++) {
      const row = groupStart(group, seqLength);
      const a = gateValues(layer) + row * gateStride;
      if (readsIds) gatherInput(a, row, groupLength(seqLength));
      else projectInput(layer, a, row, groupLength(seqLength));
    }
    if (!splitByStreams()) barrier();
  }
  forwardRecurrence(layer, seqLength, gathers);
  if (!splitByStreams()) barrier();
  if (dropoutEnabled() && layer + 1 < layers) {
    const stride = hiddenPadded * REAL;
    for (let group: usize = 0; group < groupCount(seqLength); group++) {
      const row = groupStart(group, seqLength);
      const h = outputStates(layer) + row * stride;
      dropoutRows(droppedStates(layer) + row * stride, h, row, groupLength(seqLength), layer);
    }
  }
}

/**
 * Computes the gradients of all parameters from dlogits, which stands in the place of the logits:
 *
 *     dWhy = Σ_t dy_t h_tᵀ        dh_t = Whyᵀ dy_t + what reaches it through the recurrence
 *     dWhh = Σ_t da_t h_{t−1}ᵀ    dWxh = Σ_t da_t x_tᵀ    dbh = Σ_t da_t    dx_t = Wxhᵀ da_t
 *
 * a_t is the argument of the gates. Former gradients are overwritten.
 */
export function backward(seqLength: usize, denseInputs: bool): void {
  const hiddenStride = hiddenPadded * REAL;
  const outputStride = outputsPadded * REAL;
  const top = layers - 1;
  packShare(outputPanels, Why, outputStride, true, hiddenPadded, outputsPadded, NR);
  packBackward(top);
  barrier();
  for (let group: usize = 0; group < groupCount(seqLength); group++) {
    const row = groupStart(group, seqLength);
    begin(Phase.backwardProducts);
    multiplyPacked(
      dhidden(top) + row * hiddenStride, hiddenStride, groupLength(seqLength), hiddenPadded,
      outputsPadded, logits + row * outputStride, outputStride, outputPanels, false, packScratch(), NR,
    );
    end();
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
    layerGradients(layer, seqLength, denseInputs);
    if (layer == top) {
      weightGradients(
        Why, outputStride, hiddenPadded, outputsPadded, seqLength,
        outputStates(top), hiddenStride, logits, outputStride, by, outputsPadded, by,
      );
    }
  }
  if (!hasBranches()) return;
  barrier();
  sumBranches();
}

/** Copies the states after `seqLength` steps to the initial states of the next sequence. */
export function carryHiddenState(seqLength: usize): void {
  const bytes = batchSize * hiddenPadded * REAL;
  for (let layer: usize = 0; layer < layers; layer++) {
    memory.copy(hiddenStates(layer), hiddenStates(layer) + seqLength * bytes, bytes);
    if (hasCellState) {
      memory.copy(cellStates(layer), cellStates(layer) + seqLength * bytes, bytes);
    }
  }
}

/** The hidden states of a layer after each step: [R][Hp]. */
function outputStates(layer: usize): usize {
  return hiddenStates(layer) + batchSize * hiddenPadded * REAL;
}

/** The padded length of an input vector of a layer. */
function inputDepth(layer: usize): usize {
  return layer == 0 ? inputsPadded : hiddenPadded;
}

/** The input vectors of a layer: [R][inputDepth]. */
function layerInputs(layer: usize): usize {
  if (layer == 0) return inputVectors;
  return dropoutEnabled() ? droppedStates(layer - 1) : outputStates(layer - 1);
}

/** This worker's space for a packed block of A. */
function packScratch(): usize {
  return scratchA + worker * PACKED_A_BYTES;
}

/** Columns of gates whose gradient of the input and of the recurrent part are the same. */
function sharedColumns(): usize {
  return hasCandidate ? gatesPadded - hiddenPadded : gatesPadded;
}

/** Copies one row of `bytes` bytes to `rows` rows. */
function fillRows(to: usize, row: usize, bytes: usize, rows: usize): void {
  for (let r: usize = 0; r < rows; r++) {
    memory.copy(to, row, bytes);
    to += bytes;
  }
}

/** a = Wxh x + bh of `rows` rows, for any x. */
function projectInput(layer: usize, a: usize, row: usize, rows: usize): void {
  const stride = gatesPadded * REAL;
  const inputStride = inputDepth(layer) * REAL;
  begin(Phase.inputs);
  fillRows(a, bh(layer), stride, rows);
  end();
  begin(Phase.forwardProducts);
  multiplyPacked(
    a, stride, rows, gatesPadded, inputDepth(layer),
    layerInputs(layer) + row * inputStride, inputStride, inputPanels, true, packScratch(), NR,
  );
  end();
}

/** Packs this worker's share of Whhᵀ and Wxhᵀ of a layer for the backward pass. */
function packBackward(layer: usize): void {
  packRecurrentTransposed(layer);
  if (layer == 0) return;
  const stride = gatesPadded * REAL;
  const weights = Wxh(layer);
  const columns = sharedColumns();
  packShare(inputPanels, weights, stride, true, hiddenPadded, columns, NR);
  if (!hasCandidate) return;
  packShare(
    inputPanels + columns * hiddenPadded * REAL, weights + columns * REAL, stride, true,
    hiddenPadded, hiddenPadded, NR,
  );
}

/** da of a layer, [R][G·Hp]; a GRU's holds du in place of da_n, see cells/gru.ts. */
function gateGradients(layer: usize): usize {
  return gates == 1 ? dhidden(layer) : gateValues(layer);
}

/** dh of the layer below = Wxhᵀ da, then through its dropout. */
function inputGradients(layer: usize, seqLength: usize): void {
  const stride = hiddenPadded * REAL;
  const gateStride = gatesPadded * REAL;
  const columns = sharedColumns();
  for (let group: usize = 0; group < groupCount(seqLength); group++) {
    const row = groupStart(group, seqLength);
    const rows = groupLength(seqLength);
    const dh = dhidden(layer - 1) + row * stride;
    begin(Phase.backwardProducts);
    multiplyPacked(
      dh, stride, rows, hiddenPadded, columns,
      gateGradients(layer) + row * gateStride, gateStride, inputPanels, false, packScratch(), NR,
    );
    if (hasCandidate) {
      multiplyPacked(
        dh, stride, rows, hiddenPadded, hiddenPadded, candidates(layer) + row * stride, stride,
        inputPanels + columns * hiddenPadded * REAL, true, packScratch(), NR,
      );
    }
    end();
    if (dropoutEnabled()) dropoutRows(dh, dh, row, rows, layer - 1);
  }
}

/** This worker's share of a layer's gradients. */
function layerGradients(layer: usize, seqLength: usize, denseInputs: bool): void {
  const stride = hiddenPadded * REAL;
  const gateStride = gatesPadded * REAL;
  const da = gateGradients(layer);
  const columns = sharedColumns();
  const readsIds = layer == 0 && !denseInputs;
  const depth = inputDepth(layer);
  weightGradients(
    Whh(layer), gateStride, hiddenPadded, gatesPadded, seqLength,
    hiddenStates(layer), stride, da, gateStride, bh(layer), columns, bhn(layer),
    Wxh(layer), readsIds ? 0 : depth, layerInputs(layer), depth * REAL,
  );
  if (readsIds) scatterGradients(0, columns, seqLength, da, gateStride);
  if (!hasCandidate) return;
  const dan = candidates(layer);
  const bias = bh(layer) + columns * REAL;
  if (readsIds) {
    scatterGradients(columns, hiddenPadded, seqLength, dan, stride);
    biasGradients(bias, hiddenPadded, seqLength, dan, stride);
    return;
  }
  weightGradients(
    Wxh(layer) + columns * REAL, gateStride, depth, hiddenPadded, seqLength,
    layerInputs(layer), depth * REAL, dan, stride, bias, hiddenPadded, bias,
  );
}
