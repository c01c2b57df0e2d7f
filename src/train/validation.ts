import { Evaluator } from "../evaluate/evaluate.ts";
import type { Progress } from "../model/checkpoint.ts";
import type { Model } from "../model/model.ts";
import type { Corpus } from "../text/corpus.ts";
import type { Span } from "../text/split.ts";
import { DivergenceError } from "./divergence.ts";

/** Whose model is measured. */
export interface Measured {
  /** Updates so far. */
  readonly steps: number;
  /** The model as it is now, in arrays of its own. */
  model(): Model;
}

/**
 * The held-out part of a text: how well a model predicts it, now and at its best. Measuring changes
 * nothing that training uses.
 */
export class Validation {
  readonly #corpus: Corpus;
  readonly #span: Span | null;
  readonly #measured: Measured;
  #evaluator: Evaluator | undefined;
  #loss: number | null = null;
  #best: number | null = null;
  #step: number | null = null;

  /**
   * Nothing is measured yet.
   * @param span The part; `null` when none is held out.
   */
  constructor(corpus: Corpus, span: Span | null, measured: Measured) {
    this.#corpus = corpus;
    this.#span = span;
    this.#measured = measured;
  }

  /** Characters that are held out; 0 when there is no such part. */
  get chars(): number {
    return this.#span === null ? 0 : this.#span[1] - this.#span[0];
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

  /**
   * Measures in pieces, without recording the result: between two of them the caller may do
   * something else, or give up. One at a time.
   *
   * @returns The loss in nats per character; `null` when no part is held out.
   * @throws {DivergenceError} when it is not finite.
   * @throws {TextError} when the text can no longer be read.
   */
  *measure(): Generator<void, number | null> {
    if (this.#span === null) return null;
    const step = this.#measured.steps;
    const model = this.#measured.model();
    this.#evaluator ??= new Evaluator(model);
    const loss = yield* this.#evaluator.inPieces(model.parameters, this.#corpus, this.#span);
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
    if (best) this.#best = loss;
    return best;
  }

  /** Goes back to what a checkpoint recorded. */
  restore(progress: Progress): void {
    this.#loss = progress.validationLoss;
    this.#best = progress.bestValidationLoss;
    this.#step = progress.validatedStep;
  }
}
