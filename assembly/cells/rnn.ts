/**
 * One tanh layer and its softmax head: the forward pass over a sequence, then the backward pass.
 *
 *     h_t = tanh(Wxh x_t + Whh h_{t-1} + bh)      y_t = Why h_t + by
 *
 * Only Whh·h is sequential. Everything else is a product over all R = T·B rows at once; row t·B + b
 * is step t of stream b.
 */
import { tanhInPlace } from "../elementary";
import { characterParts, columnSumParts, productParts, sumParts } from "../gradients";
import { add, LANES, madd, mul, REAL, splat, sub, VECTOR } from "../lanes";
import {
  bh,
  by,
  hiddenGradients,
  hiddenPadded,
  hiddenStates,
  inputIds,
  inputPanels,
  inputsPadded,
  inputVectors,
  logits,
  outputPanels,
  outputsPadded,
  recurrentPanels,
  scratchA,
  streams,
  Whh,
  Why,
  Wxh,
} from "../layout";
import { multiplyPacked, packShare } from "../matmul";
import { vectorTimesMatrix } from "../matvec";
import { PACKED_A_BYTES, transpose } from "../packing";
import { byStreams, groupLength, groupsOf, groupStart } from "../rows";
import { barrier, shareLength, shareStart, worker } from "../workers";

/** Logits of `steps` steps from the initial hidden state, with every hidden state on the way. */
export function forward(steps: usize, denseInputs: bool): void {
  const hiddenStride = hiddenPadded * REAL;
  const outputStride = outputsPadded * REAL;
  const firstStates = hiddenStates + streams * hiddenStride;
  if (denseInputs) {
    packShare(inputPanels, Wxh, hiddenStride, false, hiddenPadded, inputsPadded);
  }
  if (streams > 1) {
    packShare(recurrentPanels, Whh, hiddenStride, false, hiddenPadded, hiddenPadded);
  }
  packShare(outputPanels, Why, outputStride, false, outputsPadded, hiddenPadded);
  barrier();
  for (let group: usize = 0; group < groupsOf(steps); group++) {
    const row = groupStart(group, steps);
    const to = firstStates + row * hiddenStride;
    if (denseInputs) inputPartOfVectors(to, row, groupLength(steps));
    else inputPartOfIds(to, row, groupLength(steps));
  }
  if (!byStreams()) barrier();
  if (streams > 1) recurrenceOfMany(firstStates, steps);
  else if (worker == 0) recurrenceOfOne(firstStates, steps);
  if (!byStreams()) barrier();
  for (let group: usize = 0; group < groupsOf(steps); group++) {
    const row = groupStart(group, steps);
    const own = logits + row * outputStride;
    repeatRow(own, by, outputStride, groupLength(steps));
    multiplyPacked(
      own, outputStride, groupLength(steps), outputsPadded, hiddenPadded,
      firstStates + row * hiddenStride, hiddenStride, outputPanels, true, ownScratch(),
    );
  }
}

/**
 * Gradients of the parameters, from the gradient of the loss in the logits' place:
 *
 *     dWhy = Σ dy_t h_tᵀ      dh_t = Whyᵀ dy_t + Whhᵀ draw_{t+1}      draw_t = (1 − h_t²) ∘ dh_t
 *     dWhh = Σ draw_t h_{t-1}ᵀ      dWxh = Σ draw_t x_tᵀ      dbh = Σ draw_t      dby = Σ dy_t
 *
 * What the gradients held before is overwritten.
 */
export function backward(steps: usize, denseInputs: bool): void {
  const hiddenStride = hiddenPadded * REAL;
  const outputStride = outputsPadded * REAL;
  const firstStates = hiddenStates + streams * hiddenStride;

  packShare(outputPanels, Why, outputStride, true, hiddenPadded, outputsPadded);
  if (streams > 1) {
    packShare(recurrentPanels, Whh, hiddenStride, true, hiddenPadded, hiddenPadded);
  } else {
    transposeShare(recurrentPanels, Whh, hiddenPadded);
  }
  barrier();
  for (let group: usize = 0; group < groupsOf(steps); group++) {
    const row = groupStart(group, steps);
    multiplyPacked(
      hiddenGradients + row * hiddenStride, hiddenStride, groupLength(steps), hiddenPadded,
      outputsPadded, logits + row * outputStride, outputStride, outputPanels, false, ownScratch(),
    );
  }
  if (!byStreams()) barrier();
  if (streams > 1) backwardRecurrenceOfMany(firstStates, steps);
  else if (worker == 0) backwardRecurrenceOfOne(firstStates, steps);

  barrier();
  productParts(
    Why, hiddenPadded, outputsPadded, steps, firstStates, hiddenStride, logits, outputStride,
  );
  productParts(
    Whh, hiddenPadded, hiddenPadded, steps,
    hiddenStates, hiddenStride, hiddenGradients, hiddenStride,
  );
  if (denseInputs) {
    productParts(
      Wxh, inputsPadded, hiddenPadded, steps,
      inputVectors, inputsPadded * REAL, hiddenGradients, hiddenStride,
    );
  } else {
    characterParts(steps);
  }
  columnSumParts(bh, hiddenPadded, steps, hiddenGradients);
  columnSumParts(by, outputsPadded, steps, logits);
  barrier();
  sumParts();
}

/** Makes the last hidden state of `steps` steps the initial one of the next sequence. */
export function carryHiddenState(steps: usize): void {
  const bytes = streams * hiddenPadded * REAL;
  memory.copy(hiddenStates, hiddenStates + steps * bytes, bytes);
}

/** This worker's room for a packed block of A. */
function ownScratch(): usize {
  return scratchA + worker * PACKED_A_BYTES;
}

/** Writes one row `rows` times. */
function repeatRow(to: usize, row: usize, bytes: usize, rows: usize): void {
  for (let r: usize = 0; r < rows; r++) {
    memory.copy(to, row, bytes);
    to += bytes;
  }
}

/** Wxh x + bh of `rows` rows, where x is 1 at one character: a column of Wxh, here a row. */
function inputPartOfIds(to: usize, row: usize, rows: usize): void {
  const stride = hiddenPadded * REAL;
  for (const last = row + rows; row < last; row++) {
    const from = Wxh + <usize>load<u32>(inputIds + row * sizeof<u32>()) * stride;
    for (let offset: usize = 0; offset < stride; offset += VECTOR) {
      v128.store(to + offset, add(v128.load(from + offset), v128.load(bh + offset)));
    }
    to += stride;
  }
}

/** Wxh x + bh of `rows` rows, for any vectors x. */
function inputPartOfVectors(to: usize, row: usize, rows: usize): void {
  const stride = hiddenPadded * REAL;
  const inputStride = inputsPadded * REAL;
  repeatRow(to, bh, stride, rows);
  multiplyPacked(
    to, stride, rows, hiddenPadded, inputsPadded,
    inputVectors + row * inputStride, inputStride, inputPanels, true, ownScratch(),
  );
}

/** h_t from its input part, one stream: matrix-vector products. */
function recurrenceOfOne(state: usize, steps: usize): void {
  const stride = hiddenPadded * REAL;
  for (let t: usize = 0; t < steps; t++) {
    vectorTimesMatrix(state, state - stride, Whh, stride, hiddenPadded, hiddenPadded);
    tanhInPlace(state, hiddenPadded);
    state += stride;
  }
}

/** draw_t from Whyᵀ dy_t, one stream; Whhᵀ stands in the recurrent panels. */
function backwardRecurrenceOfOne(firstStates: usize, steps: usize): void {
  const stride = hiddenPadded * REAL;
  for (let t = steps; t-- > 0;) {
    const gradient = hiddenGradients + t * stride;
    if (t + 1 < steps) {
      const next = gradient + stride;
      vectorTimesMatrix(gradient, next, recurrentPanels, stride, hiddenPadded, hiddenPadded);
    }
    throughTanh(gradient, firstStates + t * stride, stride);
  }
}

/** This worker's rows of a square matrix, transposed. */
function transposeShare(to: usize, from: usize, size: usize): void {
  const stride = size * REAL;
  const first = shareStart(size / LANES) * LANES;
  const some = shareLength(size / LANES) * LANES;
  transpose(to + first * REAL, from + first * stride, stride, some, size);
}

/** h_t of this worker's streams from its input part: matrix products. */
function recurrenceOfMany(states: usize, steps: usize): void {
  const stride = hiddenPadded * REAL;
  const bytes = streams * stride;
  const own = shareLength(streams);
  let state = states + shareStart(streams) * stride;
  for (let t: usize = 0; t < steps; t++) {
    multiplyPacked(
      state, stride, own, hiddenPadded, hiddenPadded,
      state - bytes, stride, recurrentPanels, true, ownScratch(),
    );
    tanhInPlace(state, own * hiddenPadded);
    state += bytes;
  }
}

/** draw_t of this worker's streams from Whyᵀ dy_t; Whhᵀ stands in the recurrent panels, packed. */
function backwardRecurrenceOfMany(firstStates: usize, steps: usize): void {
  const stride = hiddenPadded * REAL;
  const bytes = streams * stride;
  const own = shareLength(streams);
  const offset = shareStart(streams) * stride;
  for (let t = steps; t-- > 0;) {
    const gradient = hiddenGradients + offset + t * bytes;
    if (t + 1 < steps) {
      multiplyPacked(
        gradient, stride, own, hiddenPadded, hiddenPadded,
        gradient + bytes, stride, recurrentPanels, true, ownScratch(),
      );
    }
    throughTanh(gradient, firstStates + offset + t * bytes, own * stride);
  }
}

/** d ← (1 − h²) ∘ d over `bytes` bytes. */
function throughTanh(d: usize, h: usize, bytes: usize): void {
  const minusOne = splat(-1);
  const end = d + bytes;
  for (; d < end; d += VECTOR) {
    const state = v128.load(h);
    const slope = sub(splat(0), madd(state, state, minusOne));
    v128.store(d, mul(slope, v128.load(d)));
    h += VECTOR;
  }
}
