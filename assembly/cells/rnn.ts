/**
 * One tanh layer and its softmax head: the forward pass over a sequence, then the backward pass.
 *
 *     h_t = tanh(Wxh x_t + Whh h_{t-1} + bh)      y_t = Why h_t + by
 *
 * Only Whh·h is sequential. Everything else is a product over all R = T·B rows at once; row t·B + b
 * is step t of stream b.
 */
import { tanhInPlace } from "../elementary";
import { add, madd, mul, REAL, splat, sub, VECTOR } from "../lanes";
import {
  bh,
  by,
  hiddenGradients,
  hiddenPadded,
  hiddenStates,
  inputIds,
  inputsPadded,
  inputVectors,
  logits,
  outputPanels,
  outputsPadded,
  recurrentPanels,
  scratchA,
  scratchB,
  streams,
  toGradient,
  Whh,
  Why,
  Wxh,
} from "../layout";
import { columnSums, multiplyPacked, multiplyTransposed } from "../matmul";
import { vectorTimesMatrix } from "../matvec";
import { packWhole, transpose } from "../packing";

/** Logits of `steps` steps from the initial hidden state, with every hidden state on the way. */
export function forward(steps: usize, denseInputs: bool): void {
  const rows = steps * streams;
  const hiddenStride = hiddenPadded * REAL;
  const firstStates = hiddenStates + streams * hiddenStride;
  if (denseInputs) inputPartOfVectors(firstStates, rows);
  else inputPartOfIds(firstStates, rows);
  if (streams == 1) recurrenceOfOne(firstStates, steps);
  else recurrenceOfMany(firstStates, steps);

  const outputStride = outputsPadded * REAL;
  repeatRow(logits, by, outputStride, rows);
  packWhole(outputPanels, Why, outputStride, false, outputsPadded, hiddenPadded);
  multiplyPacked(
    logits, outputStride, rows, outputsPadded, hiddenPadded,
    firstStates, hiddenStride, outputPanels, true, scratchA,
  );
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
  const rows = steps * streams;
  const hiddenStride = hiddenPadded * REAL;
  const outputStride = outputsPadded * REAL;
  const firstStates = hiddenStates + streams * hiddenStride;

  packWhole(outputPanels, Why, outputStride, true, hiddenPadded, outputsPadded);
  multiplyPacked(
    hiddenGradients, hiddenStride, rows, hiddenPadded, outputsPadded,
    logits, outputStride, outputPanels, false, scratchA,
  );
  if (streams == 1) backwardRecurrenceOfOne(firstStates, steps);
  else backwardRecurrenceOfMany(firstStates, steps);

  multiplyTransposed(
    Why + toGradient, outputStride, hiddenPadded, outputsPadded, rows,
    firstStates, hiddenStride, logits, outputStride, scratchA, scratchB,
  );
  multiplyTransposed(
    Whh + toGradient, hiddenStride, hiddenPadded, hiddenPadded, rows,
    hiddenStates, hiddenStride, hiddenGradients, hiddenStride, scratchA, scratchB,
  );
  if (denseInputs) {
    multiplyTransposed(
      Wxh + toGradient, hiddenStride, inputsPadded, hiddenPadded, rows,
      inputVectors, inputsPadded * REAL, hiddenGradients, hiddenStride, scratchA, scratchB,
    );
  } else {
    scatterInputGradients(rows);
  }
  columnSums(bh + toGradient, hiddenGradients, hiddenStride, rows, hiddenPadded);
  columnSums(by + toGradient, logits, outputStride, rows, outputsPadded);
}

/** Makes the last hidden state of `steps` steps the initial one of the next sequence. */
export function carryHiddenState(steps: usize): void {
  const bytes = streams * hiddenPadded * REAL;
  memory.copy(hiddenStates, hiddenStates + steps * bytes, bytes);
}

/** Writes one row `rows` times. */
function repeatRow(to: usize, row: usize, bytes: usize, rows: usize): void {
  for (let r: usize = 0; r < rows; r++) {
    memory.copy(to, row, bytes);
    to += bytes;
  }
}

/** Wxh x + bh of every row, where x is 1 at one character: a column of Wxh, here a row. */
function inputPartOfIds(to: usize, rows: usize): void {
  const stride = hiddenPadded * REAL;
  for (let r: usize = 0; r < rows; r++) {
    const from = Wxh + <usize>load<u32>(inputIds + r * sizeof<u32>()) * stride;
    for (let offset: usize = 0; offset < stride; offset += VECTOR) {
      v128.store(to + offset, add(v128.load(from + offset), v128.load(bh + offset)));
    }
    to += stride;
  }
}

/** dWxh: each row's gradient is added to that of its character. */
function scatterInputGradients(rows: usize): void {
  const stride = hiddenPadded * REAL;
  memory.fill(Wxh + toGradient, 0, inputsPadded * stride);
  let from = hiddenGradients;
  for (let r: usize = 0; r < rows; r++) {
    const to = Wxh + toGradient + <usize>load<u32>(inputIds + r * sizeof<u32>()) * stride;
    for (let offset: usize = 0; offset < stride; offset += VECTOR) {
      v128.store(to + offset, add(v128.load(to + offset), v128.load(from + offset)));
    }
    from += stride;
  }
}

/** Wxh x + bh of every row, for any vectors x. */
function inputPartOfVectors(to: usize, rows: usize): void {
  const stride = hiddenPadded * REAL;
  repeatRow(to, bh, stride, rows);
  packWhole(outputPanels, Wxh, stride, false, hiddenPadded, inputsPadded);
  multiplyPacked(
    to, stride, rows, hiddenPadded, inputsPadded,
    inputVectors, inputsPadded * REAL, outputPanels, true, scratchA,
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

/** draw_t from Whyᵀ dy_t, one stream. */
function backwardRecurrenceOfOne(firstStates: usize, steps: usize): void {
  const stride = hiddenPadded * REAL;
  transpose(recurrentPanels, Whh, stride, hiddenPadded);
  for (let t = steps; t-- > 0;) {
    const gradient = hiddenGradients + t * stride;
    if (t + 1 < steps) {
      const next = gradient + stride;
      vectorTimesMatrix(gradient, next, recurrentPanels, stride, hiddenPadded, hiddenPadded);
    }
    throughTanh(gradient, firstStates + t * stride, stride);
  }
}

/** h_t from its input part, several streams: matrix products. */
function recurrenceOfMany(state: usize, steps: usize): void {
  const stride = hiddenPadded * REAL;
  const bytes = streams * stride;
  packWhole(recurrentPanels, Whh, stride, false, hiddenPadded, hiddenPadded);
  for (let t: usize = 0; t < steps; t++) {
    multiplyPacked(
      state, stride, streams, hiddenPadded, hiddenPadded,
      state - bytes, stride, recurrentPanels, true, scratchA,
    );
    tanhInPlace(state, streams * hiddenPadded);
    state += bytes;
  }
}

/** draw_t from Whyᵀ dy_t, several streams. */
function backwardRecurrenceOfMany(firstStates: usize, steps: usize): void {
  const stride = hiddenPadded * REAL;
  const bytes = streams * stride;
  packWhole(recurrentPanels, Whh, stride, true, hiddenPadded, hiddenPadded);
  for (let t = steps; t-- > 0;) {
    const gradient = hiddenGradients + t * bytes;
    if (t + 1 < steps) {
      multiplyPacked(
        gradient, stride, streams, hiddenPadded, hiddenPadded,
        gradient + bytes, stride, recurrentPanels, true, scratchA,
      );
    }
    throughTanh(gradient, firstStates + t * bytes, bytes);
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
