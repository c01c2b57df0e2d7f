/**
 * What a model must beat that knows which characters the text has, and nothing else: ln of their
 * number, in nats per character.
 *
 * @param counts How often each id occurs, [V]; ids that never occur do not count.
 * @throws {RangeError} when no count is above 0.
 *
 * @example
 * ```ts
 * import { corpusFromText } from "../text/corpus.ts";
 * import { uniformNats } from "./statistics.ts";
 *
 * console.log(uniformNats(corpusFromText("aaab").counts)); // ln 2 = 0.693…
 * ```
 */
export function uniformNats(counts: readonly number[]): number {
  return Math.log(occurring(counts).length);
}

/**
 * What a model must beat that knows how often each character occurs, and nothing of their order:
 * the entropy −Σ p ln p of the text's own distribution of characters (C. Shannon, "A mathematical
 * theory of communication", 1948), in nats per character.
 *
 * @param counts How often each id occurs, [V]: whole numbers, 0 or above.
 * @throws {RangeError} when no count is above 0.
 *
 * @example
 * ```ts
 * import { corpusFromText } from "../text/corpus.ts";
 * import { unigramNats } from "./statistics.ts";
 *
 * console.log(unigramNats(corpusFromText("aaab").counts)); // 0.562…
 * ```
 */
export function unigramNats(counts: readonly number[]): number {
  const present = occurring(counts);
  const total = present.reduce((sum, count) => sum + count, 0);
  return present.reduce(
    (nats, count) => nats + count / total * Math.log(total / count),
    0,
  );
}

function occurring(counts: readonly number[]): number[] {
  const present = counts.filter((count) => count > 0);
  if (present.length === 0) {
    throw new RangeError(
      "Cannot tell the statistics of a text without characters: at least one count must be above 0",
    );
  }
  return present;
}
