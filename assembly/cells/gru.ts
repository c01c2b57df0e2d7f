/**
 * The GRU cell (Cho and others, 2014), with PyTorch's equations and order of gates: forward, then
 * backward.
 *
 *     r, z = σ(Wxh x_t + Whh h_{t-1} + bh), first and second part      u = Whh h_{t-1} + bhn, third
 *     n = tanh(Wxh x_t + bh, third part, + r ∘ u)      h_t = (1 − z) ∘ n + z ∘ h_{t-1}
 *
 * A row of gates holds r, z, n one after the other; u, the recurrent part of the candidate n, stands
 * apart, as r scales it alone. The backward pass leaves the gradients of r's and z's arguments and of
 * u in the place of the gates, for the recurrence, and that of n's argument in the place of u.
 */
import { sigmoid, sigmoidGrad, tanhGrad, tanh } from "../math";
import { add, madd, mul, REAL, sub, VECTOR } from "../simd";
import { hiddenPadded } from "../layout";

/**
 * Values of gates and states of `rows` rows, from the gates' arguments in their place, and u; in each
 * row, of the units that take `bytes` from where the addresses point.
 */
export function gruForward(
  gates: usize,
  candidates: usize,
  before: usize,
  states: usize,
  rows: usize,
  bytes: usize,
): void {
  const stride = hiddenPadded * REAL;
  const others = stride - bytes;
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
      const n = tanh(madd(r, v128.load(candidates), v128.load(gates + 2 * stride)));
      v128.store(gates + 2 * stride, n);
      // n + z (h − n)
      v128.store(states, madd(z, sub(v128.load(before), n), n));
      candidates += VECTOR;
      before += VECTOR;
      states += VECTOR;
    }
    gates += 2 * stride + others;
    candidates += others;
    before += others;
    states += others;
  }
}

/**
 * The gradients of `rows` rows from those of the states, of as many units. With `previous` not 0,
 * what reaches the states before past the gates is added to their gradients there.
 */
export function gruBackward(
  gates: usize,
  candidates: usize,
  before: usize,
  gradients: usize,
  previous: usize,
  rows: usize,
  bytes: usize,
): void {
  const stride = hiddenPadded * REAL;
  const others = stride - bytes;
  const passes = previous != 0;
  for (let row: usize = 0; row < rows; row++) {
    for (const end = gates + bytes; gates < end; gates += VECTOR) {
      const r = v128.load(gates);
      const z = v128.load(gates + stride);
      const n = v128.load(gates + 2 * stride);
      const u = v128.load(candidates);
      const dh = v128.load(gradients);
      const generation = mul(dh, z);
      const dn = mul(sub(dh, generation), tanhGrad(n));
      const dz = mul(dh, sub(v128.load(before), n));
      v128.store(gates, mul(mul(dn, u), sigmoidGrad(r)));
      v128.store(gates + stride, mul(dz, sigmoidGrad(z)));
      v128.store(gates + 2 * stride, mul(dn, r));
      v128.store(candidates, dn);
      if (passes) {
        v128.store(previous, add(v128.load(previous), generation));
        previous += VECTOR;
      }
      candidates += VECTOR;
      before += VECTOR;
      gradients += VECTOR;
    }
    gates += 2 * stride + others;
    candidates += others;
    before += others;
    gradients += others;
    previous += others;
  }
}
