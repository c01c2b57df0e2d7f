/**
 * The GRU cell (Cho and others, 2014), with PyTorch's equations and order of gates.
 *
 *     forward     r = σ(Wxh x_t + Whh h_{t−1} + bh)      rows of r; z likewise
 *                 u = Whh h_{t−1} + bhn                  rows of n
 *                 n = tanh(Wxh x_t + bh + r ∘ u)         rows of n
 *                 h_t = (1 − z) ∘ n + z ∘ h_{t−1}
 *
 *     backward    da_n = dh_t ∘ (1 − z) ∘ (1 − n²)       du = da_n ∘ r
 *                 da_r = da_n ∘ u ∘ r (1 − r)            da_z = dh_t ∘ (h_{t−1} − n) ∘ z (1 − z)
 *                 dh_{t−1} += dh_t ∘ z, beside Whhᵀ (da_r, da_z, du)
 *
 * A row of gates holds r, z and n one after the other, [G·Hp]; u, the recurrent part of the candidate
 * state n, has a buffer of its own, because r scales it alone. Forward replaces a by the gates.
 * Backward replaces the gates by da_r, da_z and du, which Whh's gradient and product need, and u by
 * da_n, which those of Wxh need instead of du. The products are those of network.ts and recurrence.ts.
 *
 * The plain version is tests/reference/cells.ts.
 */
import { hiddenPadded } from "../layout";
import { sigmoid, sigmoidGrad, tanh, tanhGrad } from "../math";
import { add, madd, mul, REAL, sub, VECTOR } from "../simd";

/**
 * One step of `rows` streams, forward; in each row, of the units that take `bytes` bytes from the
 * given addresses on.
 *
 * @param gates a on entry, the gates on return: [rows][G·Hp].
 * @param u u: [rows][Hp].
 * @param hBefore h_{t−1}: [rows][Hp].
 * @param h Receives h_t: [rows][Hp].
 */
export function gruForward(
  gates: usize,
  u: usize,
  hBefore: usize,
  h: usize,
  rows: usize,
  bytes: usize,
): void {
  const stride = hiddenPadded * REAL;
  const rest = stride - bytes;
  for (let row: usize = 0; row < rows; row++) {
    for (const end = gates + bytes; gates < end; gates += VECTOR) {
      v128.store(gates, sigmoid(v128.load(gates)));
      v128.store(gates + stride, sigmoid(v128.load(gates + stride)));
    }
    // In a loop of its own, tanh does not wait for the sigmoids just above.
    gates -= bytes;
    for (const end = gates + bytes; gates < end; gates += VECTOR) {
      const r = v128.load(gates);
      const z = v128.load(gates + stride);
      const n = tanh(madd(r, v128.load(u), v128.load(gates + 2 * stride)));
      v128.store(gates + 2 * stride, n);
      // n + z (h − n)
      v128.store(h, madd(z, sub(v128.load(hBefore), n), n));
      u += VECTOR;
      hBefore += VECTOR;
      h += VECTOR;
    }
    gates += 2 * stride + rest;
    u += rest;
    hBefore += rest;
    h += rest;
  }
}

/**
 * One step of `rows` streams, backward; of the same units.
 *
 * @param gates The gates on entry, da_r, da_z and du on return: [rows][G·Hp].
 * @param u u on entry, da_n on return: [rows][Hp].
 * @param hBefore h_{t−1}: [rows][Hp].
 * @param dh dh_t: [rows][Hp].
 * @param dhBefore Receives dh_t ∘ z in addition: [rows][Hp]; 0 before the first step.
 */
export function gruBackward(
  gates: usize,
  u: usize,
  hBefore: usize,
  dh: usize,
  dhBefore: usize,
  rows: usize,
  bytes: usize,
): void {
  const stride = hiddenPadded * REAL;
  const rest = stride - bytes;
  const hasBefore = dhBefore != 0;
  for (let row: usize = 0; row < rows; row++) {
    for (const end = gates + bytes; gates < end; gates += VECTOR) {
      const r = v128.load(gates);
      const z = v128.load(gates + stride);
      const n = v128.load(gates + 2 * stride);
      const ut = v128.load(u);
      const dht = v128.load(dh);
      const direct = mul(dht, z);
      const dan = mul(sub(dht, direct), tanhGrad(n));
      const dz = mul(dht, sub(v128.load(hBefore), n));
      v128.store(gates, mul(mul(dan, ut), sigmoidGrad(r)));
      v128.store(gates + stride, mul(dz, sigmoidGrad(z)));
      v128.store(gates + 2 * stride, mul(dan, r));
      v128.store(u, dan);
      if (hasBefore) {
        v128.store(dhBefore, add(v128.load(dhBefore), direct));
        dhBefore += VECTOR;
      }
      u += VECTOR;
      hBefore += VECTOR;
      dh += VECTOR;
    }
    gates += 2 * stride + rest;
    u += rest;
    hBefore += rest;
    dh += rest;
    if (hasBefore) dhBefore += rest;
  }
}
