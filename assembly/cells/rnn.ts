/**
 * The tanh cell: forward, then backward.
 *
 *     h_t = tanh(a_t)      a_t = Wxh x_t + Whh h_{t-1} + bh
 *
 * It has one gate, which becomes the state in its place; in the backward pass the gradient of a_t
 * stands where that of h_t stood.
 */
import { slopeOfTanh, tanhInPlace } from "../elementary";
import { mul, REAL, VECTOR } from "../lanes";
import { hiddenPadded } from "../layout";

/** h of `rows` rows, from a in their place. */
export function rnnStep(states: usize, rows: usize): void {
  tanhInPlace(states, rows * hiddenPadded);
}

/** da = (1 − h²) ∘ dh of `rows` rows, in the place of dh. */
export function rnnStepBackward(gradients: usize, states: usize, rows: usize): void {
  const end = gradients + rows * hiddenPadded * REAL;
  for (; gradients < end; gradients += VECTOR) {
    const slope = slopeOfTanh(v128.load(states));
    v128.store(gradients, mul(slope, v128.load(gradients)));
    states += VECTOR;
  }
}
