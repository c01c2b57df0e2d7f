/**
 * The tanh cell of Elman (1990), with PyTorch's equations.
 *
 *     forward     a_t = Wxh x_t + Whh h_{t−1} + bh      h_t = tanh(a_t)
 *     backward    da_t = dh_t ∘ (1 − h_t²)
 *
 * It has one gate, so a_t and h_t share their place, and so do dh_t and da_t. The products are those
 * of network.ts and recurrence.ts.
 *
 * The plain version is tests/reference/cells.ts.
 */
import { tanhGrad, tanhInPlace } from "../math";
import { mul, REAL, VECTOR } from "../simd";

/**
 * One step, forward.
 *
 * @param h a on entry, h on return: `bytes` bytes.
 */
export function rnnForward(h: usize, bytes: usize): void {
  tanhInPlace(h, bytes / REAL);
}

/**
 * One step, backward.
 *
 * @param dh dh on entry, da on return: `bytes` bytes.
 * @param h The hidden states after the step: `bytes` bytes.
 */
export function rnnBackward(dh: usize, h: usize, bytes: usize): void {
  const end = dh + bytes;
  for (; dh < end; dh += VECTOR) {
    const grad = tanhGrad(v128.load(h));
    v128.store(dh, mul(grad, v128.load(dh)));
    h += VECTOR;
  }
}
