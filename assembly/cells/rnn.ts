/**
 * The tanh cell: forward, then backward.
 *
 *     h_t = tanh(a_t)      a_t = Wxh x_t + Whh h_{t-1} + bh
 *
 * It has one gate, which becomes the state in its place; in the backward pass the gradient of a_t
 * stands where that of h_t stood.
 */
import { tanhGrad, tanhInPlace } from "../math";
import { mul, REAL, VECTOR } from "../simd";

/** h, in all `bytes` long, from a in its place. */
export function rnnForward(states: usize, bytes: usize): void {
  tanhInPlace(states, bytes / REAL);
}

/** da = (1 − h²) ∘ dh, in all `bytes` long, in the place of dh. */
export function rnnBackward(gradients: usize, states: usize, bytes: usize): void {
  const end = gradients + bytes;
  for (; gradients < end; gradients += VECTOR) {
    const slope = tanhGrad(v128.load(states));
    v128.store(gradients, mul(slope, v128.load(gradients)));
    states += VECTOR;
  }
}
