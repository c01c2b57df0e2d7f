import { wrongType } from "../arguments.ts";
import type { Progress } from "../checkpoint/checkpoint.ts";
import { checkProgress } from "../checkpoint/metadata.ts";
import { withContext } from "../errors.ts";
import { Evaluator } from "../evaluate/evaluator.ts";
import type { Model } from "../model/model.ts";
import type { Corpus } from "../text/corpus.ts";
import { countChars, type Span } from "../text/split.ts";
import { DivergenceError } from "./divergence.ts";

/** Supplies the model that is validated. */
export interface ModelSource {
  /** Updates so far. */
  readonly steps: number;
  /** A copy of the current model. */
  model(): Model;
}

/** Options of {@linkcode Validation}. */
export interface ValidationOptions {
  /** The validation part; empty if nothing is held out. */
  readonly spans: readonly Span[];
  /** Consecutive validations without a lower loss that make a plateau. */
  readonly lrPatience: number;
  /** Supplies the model that is validated. */
  readonly source: ModelSource;
  /** Threads that validation may use; `auto` for the number that is the fastest. */
  readonly threads: number | "auto";
  /** Measures the loss on several ranks, if they share it. */
  readonly shared?: ((model: Model) => Generator<void, number>) | null;
}

/**
 * Measures and records the validation loss during training: the last, the lowest, and how many
 * validations have passed since.
 *
 * Measuring runs on an engine of its own, so it does not change the training.
 */
export class Validation implements Disposable {
  readonly #corpus: Corpus;
  readonly #spans: readonly Span[];
  readonly #lrPatience: number;
  readonly #source: ModelSource;
  readonly #threads: number | "auto";
  readonly #shared: ((model: Model) => Generator<void, number>) | null;
  #evaluator: Evaluator | undefined;
  #loss: number | null = null;
  #best: number | null = null;
  #step: number | null = null;
  #bestStep: number | null = null;
  #validationsSinceBest = 0;
  #lrReductions = 0;
  /** The latest measurement; earlier ones have lost the evaluator to it. */
  #measurement: object = {};
  #isDisposed = false;

  /**
   * Starts without a recorded loss.
   *
   * @param corpus The text.
   * @param options The validation part, the source of the model, and the threads.
   */
  constructor(
    corpus: Corpus,
    { spans, lrPatience, source, threads, shared = null }: ValidationOptions,
  ) {
    this.#shared = shared;
    this.#corpus = corpus;
    this.#spans = spans;
    this.#source = source;
    this.#threads = threads;
    this.#lrPatience = lrPatience;
  }

  /** Characters of the validation part; 0 if nothing is held out. */
  get chars(): number {
    return countChars(this.#spans);
  }

  /** The last recorded loss, in nats per character; `null` if there is none. */
  get loss(): number | null {
    return this.#loss;
  }

  /** The lowest recorded loss, in nats per character; `null` if there is none. */
  get best(): number | null {
    return this.#best;
  }

  /** The step of the last recorded loss; `null` if there is none. */
  get step(): number | null {
    return this.#step;
  }

  /** The step of the lowest recorded loss; `null` if there is none. */
  get bestStep(): number | null {
    return this.#bestStep;
  }

  /** Consecutive validations since the lowest loss. */
  get validationsSinceBest(): number {
    return this.#validationsSinceBest;
  }

  /** Plateaus so far: each is `lrPatience` consecutive validations without a lower loss. */
  get lrReductions(): number {
    return this.#lrReductions;
  }

  /**
   * Measures the loss, step by step, without recording it: the caller may do other work between the
   * steps of the generator, or abandon it. A measurement ends the one before with an error.
   *
   * @returns The loss in nats per character, as {@linkcode Evaluator.loss} measures it;
   * `null` if nothing is held out.
   * @throws {DivergenceError} if the loss is not finite.
   * @throws {TextError} if the text can no longer be read.
   */
  *measure(): Generator<void, number | null> {
    const measurement = this.#measurement = {};
    if (this.#spans.length === 0) return null;
    this.#throwIfDisposed();
    const step = this.#source.steps;
    const model = this.#source.model();
    const slices = this.#shared?.(model) ?? this.#measureAlone(model);
    let result = slices.next();
    for (; !result.done; result = slices.next()) {
      yield;
      this.#throwIfDisposed();
      if (this.#measurement !== measurement) {
        throw new Error("Cannot validate: another validation has begun");
      }
    }
    const loss = result.value;
    if (!Number.isFinite(loss)) {
      const reason = `the validation loss is ${loss}`;
      throw new DivergenceError({ step, reason, config: model.config });
    }
    return loss;
  }

  #measureAlone(model: Model): Generator<unknown, number> {
    this.#evaluator ??= new Evaluator(model, { threads: this.#threads });
    const { parameters } = model;
    return this.#evaluator.lossInSlices(this.#corpus, { parameters, spans: this.#spans });
  }

  /**
   * Records a loss of the current step.
   *
   * @returns Whether it is the lowest so far.
   * @throws {TypeError} if it is not a number.
   */
  record(loss: number): boolean {
    if (typeof loss !== "number" || Number.isNaN(loss)) {
      throw wrongType({
        ...{ context: "Cannot record a validation", name: "loss" },
        expected: "a number",
        value: loss,
      });
    }
    const isBest = this.#best === null || loss < this.#best;
    this.#loss = loss;
    this.#step = this.#source.steps;
    if (isBest) {
      this.#best = loss;
      this.#bestStep = this.#source.steps;
      this.#validationsSinceBest = 0;
    } else {
      this.#validationsSinceBest++;
      if (this.#validationsSinceBest % this.#lrPatience === 0) this.#lrReductions++;
    }
    return isBest;
  }

  /** Restores what a checkpoint recorded. */
  restore(progress: Progress): void {
    withContext("Cannot restore a validation", () => checkProgress(progress));
    this.#loss = progress.validationLoss;
    this.#best = progress.bestValidationLoss;
    this.#bestStep = progress.bestStep;
    this.#step = progress.validatedStep;
    this.#validationsSinceBest = progress.validationsSinceBest;
    this.#lrReductions = progress.lrReductions;
  }

  #throwIfDisposed(): void {
    if (this.#isDisposed) throw new Error("Cannot validate: the trainer was disposed of");
  }

  /** Ends the threads; the loss can no longer be measured. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#evaluator?.[Symbol.dispose]();
  }
}
