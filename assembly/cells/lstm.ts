/**
 * The LSTM cell (Hochreiter and Schmidhuber, 1997, with the forget gate of Gers and others, 2000),
 * with PyTorch's equations and order of gates: forward, then backward.
 *
 *     a_t = Wxh x_t + Whh h_{t-1} + bh      i, f, o = σ(a_t's first, second, fourth part)
 *     g = tanh(a_t's third part)      c_t = f ∘ c_{t-1} + i ∘ g      h_t = o ∘ tanh(c_t)
 *
 * A row of gates holds i, f, g, o one after the other. The forward pass leaves their values in the
 * place of a, and the backward pass the gradient of a.
 */
import { sigmoid, sigmoidGrad, tanhGrad, tanh } from "../math";
import { madd, mul, REAL, VECTOR } from "../simd";
import { hiddenPadded } from "../layout";

/**
 * Values of gates, cell states and states of `rows` rows, from a in the place of the gates; in each
 * row, of the units that take `bytes` from where the addresses point.
 */
export function lstmForward(
  gates: usize,
  before: usize,
  cellStates: usize,
  states: usize,
  rows: usize,
  bytes: usize,
): void {
  const stride = hiddenPadded * REAL;
  const others = stride - bytes;
  for (let row: usize = 0; row < rows; row++) {
    for (const end = gates + bytes; gates < end; gates += VECTOR) {
      const i = sigmoid(v128.load(gates));
      const f = sigmoid(v128.load(gates + stride));
      const g = tanh(v128.load(gates + 2 * stride));
      const o = sigmoid(v128.load(gates + 3 * stride));
      const c = madd(f, v128.load(before), mul(i, g));
      v128.store(gates, i);
      v128.store(gates + stride, f);
      v128.store(gates + 2 * stride, g);
      v128.store(gates + 3 * stride, o);
      v128.store(cellStates, c);
      before += VECTOR;
      cellStates += VECTOR;
    }
    // In a loop of its own, tanh does not wait for the sigmoids just above.
    cellStates -= bytes;
    gates += 3 * stride - bytes;
    for (const end = gates + bytes; gates < end; gates += VECTOR) {
      v128.store(states, mul(v128.load(gates), tanh(v128.load(cellStates))));
      cellStates += VECTOR;
      states += VECTOR;
    }
    gates += others;
    before += others;
    cellStates += others;
    states += others;
  }
}

/**
 * Gradients of a of `rows` rows in the place of the gates, from those of the states, of as many units.
 * The gradients of the cell states that come from the step after are replaced by those for the step
 * before.
 */
export function lstmBackward(
  gates: usize,
  before: usize,
  cellStates: usize,
  gradients: usize,
  dcell: usize,
  rows: usize,
  bytes: usize,
): void {
  const stride = hiddenPadded * REAL;
  const others = stride - bytes;
  for (let row: usize = 0; row < rows; row++) {
    for (const end = gates + bytes; gates < end; gates += VECTOR) {
      const i = v128.load(gates);
      const f = v128.load(gates + stride);
      const g = v128.load(gates + 2 * stride);
      const o = v128.load(gates + 3 * stride);
      const t = tanh(v128.load(cellStates));
      const dh = v128.load(gradients);
      const dc = madd(mul(dh, o), tanhGrad(t), v128.load(dcell));
      v128.store(gates, mul(mul(dc, g), sigmoidGrad(i)));
      v128.store(gates + stride, mul(mul(dc, v128.load(before)), sigmoidGrad(f)));
      v128.store(gates + 2 * stride, mul(mul(dc, i), tanhGrad(g)));
      v128.store(gates + 3 * stride, mul(mul(dh, t), sigmoidGrad(o)));
      v128.store(dcell, mul(dc, f));
      before += VECTOR;
      cellStates += VECTOR;
      gradients += VECTOR;
      dcell += VECTOR;
    }
    gates += 3 * stride + others;
    before += others;
    cellStates += others;
    gradients += others;
    dcell += others;
  }
}
