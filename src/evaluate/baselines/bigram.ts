import type { Corpus } from "../../text/corpus.ts";
import type { Span } from "../../text/split.ts";
import { readBlocks } from "./read_blocks.ts";
import { log } from "../../math.ts";

/** Mean cross-entropies of n-gram predictions, in nats per character. */
export interface NGramLosses {
  /** Of predictions by character frequencies alone. */
  readonly unigram: number;
  /** Of predictions by the character before. */
  readonly bigram: number;
}

/**
 * Smoothed unigram and bigram models of characters: the baselines that a recurrent network must
 * beat.
 *
 * With N characters counted, V the size of the vocabulary, c(·) a count, and t(a) the number of
 * distinct characters that were seen after a:
 *
 *     P(b)     = (c(b) + 1) / (N + V)
 *     P(b | a) = (c(ab) + t(a)·P(b)) / (c(a) + t(a))
 *
 * The first is Laplace's rule of succession. The second is Witten–Bell smoothing in its
 * interpolated form: the more distinct characters follow a, the more probability goes to those not
 * yet seen after it (I. Witten and T. Bell, "The zero-frequency problem", IEEE Transactions on
 * Information Theory 37(4), 1991; S. Chen and J. Goodman, "An empirical study of smoothing
 * techniques for language modeling", 1999).
 *
 * @example
 * ```ts
 * import { runToEnd } from "../../event_loop.ts";
 * import { corpusFromText } from "../../text/corpus.ts";
 * import { BigramModel } from "./bigram.ts";
 *
 * const corpus = corpusFromText("abababac");
 * const model = new BigramModel(corpus.vocabulary.size);
 * runToEnd(model.countInSlices(corpus, [0, corpus.length]));
 * const [a, b, c] = corpus.vocabulary.encode("abc");
 * console.log(model.bigram(a!, b!) > model.bigram(a!, c!)); // true
 * ```
 */
export class BigramModel {
  readonly #vocabularySize: number;
  /** N. */
  #total = 0;
  /** c(b), [V]. */
  readonly #counts: Float64Array;
  /** c(ab) at the key a·V + b. A map, since most of the V² pairs never occur. */
  readonly #pairCounts = new Map<number, number>();
  /** c(a) as the first of a pair, [V]: the last character of a span is not. */
  readonly #firstCounts: Float64Array;
  /** t(a), [V]. */
  readonly #followers: Float64Array;

  /**
   * Creates a model without counts.
   *
   * @param vocabularySize V.
   */
  constructor(vocabularySize: number) {
    this.#vocabularySize = vocabularySize;
    this.#counts = new Float64Array(vocabularySize);
    this.#firstCounts = new Float64Array(vocabularySize);
    this.#followers = new Float64Array(vocabularySize);
  }

  /**
   * Adds the characters and pairs of a span to the counts.
   *
   * This is a generator that yields after each block of characters; `runInSlices` of event_loop.ts
   * runs it without blocking the event loop, `runToEnd` at once.
   *
   * @throws {TextError} as {@linkcode Corpus.read} does.
   */
  *countInSlices(corpus: Pick<Corpus, "read">, span: Span): Generator<void, void> {
    let previous = -1;
    for (const ids of readBlocks(corpus, span)) {
      for (const id of ids) {
        this.#count(previous, id);
        previous = id;
      }
      yield;
    }
  }

  /** @param previous The character before, −1 at the start of a span. */
  #count(previous: number, id: number): void {
    this.#total++;
    this.#counts[id]!++;
    if (previous >= 0) this.#countPair(previous, id);
  }

  #countPair(a: number, b: number): void {
    const key = a * this.#vocabularySize + b;
    const count = this.#pairCounts.get(key) ?? 0;
    if (count === 0) this.#followers[a]!++;
    this.#pairCounts.set(key, count + 1);
    this.#firstCounts[a]!++;
  }

  /** P(b). */
  unigram(b: number): number {
    return (this.#counts[b]! + 1) / (this.#total + this.#vocabularySize);
  }

  /** P(b | a). */
  bigram(a: number, b: number): number {
    const followers = this.#followers[a]!;
    if (followers === 0) return this.unigram(b);
    const count = this.#pairCounts.get(a * this.#vocabularySize + b) ?? 0;
    return (count + followers * this.unigram(b)) / (this.#firstCounts[a]! + followers);
  }

  /**
   * Measures the unigram and bigram losses on spans of a text. The first character of each span is
   * context only.
   *
   * This is a generator, like {@linkcode BigramModel.countInSlices}.
   *
   * @param spans At least one, each of at least two characters.
   * @throws {TextError} as {@linkcode Corpus.read} does.
   */
  lossInSlices(
    corpus: Pick<Corpus, "read">,
    spans: readonly Span[],
  ): Generator<void, NGramLosses> {
    return this.#lossInSlices(corpus, { spans, isAdaptive: false });
  }

  /**
   * As {@linkcode BigramModel.lossInSlices}, but each character is counted as soon as it is
   * predicted. A model without counts measures how well the text is predicted by nothing but itself
   * (prequential analysis: A. Dawid, "Statistical theory: the prequential approach", 1984).
   *
   * @throws {TextError} as {@linkcode Corpus.read} does.
   */
  adaptiveLossInSlices(
    corpus: Pick<Corpus, "read">,
    spans: readonly Span[],
  ): Generator<void, NGramLosses> {
    return this.#lossInSlices(corpus, { spans, isAdaptive: true });
  }

  *#lossInSlices(
    corpus: Pick<Corpus, "read">,
    { spans, isAdaptive }: { readonly spans: readonly Span[]; readonly isAdaptive: boolean },
  ): Generator<void, NGramLosses> {
    let unigram = 0;
    let bigram = 0;
    let predicted = 0;
    for (const span of spans) {
      let previous = -1;
      for (const ids of readBlocks(corpus, span)) {
        for (const id of ids) {
          if (previous >= 0) {
            unigram -= log(this.unigram(id));
            bigram -= log(this.bigram(previous, id));
            predicted++;
          }
          if (isAdaptive) this.#count(previous, id);
          previous = id;
        }
        yield;
      }
    }
    return { unigram: unigram / predicted, bigram: bigram / predicted };
  }
}
