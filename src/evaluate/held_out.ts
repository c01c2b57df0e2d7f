import { runInSlices } from "../event_loop.ts";
import type { Corpus } from "../text/corpus.ts";
import { countChars, type Span, type Split } from "../text/split.ts";
import { BigramModel } from "./baselines/bigram.ts";

/** Pieces of the training part: a bigram model is counted on every other one. */
const PIECES = 10;
/** The most characters of a piece, and of the validation part, that are read. */
const MAX_CHARS = 50_000;
/** The fewest characters of the validation part that say something of it. */
const MIN_CHARS = 500;
/** A difference of losses that is no noise, in nats per character: of a tenth of a text's bigrams. */
const MIN_DIFFERENCE = 0.2;
/** It must also be so many times the greatest difference between pieces of the training part. */
const OUTLIER = 1.5;

/** How well one bigram model predicts the parts of a text, in nats per character. */
export interface HeldOutComparison {
  /** The mean of pieces of the training part that it was not counted on. */
  readonly training: number;
  /** The validation part. */
  readonly validation: number;
  /** Whether they differ so much that the validation loss says little of the training part. */
  readonly differs: boolean;
}

/**
 * Compares the validation part at the end of a text with the training part before it, without a
 * network: a bigram model of half of the training part predicts the other half, in pieces, and the
 * validation part. A text that changes as it continues, such as a changelog or a log, has an end
 * that is much easier or harder to predict than its pieces before.
 *
 * @returns `null` if the validation part is short or not at the end, or if the signal aborted.
 * @throws {TextError} if the text can no longer be read.
 *
 * @example
 * ```ts
 * import { corpusFromText, resolveConfig } from "../mod.ts";
 * import { splitCorpus } from "../text/split.ts";
 * import { compareHeldOut } from "./held_out.ts";
 *
 * const corpus = corpusFromText("to be or not to be. ".repeat(900) + "0123456789 ".repeat(100));
 * const split = splitCorpus(corpus.length, resolveConfig());
 * console.log((await compareHeldOut(corpus, split))!.differs); // true
 * ```
 */
export async function compareHeldOut(
  corpus: Pick<Corpus, "read" | "vocabulary">,
  { train, validation }: Split,
  signal?: AbortSignal,
): Promise<HeldOutComparison | null> {
  const [whole] = train;
  if (train.length !== 1 || whole === undefined || countChars(validation) < MIN_CHARS) return null;
  const [start, end] = whole;
  const length = Math.floor((end - start) / PIECES);
  const pieces = Array.from({ length: PIECES }, (_, i): Span => {
    const from = start + i * length;
    return [from, from + Math.min(length, MAX_CHARS)];
  });
  const model = new BigramModel(corpus.vocabulary.size);
  const losses: number[] = [];
  for (const [i, piece] of pieces.entries()) {
    if (i % 2 === 0) await runInSlices(model.countInSlices(corpus, piece), signal);
  }
  const last: Span[] = validation.map(([from, to]) => [from, Math.min(to, from + MAX_CHARS)]);
  for (const spans of [...pieces.filter((_, i) => i % 2 === 1).map((piece) => [piece]), last]) {
    const loss = await runInSlices(model.lossInSlices(corpus, spans), signal);
    if (loss === undefined) return null;
    losses.push(loss.bigram);
  }
  const held = losses.pop()!;
  const training = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  const spread = Math.max(...losses.map((loss) => Math.abs(loss - training)));
  const differs = Math.abs(held - training) > Math.max(MIN_DIFFERENCE, OUTLIER * spread);
  return { training, validation: held, differs };
}
