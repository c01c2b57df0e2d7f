/** The update rules in plain float64, one parameter at a time. */
import type { Update } from "../../src/engine/update.ts";
import { parameterNames, type ParameterSet } from "../../src/model/parameters.ts";

const EPSILON = 1e-8;

/**
 * Updates the parameters in place, and what the rule remembers.
 *
 * @param stateSlots As many as the rule needs, zeros at first.
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
    const [first, second] = stateSlots.map((memory) => memory[name]);
    for (let i = 0; i < w.length; i++) {
      let g = gradients[name][i]!;
      if (gradClip > 0 && gradClipMode === "value") g = Math.max(-gradClip, Math.min(gradClip, g));
      if (gradClip > 0 && gradClipMode === "norm" && norm > gradClip) g *= gradClip / norm;
      if (optimizer === "adamw") w[i]! *= 1 - lr * weightDecay;
      else g += weightDecay * w[i]!;

      if (optimizer === "adagrad") {
        // The notebook's: m += g², w += −rate·g / √(m + 1e-8).
        first![i]! += g * g;
        w[i]! += -lr * g / Math.sqrt(first![i]! + EPSILON);
      } else if (optimizer === "sgd") {
        let v = g;
        if (momentum > 0) v = first![i] = momentum * first![i]! + g;
        w[i]! -= lr * v;
      } else if (optimizer === "rmsprop") {
        first![i] = beta2 * first![i]! + (1 - beta2) * g * g;
        w[i]! -= lr * g / (Math.sqrt(first![i]!) + EPSILON);
      } else {
        first![i] = beta1 * first![i]! + (1 - beta1) * g;
        second![i] = beta2 * second![i]! + (1 - beta2) * g * g;
        const m = first![i]! / (1 - beta1 ** step);
        const v = second![i]! / (1 - beta2 ** step);
        w[i]! -= lr * m / (Math.sqrt(v) + EPSILON);
      }
    }
  }
}
