/**
 * Entropies of a text's own character counts: what a predictor without context reaches at best.
 *
 * @module
 */

/**
 * The loss of a uniform prediction among the characters that occur in a text: the logarithm of
 * their number, in nats per character.
 *
 * @param counts How often each id occurs, [V]. Ids that do not occur are left out.
 * @throws {RangeError} if no count is above 0.
 *
 * @example
 * ```ts
 * import { corpusFromText } from "../../text/corpus.ts";
 * import { uniformEntropy } from "./entropy.ts";
 *
 * console.log(uniformEntropy(corpusFromText("aaab").counts)); // ln 2 = 0.693…
 * ```
 */
export function uniformEntropy(counts: readonly number[]): number {
  return Math.log(positive(counts).length);
}

/**
 * The entropy of a text's unigram distribution, −Σ p ln p, in nats per character: the lowest loss
 * of any predictor that ignores context (C. Shannon, "A mathematical theory of communication",
 * 1948, section 6).
 *
 * @param counts How often each id occurs, [V]: whole numbers, 0 or above.
 * @throws {RangeError} if no count is above 0.
 *
 * @example
 * ```ts
 * import { corpusFromText } from "../../text/corpus.ts";
 * import { unigramEntropy } from "./entropy.ts";
 *
 * console.log(unigramEntropy(corpusFromText("aaab").counts)); // 0.562…
 * ```
 */
export function unigramEntropy(counts: readonly number[]): number {
  const present = positive(counts);
  const total = present.reduce((sum, count) => sum + count, 0);
  return present.reduce((nats, count) => nats + count / total * Math.log(total / count), 0);
}

function positive(counts: readonly number[]): number[] {
  const present = counts.filter((count) => count > 0);
  if (present.length === 0) {
    throw new RangeError("Cannot compute an entropy: at least one count must be above 0");
  }
  return present;
}
