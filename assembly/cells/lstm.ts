/**
 * The LSTM cell (Hochreiter and Schmidhuber, 1997) with the forget gate of Gers, Schmidhuber and
 * Cummins (2000), with PyTorch's equations and order of gates.
 *
 *     forward     a_t = Wxh x_t + Whh h_{t−1} + bh, split into a_i, a_f, a_g, a_o
 *                 i = σ(a_i)      f = σ(a_f)      g = tanh(a_g)      o = σ(a_o)
 *                 c_t = f ∘ c_{t−1} + i ∘ g      h_t = o ∘ tanh(c_t)
 *
 *     backward    dc_t += dh_t ∘ o ∘ (1 − tanh²(c_t))
 *                 da_i = dc_t ∘ g ∘ i (1 − i)            da_f = dc_t ∘ c_{t−1} ∘ f (1 − f)
 *                 da_g = dc_t ∘ i ∘ (1 − g²)             da_o = dh_t ∘ tanh(c_t) ∘ o (1 − o)
 *                 dc_{t−1} = dc_t ∘ f
 *
 * A row of gates holds i, f, g and o one after the other, [G·Hp]. Forward replaces a by the gates,
 * backward the gates by da. Forward also writes tanh(c_t), because to read it again takes less time than
 * to compute it again. The products are those of network.ts and recurrence.ts.
 *
 * The plain version is tests/reference/cells.ts.
 */
import { hiddenPadded } from "../layout";
import { sigmoid, sigmoidGrad, tanh, tanhGrad } from "../math";
import { madd, mul, REAL, VECTOR } from "../simd";

/**
 * One step of `rows` streams, forward; in each row, of the units that take `bytes` bytes from the
 * given addresses on.
 *
 * @param gates a on entry, the gates on return: [rows][G·Hp].
 * @param cBefore c_{t−1}: [rows][Hp].
 * @param c Receives c_t: [rows][Hp].
 * @param cTanh Receives tanh(c_t): [rows][Hp]; 0 if it is not needed.
 * @param h Receives h_t: [rows][Hp].
 */
export function lstmForward(
  gates: usize,
  cBefore: usize,
  c: usize,
  cTanh: usize,
  h: usize,
  rows: usize,
  bytes: usize,
): void {
  const stride = hiddenPadded * REAL;
  const rest = stride - bytes;
  const keepsTanh = cTanh != 0;
  for (let row: usize = 0; row < rows; row++) {
    for (const end = gates + bytes; gates < end; gates += VECTOR) {
      const i = sigmoid(v128.load(gates));
      const f = sigmoid(v128.load(gates + stride));
      const g = tanh(v128.load(gates + 2 * stride));
      const o = sigmoid(v128.load(gates + 3 * stride));
      const ct = madd(f, v128.load(cBefore), mul(i, g));
      v128.store(gates, i);
      v128.store(gates + stride, f);
      v128.store(gates + 2 * stride, g);
      v128.store(gates + 3 * stride, o);
      v128.store(c, ct);
      cBefore += VECTOR;
      c += VECTOR;
    }
    // In a loop of its own, tanh does not wait for the sigmoids just above.
    c -= bytes;
    gates += 3 * stride - bytes;
    for (const end = gates + bytes; gates < end; gates += VECTOR) {
      const t = tanh(v128.load(c));
      v128.store(h, mul(v128.load(gates), t));
      if (keepsTanh) {
        v128.store(cTanh, t);
        cTanh += VECTOR;
      }
      c += VECTOR;
      h += VECTOR;
    }
    if (keepsTanh) cTanh += rest;
    gates += rest;
    cBefore += rest;
    c += rest;
    h += rest;
  }
}

/**
 * One step of `rows` streams, backward; of the same units.
 *
 * @param gates The gates on entry, da on return: [rows][G·Hp].
 * @param cBefore c_{t−1}: [rows][Hp].
 * @param cTanh tanh(c_t): [rows][Hp].
 * @param dh dh_t: [rows][Hp].
 * @param dc What reaches c_t from step t + 1 on entry, dc_{t−1} on return: [rows][Hp].
 */
export function lstmBackward(
  gates: usize,
  cBefore: usize,
  cTanh: usize,
  dh: usize,
  dc: usize,
  rows: usize,
  bytes: usize,
): void {
  const stride = hiddenPadded * REAL;
  const rest = stride - bytes;
  for (let row: usize = 0; row < rows; row++) {
    for (const end = gates + bytes; gates < end; gates += VECTOR) {
      const i = v128.load(gates);
      const f = v128.load(gates + stride);
      const g = v128.load(gates + 2 * stride);
      const o = v128.load(gates + 3 * stride);
      const tanhC = v128.load(cTanh);
      const dht = v128.load(dh);
      const dct = madd(mul(dht, o), tanhGrad(tanhC), v128.load(dc));
      v128.store(gates, mul(mul(dct, g), sigmoidGrad(i)));
      v128.store(gates + stride, mul(mul(dct, v128.load(cBefore)), sigmoidGrad(f)));
      v128.store(gates + 2 * stride, mul(mul(dct, i), tanhGrad(g)));
      v128.store(gates + 3 * stride, mul(mul(dht, tanhC), sigmoidGrad(o)));
      v128.store(dc, mul(dct, f));
      cBefore += VECTOR;
      cTanh += VECTOR;
      dh += VECTOR;
      dc += VECTOR;
    }
    gates += 3 * stride + rest;
    cBefore += rest;
    cTanh += rest;
    dh += rest;
    dc += rest;
  }
}
