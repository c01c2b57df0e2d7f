/**
 * From the logits of the next character to a choice of one.
 *
 * @module
 */
import { argmax } from "../model/logits.ts";
import type { RealArray } from "../model/parameters.ts";
import { generateDefaults, type SampleOptions } from "./options.ts";
import { exp } from "../math.ts";

/** What reshapes the distribution that characters are drawn from. */
export type SamplingFilters = Pick<SampleOptions, "temperature" | "topK" | "topP">;

/**
 * Computes the distribution to draw the next character from, as unnormalized weights of all ids, 0
 * for those that are filtered out.
 *
 * The filters apply in the usual order:
 *
 * 1. Temperature: softmax(logits / temperature).
 * 2. Top-k: only the k most probable ids are kept (A. Fan, M. Lewis and Y. Dauphin, "Hierarchical
 *    neural story generation", ACL 2018, section 5.4).
 * 3. Top-p, nucleus sampling: of those, only the smallest set whose probabilities sum to at least p
 *    is kept (A. Holtzman et al., "The curious case of neural text degeneration", ICLR 2020,
 *    section 3.1).
 *
 * Of equally probable ids the lower ones are kept.
 *
 * @param logits Logits of all ids, [V], finite.
 * @param filters Numbers in their ranges.
 * @returns Weights, [V].
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
  { temperature = generateDefaults.temperature, topK, topP }: SamplingFilters,
): Float64Array {
  const maximum = logits[argmax(logits)]!;
  // A loop, since Float64Array.from() with a function takes several times as long.
  const weights = new Float64Array(logits.length);
  for (let id = 0; id < weights.length; id++) {
    weights[id] = exp((logits[id]! - maximum) / temperature);
  }
  if (topK === undefined && topP === undefined) return weights;

  // Sorted by logits: at a low temperature most weights underflow to 0 and are not ordered.
  const order = Uint32Array.from(logits.keys())
    .sort((a, b) => logits[b]! - logits[a]! || a - b);
  const kept = order.subarray(0, topK);
  const nucleus = topP === undefined || topP === 1
    // Not by the sum, which rounding lets reach its end before the least probable ids.
    ? kept.length
    : nucleusSize(kept, weights, topP);
  for (const id of order.subarray(nucleus)) weights[id] = 0;
  return weights;
}

/** How many of the first ids it takes to reach a share of the weight of all. */
function nucleusSize(ids: Uint32Array, weights: Float64Array, topP: number): number {
  const threshold = topP * ids.reduce((sum, id) => sum + weights[id]!, 0);
  let size = 0;
  for (let sum = 0; size < ids.length && sum < threshold; size++) sum += weights[ids[size]!]!;
  return size;
}

/**
 * Draws an id with a probability proportional to its weight, by inverting the cumulative
 * distribution.
 *
 * @param weights Numbers, 0 or above, at least one of them above 0.
 * @param uniform A uniformly distributed number from 0 to below 1.
 */
export function drawIndex(weights: Float64Array, uniform: number): number {
  let sum = 0;
  for (const weight of weights) sum += weight;
  let rest = uniform * sum;
  for (let id = 0; id < weights.length; id++) {
    rest -= weights[id]!;
    if (rest < 0) return id;
  }
  // Rounding errors can leave a rest of about 0.
  return weights.findLastIndex((weight) => weight > 0);
}
