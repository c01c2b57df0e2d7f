import { Evaluator } from "../evaluate/evaluate.ts";
import type { Progress } from "../checkpoint/checkpoint.ts";
import type { Model } from "../model/model.ts";
import type { Corpus } from "../text/corpus.ts";
import { charsOf, type Span } from "../text/split.ts";
import { DivergenceError } from "./divergence.ts";

/** Whose model is measured. */
export interface ModelSource {
  /** Updates so far. */
  readonly steps: number;
  /** Threads that may compute together. */
  readonly threads: number;
  /** The model as it is now, in arrays of its own. */
  model(): Model;
}

/**
 * The held-out part of a text: how well a model predicts it, now and at its best, and how long that
 * has been. Measuring changes nothing that training uses.
 */
export class Validation {
  readonly #corpus: Corpus;
  readonly #spans: readonly Span[];
  readonly #plateau: number;
  readonly #measured: ModelSource;
  #evaluator: Evaluator | undefined;
  #loss: number | null = null;
  #best: number | null = null;
  #step: number | null = null;
  #validationsSinceBest = 0;
  #plateaus = 0;

  /**
   * Nothing is measured yet.
   * @param spans The part; empty when none is held out.
   * @param lrPatience How many validations in a row without a better one are a plateau.
   */
  constructor(corpus: Corpus, spans: readonly Span[], measured: ModelSource, lrPatience: number) {
    this.#corpus = corpus;
    this.#spans = spans;
    this.#measured = measured;
    this.#plateau = lrPatience;
  }

  /** Characters that are held out; 0 when there is no such part. */
  get chars(): number {
    return charsOf(this.#spans);
  }

  /** The last loss recorded, in nats per character; `null` when there is none. */
  get loss(): number | null {
    return this.#loss;
  }

  /** The lowest loss recorded; `null` when there is none. */
  get best(): number | null {
    return this.#best;
  }

  /** The step of the last loss recorded; `null` when there is none. */
  get step(): number | null {
    return this.#step;
  }

  /** How many of the last losses recorded were, in a row, not lower than the lowest before. */
  get validationsSinceBest(): number {
    return this.#validationsSinceBest;
  }

  /** How many plateaus there were; each begins anew after the one before, or after a lower loss. */
  get lrReductions(): number {
    return this.#plateaus;
  }

  /**
   * Measures in pieces, without recording the result: between two of them the caller may do
   * something else, or give up. One at a time.
   *
   * @returns The loss in nats per character; `null` when no part is held out. The model reads each
   * stretch from a state of zero.
   * @throws {DivergenceError} when it is not finite.
   * @throws {TextError} when the text can no longer be read.
   */
  *measure(): Generator<void, number | null> {
    if (this.#spans.length === 0) return null;
    const step = this.#measured.steps;
    const model = this.#measured.model();
    this.#evaluator ??= new Evaluator(model, this.#measured.threads);
    const loss = yield* this.#evaluator.inPieces(model.parameters, this.#corpus, ...this.#spans);
    if (!Number.isFinite(loss)) throw new DivergenceError(step, `the validation loss is ${loss}`);
    return loss;
  }

  /**
   * Notes a loss as that of this step.
   * @returns Whether it is the lowest so far.
   */
  record(loss: number): boolean {
    const best = this.#best === null || loss < this.#best;
    this.#loss = loss;
    this.#step = this.#measured.steps;
    if (best) {
      this.#best = loss;
      this.#validationsSinceBest = 0;
    } else {
      this.#validationsSinceBest++;
      if (this.#validationsSinceBest % this.#plateau === 0) this.#plateaus++;
    }
    return best;
  }

  /** Ends the threads; nothing can be measured afterwards. */
  close(): void {
    this.#evaluator?.[Symbol.dispose]();
  }

  /** Goes back to what a checkpoint recorded. */
  restore(progress: Progress): void {
    this.#loss = progress.validationLoss;
    this.#best = progress.bestValidationLoss;
    this.#step = progress.validatedStep;
    this.#validationsSinceBest = progress.validationsSinceBest;
    this.#plateaus = progress.lrReductions;
  }
}
