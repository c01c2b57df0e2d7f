/** The update rules in plain float64, one number at a time. */
import type { Update } from "../../src/engine/update.ts";
import { parameterNames, type ParameterSet } from "../../src/model/parameters.ts";

const EPSILON = 1e-8;

/**
 * Updates the parameters and the optimizer state in place.
 *
 * @param stateSlots At least as many as the optimizer has, zeros at first.
 */
export function referenceUpdate(
  update: Update,
  parameters: ParameterSet,
  gradients: ParameterSet,
  stateSlots: readonly ParameterSet[] = [],
): void {
  const {
    optimizer,
    lr,
    gradClip,
    gradClipMode = "value",
    momentum = 0,
    weightDecay = 0,
    step = 1,
  } = update;
  const { beta1 = 0.9, beta2 = optimizer === "rmsprop" ? 0.9 : 0.999 } = update;
  let squares = 0;
  for (const name of parameterNames) for (const g of gradients[name]) squares += g * g;
  const norm = Math.sqrt(squares);
  for (const name of parameterNames) {
    const w = parameters[name];
    const [moment1, moment2] = stateSlots.map((slot) => slot[name]);
    for (let i = 0; i < w.length; i++) {
      let g = gradients[name][i]!;
      if (gradClip > 0 && gradClipMode === "value") g = Math.max(-gradClip, Math.min(gradClip, g));
      if (gradClip > 0 && gradClipMode === "norm" && norm > gradClip) g *= gradClip / norm;
      if (optimizer === "adamw") w[i]! *= 1 - lr * weightDecay;
      else g += weightDecay * w[i]!;

      if (optimizer === "adagrad") {
        // As in min-char-rnn: m += g², w += −lr·g / √(m + 1e-8).
        moment1![i]! += g * g;
        w[i]! += -lr * g / Math.sqrt(moment1![i]! + EPSILON);
      } else if (optimizer === "sgd") {
        let v = g;
        if (momentum > 0) v = moment1![i] = momentum * moment1![i]! + g;
        w[i]! -= lr * v;
      } else if (optimizer === "rmsprop") {
        moment1![i] = beta2 * moment1![i]! + (1 - beta2) * g * g;
        w[i]! -= lr * g / (Math.sqrt(moment1![i]!) + EPSILON);
      } else {
        moment1![i] = beta1 * moment1![i]! + (1 - beta1) * g;
        moment2![i] = beta2 * moment2![i]! + (1 - beta2) * g * g;
        const m = moment1![i]! / (1 - beta1 ** step);
        const v = moment2![i]! / (1 - beta2 ** step);
        w[i]! -= lr * m / (Math.sqrt(v) + EPSILON);
      }
    }
  }
}
