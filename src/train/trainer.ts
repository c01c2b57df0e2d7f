import { Engine } from "../engine/engine.ts";
import { checkThreadCount, defaultThreadCount } from "../engine/thread_count.ts";
import { stateSlotsOf } from "../engine/update.ts";
import type { Checkpoint, Progress } from "../checkpoint/checkpoint.ts";
import { type Config, type ConfigInput, parseConfig } from "../model/config.ts";
import { initialParameters } from "../model/initialization.ts";
import { type Model, sizesOf } from "../model/model.ts";
import type { ParameterSet } from "../model/parameters.ts";
import { Xoshiro128 } from "../random.ts";
import type { Corpus } from "../text/corpus.ts";
import { type Span, type Split, splitCorpus } from "../text/split.ts";
import { BatchLoader } from "../text/batches.ts";
import { DivergenceError } from "./divergence.ts";
import { cooldownFactor, learningRateAt } from "./lr_schedule.ts";
import { checkResumable, resumedConfig } from "./resume.ts";
import { Validation } from "./validation.ts";

/**
 * How much of the smoothed loss a step of 25 characters keeps; min-char-rnn's figure. A step of
 * more characters keeps accordingly less, so that curves over characters can be compared.
 */
const SMOOTHING = 0.999;
const SMOOTHING_CHARS = 25;

/** How a trainer computes; nothing of it changes the result. */
export interface TrainerOptions {
  /** Threads that compute together, 1 to 64. Default: as many as train fastest on this machine. */
  readonly threads?: number;
}

/** Options of {@linkcode Trainer.fromCheckpoint}. */
export interface ResumeOptions extends TrainerOptions {
  /**
   * Keys of the configuration to change: those that only steer the training, for example `lr`,
   * `gradClip` and the learning-rate schedule.
   */
  readonly config?: ConfigInput;
}

/**
 * Training, step by step: a corpus, the parameters, and the position in both.
 *
 * With one stream it is the Adagrad notebook's loop: the hidden state is carried from batch to
 * batch, and reset with the position at the end of the text.
 *
 * @example
 * ```ts
 * import { corpusFromText, resolveConfig, Trainer } from "../mod.ts";
 *
 * const corpus = corpusFromText("hello world, ".repeat(100));
 * const config = resolveConfig({ hidden: 32, batchSize: 2 }, { chars: corpus.length });
 * using trainer = Trainer.create(corpus, config);
 * const first = trainer.step();
 * for (let step = 0; step < 100; step++) trainer.step();
 * console.log(trainer.step() < first); // true
 * ```
 */
export class Trainer {
  /** The text. */
  readonly corpus: Corpus;
  /** Which parts of the text train and validate. */
  readonly split: Split;
  /** T·B, characters that one step trains on. */
  readonly charsPerStep: number;
  /** Steps from one start of the text to the next. */
  readonly stepsPerEpoch: number;
  /** The part of the text that is held out, and what was measured on it. */
  readonly validation: Validation;

  /** Threads that compute together. */
  readonly threads: number;
  /** The run's last step, towards which the schedule `cosine` falls; Infinity: not known. */
  lastStep: number = Infinity;
  /**
   * The share of the run that is done after so many steps, from 0 to 1, by which dropping begins and
   * ends and the rate cools down. By itself a trainer knows of no end.
   */
  doneAfter: (steps: number) => number = () => 0;
  readonly #engine: Engine;
  readonly #streams: BatchLoader;
  #config: Config;
  /** What made the state useless, until another one is restored. */
  #divergence: DivergenceError | null = null;
  #step = 0;
  #loss: number;
  #batchLoss: number | null = null;

  private constructor(corpus: Corpus, config: Config, options: TrainerOptions) {
    this.corpus = corpus;
    this.#config = config;
    const { batchSize, holdout, lrPatience, precision, seqLength } = config;
    const pieces = holdout === "streams" ? batchSize : 1;
    this.split = splitCorpus(corpus.length, { ...config, pieces }, batchSize * (seqLength + 2));
    this.validation = new Validation(corpus, this.split.validation, this, lrPatience);
    this.#streams = streamsOf(corpus, this.split, config);
    this.charsPerStep = this.#streams.charactersPerStep;
    this.stepsPerEpoch = this.#streams.batchesPerEpoch;
    const shape = { ...sizesOf({ config, vocabulary: corpus.vocabulary }), seqLength, batchSize };
    this.threads = checkThreadCount(options.threads ?? defaultThreadCount(shape));
    this.#engine = new Engine({
      ...shape,
      precision,
      dropout: config.dropout > 0,
      stateSlots: stateSlotsOf(config),
      weightAverage: config.weightAverage > 0,
      threads: this.threads,
    });
    this.#loss = Math.log(corpus.vocabulary.size);
  }

  /**
   * Creates a trainer with randomly initialized weights, before its first step.
   *
   * @param corpus The text, for example from {@linkcode readCorpus}.
   * @param config A complete configuration, from {@linkcode resolveConfig} or
   * {@linkcode autoConfig}.
   * @param options Settings that do not change the result.
   * @throws {InputError} if the configuration is invalid, the text is too short for it, or the
   * network does not fit into memory.
   */
  static create(corpus: Corpus, config: Config, options: TrainerOptions = {}): Trainer {
    const trainer = new Trainer(corpus, parseConfig(config, "Cannot train"), options);
    const sizes = sizesOf({ config, vocabulary: corpus.vocabulary });
    trainer.#writeParameters(initialParameters(sizes, config, new Xoshiro128(config.seed)));
    return trainer;
  }

  /** Ends the threads; no further step can be taken. They keep no process alive in any case. */
  close(): void {
    this.#engine.close();
    this.validation.close();
  }

  /** As {@linkcode Trainer.close}, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Creates a trainer in the state of a checkpoint: every later step computes the same bits as if
   * training had never stopped. Initial weights are not drawn.
   *
   * @param corpus The text that the checkpoint was trained on.
   * @param checkpoint The state, for example from {@linkcode readCheckpoint}.
   * @throws {InputError} if the text is another one, `config` would change what must stay, or the
   * checkpoint lacks what training needs.
   *
   * @example
   * ```ts
   * import { corpusFromText, resolveConfig, Trainer } from "../mod.ts";
   *
   * const corpus = corpusFromText("hello world, ".repeat(100));
   * using trainer = Trainer.create(corpus, resolveConfig({ hidden: 16 }, { chars: corpus.length }));
   * trainer.step();
   * using copy = Trainer.fromCheckpoint(corpus, trainer.checkpoint());
   * console.log(copy.step() === trainer.step()); // true
   * ```
   */
  static fromCheckpoint(
    corpus: Corpus,
    checkpoint: Checkpoint,
    { config: changes = {}, ...options }: ResumeOptions = {},
  ): Trainer {
    checkResumable(checkpoint, corpus);
    const config = resumedConfig(checkpoint.config, changes);
    const trainer = new Trainer(corpus, config, options);
    try {
      trainer.#load(checkpoint);
    } catch (error) {
      trainer.close();
      throw error;
    }
    return trainer;
  }

  /** The complete configuration. */
  get config(): Config {
    return this.#config;
  }

  /** The learning rate of the next step. */
  get lr(): number {
    const { lrReductions } = this.validation;
    const rate = learningRateAt(
      this.config,
      this.#step + 1,
      this.stepsPerEpoch,
      this.lastStep,
      lrReductions,
    );
    return rate * cooldownFactor(this.config, this.doneAfter(this.#step));
  }

  /** Steps taken. */
  get steps(): number {
    return this.#step;
  }

  /** Characters trained on, counting each time. */
  get chars(): number {
    return this.#step * this.charsPerStep;
  }

  /** Passes over the training part, with fractions. */
  get epoch(): number {
    return this.#step / this.stepsPerEpoch;
  }

  /** The training loss in nats per character, smoothed over about 25,000 characters. */
  get loss(): number {
    return this.#loss;
  }

  /** The loss of the last batch, before its update, in nats per character; `null` before any. */
  get batchLoss(): number | null {
    return this.#batchLoss;
  }

  /**
   * Trains on the next batchSize: forward, loss, backward, clip, update.
   *
   * @returns The loss of this batch before the update, in nats per character.
   * @throws {DivergenceError} when the loss, or a weight after the update, is not finite; from then
   * on at everything but {@linkcode restore}.
   * @throws {TextError} when the text can no longer be read; nothing has changed then.
   */
  step(): number {
    this.#checkState();
    const engine = this.#engine;
    const loss = this.#forwardAndBackward();
    const finite = engine.update({ ...this.config, lr: this.lr, step: this.#step + 1 });
    if (!finite) this.#checkWeights(this.#step + 1);
    engine.carryHiddenState();
    this.#step++;
    this.#batchLoss = loss;
    const kept = SMOOTHING ** (this.charsPerStep / SMOOTHING_CHARS);
    this.#loss = kept * this.#loss + (1 - kept) * loss;
    return loss;
  }

  /**
   * Checks that training can go on from here: that the next batch has a finite loss and finite
   * gradients. A state may be made of finite numbers and yet be beyond help. Changes nothing.
   *
   * @throws {DivergenceError} when it cannot.
   */
  checkNextStep(): void {
    this.#checkState();
    const { position } = this.#streams;
    const hiddenState = this.#engine.readHiddenState();
    this.#forwardAndBackward();
    if (!this.#engine.gradientsAreFinite()) {
      throw this.#diverged(this.#step + 1, "a gradient is not finite");
    }
    this.#streams.position = position;
    this.#engine.writeHiddenState(hiddenState);
  }

  /**
   * Measures the validation part as `evaluate` would; changes nothing that training uses.
   *
   * @returns The loss in nats per character, and whether it is the best so far; `null` when no part
   * of the text is held out.
   * @throws {DivergenceError} when the loss is not finite.
   */
  validate(): { readonly loss: number; readonly best: boolean } | null {
    const pieces = this.validation.measure();
    for (;;) {
      const { done, value: loss } = pieces.next();
      if (!done) continue;
      return loss === null ? null : { loss, best: this.validation.record(loss) };
    }
  }

  /**
   * The model as it is now, in arrays of its own; where the configuration says so, of averages.
   * @throws {DivergenceError} when training has diverged.
   */
  model(): Model {
    this.#checkState();
    this.#checkWeights(this.#step);
    const parameters = this.#averages
      ? this.#engine.readWeightAverage()
      : this.#engine.readParameters();
    return { config: this.config, vocabulary: this.corpus.vocabulary, parameters };
  }

  /**
   * Everything needed to use the model or to go on training it.
   *
   * @param elapsedSeconds How long the training took so far.
   * @throws {DivergenceError} when training has diverged.
   */
  checkpoint(elapsedSeconds = 0): Checkpoint {
    const { corpus } = this;
    const progress: Progress = {
      step: this.#step,
      epoch: this.epoch,
      chars: this.chars,
      position: this.#streams.position,
      loss: this.#loss,
      batchLoss: this.#batchLoss,
      validationLoss: this.validation.loss,
      bestValidationLoss: this.validation.best,
      validatedStep: this.validation.step,
      loggedStep: null,
      validationsSinceBest: this.validation.validationsSinceBest,
      lrReductions: this.validation.lrReductions,
      ended: false,
      elapsedSeconds,
    };
    return {
      ...this.model(),
      trainingParameters: this.#averages ? this.#engine.readParameters() : null,
      optimizerState: this.#memories(),
      hiddenState: this.#engine.readHiddenState(),
      progress,
      corpus: {
        name: corpus.path,
        chars: corpus.length,
        bytes: corpus.bytes,
        sha256: corpus.sha256,
      },
    };
  }

  /**
   * Goes back to the state of a checkpoint of the same text and configuration.
   *
   * @param changes Keys of the configuration to change, as for {@linkcode Trainer.fromCheckpoint}.
   * @throws {InputError} as that does; the trainer is then as it was before.
   */
  restore(checkpoint: Checkpoint, changes: ConfigInput = {}): void {
    checkResumable(checkpoint, this.corpus);
    const config = resumedConfig(this.config, { ...checkpoint.config, ...changes });
    this.#load(checkpoint);
    this.#config = config;
  }

  /** Copies a checkpoint's state; nothing has changed if its position is not part of the text. */
  #load(checkpoint: Checkpoint): void {
    const { parameters, trainingParameters, optimizerState, hiddenState, progress } = checkpoint;
    this.#streams.position = progress.position;
    const engine = this.#engine;
    engine.clear();
    this.#writeParameters(trainingParameters ?? parameters, parameters);
    optimizerState?.forEach((memory, i) => engine.writeOptimizerState(memory, i));
    engine.writeHiddenState(hiddenState);
    this.#divergence = null;
    this.#step = progress.step;
    this.#loss = progress.loss ?? Math.log(checkpoint.vocabulary.size);
    this.#batchLoss = progress.batchLoss;
    this.validation.restore(progress);
  }

  /** Takes the next batch, and leaves its gradients; the loss in nats per character. */
  #forwardAndBackward(): number {
    const engine = this.#engine;
    if (this.#streams.next(engine.inputIds, engine.targetIds)) engine.writeHiddenState();
    this.#refresh();
    engine.forward(this.config.seqLength, this.#drop());
    const loss = engine.crossEntropy() / this.config.seqLength;
    if (!Number.isFinite(loss)) throw this.#diverged(this.#step + 1, `the loss is ${loss}`);
    engine.backward();
    return loss;
  }

  get #averages(): boolean {
    return this.config.weightAverage > 0;
  }

  #writeParameters(parameters: ParameterSet, average: ParameterSet = parameters): void {
    this.#engine.writeParameters(parameters);
    if (this.#averages) this.#engine.writeWeightAverage(average);
  }

  /** Sets the states of the streams whose turn it is to zero: each every so many steps, evenly spread. */
  #refresh(): void {
    const { batchSize, resetEvery, hidden } = this.config;
    if (resetEvery === 0) return;
    const isDue = (stream: number) =>
      (this.#step + Math.floor(stream * resetEvery / batchSize)) % resetEvery === 0;
    const due = Array.from({ length: batchSize }, (_, stream) => stream).filter(isDue);
    if (due.length === 0) return;
    const state = this.#engine.readHiddenState();
    for (let at = 0; at < state.length; at += batchSize * hidden) {
      for (const stream of due) {
        state.fill(0, at + stream * hidden, at + (stream + 1) * hidden);
      }
    }
    this.#engine.writeHiddenState(state);
  }

  /** What the optimizer remembers; `null` when its rule needs no memory. */
  #memories(): ParameterSet[] | null {
    const count = stateSlotsOf(this.config);
    if (count === 0) return null;
    return Array.from({ length: count }, (_, i) => this.#engine.readOptimizerState(i));
  }

  /** What is dropped in this step: another choice in each, and the same whenever it is taken. */
  #drop(): { probability: number; seed: number } {
    const { dropout, dropoutFrom, dropoutUntil, seed } = this.config;
    const done = this.doneAfter(this.#step);
    const drops = done >= dropoutFrom && done < dropoutUntil;
    return {
      probability: drops ? dropout : 0,
      seed: seed % 2 ** 21 * 2 ** 32 + this.#step % 2 ** 32,
    };
  }

  #checkState(): void {
    if (this.#divergence) throw this.#divergence;
  }

  #diverged(step: number, reason: string): DivergenceError {
    return this.#divergence = new DivergenceError(step, reason);
  }

  #checkWeights(step: number): void {
    if (this.#engine.parametersAreFinite()) return;
    const sets = Object.values(this.#engine.readParameters());
    const wrong = sets.map((weights) => weights.find((weight) => !Number.isFinite(weight)));
    throw this.#diverged(step, `a weight is ${wrong.find((weight) => weight !== undefined)}`);
  }
}

/** The streams of the training part, which may be one stretch or one of each stream. */
function streamsOf(
  corpus: Corpus,
  { train }: Split,
  { batchSize, seqLength }: Config,
): BatchLoader {
  const doing = `Cannot train on ${JSON.stringify(corpus.path)}`;
  const [[start, end], second] = train as [Span, Span?];
  if (second === undefined) return new BatchLoader(corpus, start, end, batchSize, seqLength, doing);
  const held = second[0] - end;
  const all = batchSize * second[0];
  return new BatchLoader(corpus, start, all, batchSize, seqLength, doing, undefined, held);
}
