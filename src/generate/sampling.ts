/** From the logits of the next character to the choice of one. */

import { argmax } from "../model/logits.ts";
import type { RealArray } from "../model/parameters.ts";
import type { SampleOptions } from "./options.ts";

/** What of a distribution is left, and how even it is. */
export type Filters = Pick<SampleOptions, "temperature" | "topK" | "topP">;

/**
 * The distribution to draw the next character from: the weight of each id, 0 for what is filtered
 * out. Weights are not normalised.
 *
 * The filters follow one another as is usual. Temperature: softmax(logits / temperature). Then top-k:
 * the k most probable stay (A. Fan, M. Lewis and Y. Dauphin, "Hierarchical neural story generation",
 * ACL 2018, section 5.4). Then top-p, the nucleus: of those, the fewest, most probable first, whose
 * share of the weight comes to p (A. Holtzman and others, "The curious case of neural text
 * degeneration", ICLR 2020, section 3.1). Of equally probable ones the lower id comes first.
 *
 * @param logits The logits of all ids, [V].
 * @param filters Numbers in their ranges.
 *
 * @example
 * ```ts
 * import { samplingWeights } from "./sampling.ts";
 *
 * const logits = Float64Array.from([0.1, 0.5, 0.4], Math.log);
 * const [a, b, c] = samplingWeights(logits, { topP: 0.8 });
 * console.log(a, c! / b!); // 0 0.8
 * ```
 */
export function samplingWeights(
  logits: RealArray,
  { temperature = 1, topK, topP }: Filters,
): Float64Array {
  const greatest = logits[argmax(logits)]!;
  // A loop: `from` with a function takes several times as long, and this is done for each character.
  const weights = new Float64Array(logits.length);
  for (let id = 0; id < weights.length; id++) {
    weights[id] = Math.exp((logits[id]! - greatest) / temperature);
  }
  if (topK === undefined && topP === undefined) return weights;

  // By logits: of great ones over a low temperature, all weights but few are 0.
  const order = Uint32Array.from(logits.keys())
    .sort((a, b) => logits[b]! - logits[a]! || a - b);
  const top = order.subarray(0, topK);
  const share = topP ?? 1;
  const wanted = share * top.reduce((sum, id) => sum + weights[id]!, 0);
  let kept = 0;
  // All of them, and not as many as rounding tells apart from all.
  for (let sum = 0; kept < top.length && (share === 1 || sum < wanted); kept++) {
    sum += weights[top[kept]!]!;
  }
  for (const id of order.subarray(kept)) weights[id] = 0;
  return weights;
}

/**
 * The id at which the cumulated weights exceed a share of all.
 *
 * @param weights Numbers, 0 or above, one of them above 0.
 * @param uniform The share: 0 up to, not including, 1.
 */
export function draw(weights: Float64Array, uniform: number): number {
  let sum = 0;
  for (const weight of weights) sum += weight;
  let rest = uniform * sum;
  for (let id = 0; id < weights.length; id++) {
    rest -= weights[id]!;
    if (rest < 0) return id;
  }
  // Rounding may leave a rest of about 0 after the last.
  return weights.findLastIndex((weight) => weight > 0);
}
