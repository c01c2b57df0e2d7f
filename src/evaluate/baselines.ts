/**
 * What a model of a text must beat: how well frequencies alone, counted on the part that it was
 * trained on, predict a part that was held out.
 */
import type { Corpus } from "../text/corpus.ts";
import type { Span } from "../text/split.ts";

/** Characters that are read at a time. */
const PIECE = 1 << 16;

/**
 * Frequencies of characters, and of characters after another.
 *
 * With N characters counted, of V kinds, and c(…) how often something was seen:
 *
 *     P(b)     = (c(b) + 1) / (N + V)
 *     P(b | a) = (c(ab) + t(a)·P(b)) / (c(a) + t(a))     t(a): how many kinds were seen after a
 *
 * The first is Laplace's rule, the second the interpolation of Witten and Bell ("The zero-frequency
 * problem", 1991), in which a character that many kinds follow leaves more to those not yet seen.
 */
export class BigramModel {
  readonly #size: number;
  #total = 0;
  readonly #counts: Float64Array;
  /** c(ab) under a·V + b. */
  readonly #pairs = new Map<number, number>();
  /** c(a), as the first of a pair. */
  readonly #firsts: Float64Array;
  /** t(a). */
  readonly #kinds: Float64Array;

  /**
   * Nothing is counted yet.
   * @param size V, kinds of characters.
   */
  constructor(size: number) {
    this.#size = size;
    this.#counts = new Float64Array(size);
    this.#firsts = new Float64Array(size);
    this.#kinds = new Float64Array(size);
  }

  /**
   * Counts a stretch of a text, with a pause after each piece.
   * @throws {TextError} as {@linkcode Corpus.read} does.
   */
  *count(text: Pick<Corpus, "read">, [start, end]: Span): Generator<void> {
    let before = -1;
    for (const id of idsOf(text, [start, end])) {
      if (id === null) {
        yield;
        continue;
      }
      this.#total++;
      this.#counts[id]!++;
      if (before >= 0) {
        const pair = before * this.#size + id;
        const seen = this.#pairs.get(pair) ?? 0;
        if (seen === 0) this.#kinds[before]!++;
        this.#pairs.set(pair, seen + 1);
        this.#firsts[before]!++;
      }
      before = id;
    }
  }

  /** P(b). */
  unigram(b: number): number {
    return (this.#counts[b]! + 1) / (this.#total + this.#size);
  }

  /** P(b | a). */
  bigram(a: number, b: number): number {
    const kinds = this.#kinds[a]!;
    if (kinds === 0) return this.unigram(b);
    const seen = this.#pairs.get(a * this.#size + b) ?? 0;
    return (seen + kinds * this.unigram(b)) / (this.#firsts[a]! + kinds);
  }

  /**
   * The entropy of a character when the one before is known, of what was counted, as it was counted:
   *
   *     H(X₂ | X₁) = −Σ c(ab)/n · ln(c(ab) / c(a))     n: pairs
   *
   * (C. Shannon, "Prediction and entropy of printed English", 1951), in nats per character. No model
   * that knows one character back, and the same frequencies throughout, predicts these better.
   * @throws {RangeError} when no pair was counted.
   */
  conditionalEntropy(): number {
    const pairs = this.#firsts.reduce((sum, count) => sum + count, 0);
    if (pairs === 0) {
      throw new RangeError(
        "Cannot tell the conditional entropy of what was counted: at least 2 characters in a row " +
          "must be counted",
      );
    }
    let nats = 0;
    for (const [pair, count] of this.#pairs) {
      nats += count / pairs * Math.log(this.#firsts[Math.floor(pair / this.#size)]! / count);
    }
    return nats;
  }

  /**
   * The mean cross-entropy of all characters but the first of each stretch, in nats per character,
   * with a pause after each piece.
   * @param spans At least one, each of at least two characters.
   * @throws {TextError} as {@linkcode Corpus.read} does.
   */
  *measure(
    text: Pick<Corpus, "read">,
    spans: readonly Span[],
  ): Generator<void, { readonly unigram: number; readonly bigram: number }> {
    let [unigram, bigram, predicted] = [0, 0, 0];
    for (const span of spans) {
      let before = -1;
      for (const id of idsOf(text, span)) {
        if (id === null) {
          yield;
          continue;
        }
        if (before >= 0) {
          unigram -= Math.log(this.unigram(id));
          bigram -= Math.log(this.bigram(before, id));
          predicted++;
        }
        before = id;
      }
    }
    return { unigram: unigram / predicted, bigram: bigram / predicted };
  }
}

/** The ids of a stretch, and `null` after each piece of it. */
function* idsOf(text: Pick<Corpus, "read">, [start, end]: Span): Generator<number | null> {
  for (let at = start; at < end; at += PIECE) {
    yield* text.read(at, Math.min(PIECE, end - at));
    yield null;
  }
}
