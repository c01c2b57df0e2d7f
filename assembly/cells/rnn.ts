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
import { hiddenPadded } from "../layout";
import { tanhGrad, tanhInPlace } from "../math";
import { mul, REAL, VECTOR } from "../simd";

/**
 * One step of `rows` streams, forward; in each row, of the units that take `bytes` bytes from the
 * given addresses on.
 *
 * @param h a on entry, h on return: [rows][Hp].
 */
export function rnnForward(h: usize, rows: usize, bytes: usize): void {
  const stride = hiddenPadded * REAL;
  if (bytes == stride) {
    tanhInPlace(h, rows * hiddenPadded);
    return;
  }
  for (let row: usize = 0; row < rows; row++) tanhInPlace(h + row * stride, bytes / REAL);
}

/**
 * One step of `rows` streams, backward; of the same units.
 *
 * @param dh dh on entry, da on return: [rows][Hp].
 * @param h The hidden states after the step: [rows][Hp].
 */
export function rnnBackward(dh: usize, h: usize, rows: usize, bytes: usize): void {
  const rest = hiddenPadded * REAL - bytes;
  for (let row: usize = 0; row < rows; row++) {
    for (const end = dh + bytes; dh < end; dh += VECTOR) {
      const grad = tanhGrad(v128.load(h));
      v128.store(dh, mul(grad, v128.load(dh)));
      h += VECTOR;
    }
    dh += rest;
    h += rest;
  }
}
