import * as v from "valibot";
import { checkArguments, checkOptions, copyOptions, optionsSchema } from "../arguments.ts";
import { checkCheckpoint, type Checkpoint, type Progress } from "../checkpoint/checkpoint.ts";
import { checkMetadataSize } from "../checkpoint/metadata.ts";
import { type Dropout, dropoutSeed } from "../engine/dropout.ts";
import type { Engine } from "../engine/engine.ts";
import { modules } from "../engine/kernels/modules.ts";
import { checkThreads } from "../engine/thread_count.ts";
import type { Update } from "../engine/update.ts";
import { Disposables } from "../disposables.ts";
import { InputError, withContext } from "../errors.ts";
import { runInSlices, runToEnd } from "../event_loop.ts";
import type { Exchange } from "../exchange.ts";
import { type Config, parseConfig } from "../model/config.ts";
import type { ConfigInput } from "../model/resolve_config.ts";
import { drawParameters } from "../model/initialization.ts";
import { checkModel, type Model, sizesOf } from "../model/model.ts";
import { stateSlotsOf } from "../model/optimizers.ts";
import type { ParameterSet } from "../model/parameters.ts";
import { Xoshiro128 } from "../random.ts";
import { flag, real, signal, unchecked, wholeNumber } from "../schemas.ts";
import { checkCorpus, type Corpus } from "../text/corpus.ts";
import { corpusIdentity } from "../text/corpus_identity.ts";
import { withVocabulary } from "../text/reencode.ts";
import { extendModel, joinVocabularies } from "./vocabulary_extension.ts";
import type { Split } from "../text/split.ts";
import { type BadSteps, countBadSteps, DivergenceError, maxBadSteps } from "./divergence.ts";
import { cooldownFactor, learningRateAt } from "./lr_schedule.ts";
import { checkResumable, resumedConfig } from "./resume.ts";
import { LeadingComputer, type RankUse, threadsOfRank } from "./rank_training.ts";
import { StepComputer, type StepGradients } from "./step_computer.ts";
import { type Batches, loadTrainingData } from "./training_data.ts";
import { Validation } from "./validation.ts";
import { log, power } from "../math.ts";

/**
 * The smoothed loss is an exponential moving average that keeps 0.999 of itself every 25
 * characters, as in min-char-rnn. A step of more characters keeps accordingly less, so that curves
 * over characters are comparable for all T and B.
 */
const SMOOTHING = 0.999;
const SMOOTHING_CHARS = 25;

/** Options of {@linkcode Trainer.create}; they do not change the result. */
export interface TrainerOptions {
  /**
   * Threads to compute with, 1 to 64. `auto` measures the first steps with several numbers, takes the
   * fastest, and looks again when steps become slower or faster, and from time to time. Default: `auto`.
   */
  readonly threads?: number | "auto";
  /**
   * Other processes that share the training, and follow this one, rank 0.
   *
   * @internal
   */
  readonly exchange?: Exchange;
}

/** Options of {@linkcode Trainer.createInSlices}. */
export interface CreateInSlicesOptions extends TrainerOptions {
  /**
   * Begin with the weights of this model instead of random ones. The configuration must have its
   * cell, layers, hidden units and precision. The vocabulary is that of the text and the model
   * together; a new character has the mean of the weights of all others.
   */
  readonly initFrom?: Model;
  /** Stops the initialization. */
  readonly signal?: AbortSignal;
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
 * The position of a step in its run, on which learning rate and dropout depend. A trainer itself
 * has no limits; {@linkcode train} passes the position to each step.
 */
export interface StepOptions {
  /**
   * The fraction of the run that is done, 0 to 1, for dropout, cooldown and the learning-rate
   * schedules `linear` and `cosine`. Default: 0.
   */
  readonly fractionDone?: number;
}

/** The part of a checkpoint's progress that a run has beyond its trainer. */
export interface RunProgress {
  /** Duration of the training so far in seconds. Default: 0. */
  readonly elapsedSeconds?: number;
  /** Step of the latest metrics that were logged at their interval. Default: `null`, none. */
  readonly loggedStep?: number | null;
  /** Whether the run has reached its limit. Default: false. */
  readonly ended?: boolean;
}

const optionSchemas = {
  create: optionsSchema({ threads: unchecked, exchange: unchecked }),
  createInSlices: optionsSchema({
    threads: unchecked,
    exchange: unchecked,
    signal,
    initFrom: unchecked,
  }),
  resume: optionsSchema({ threads: unchecked, exchange: unchecked, config: unchecked }),
  step: optionsSchema({
    fractionDone: real((x) => x >= 0 && x <= 1, "a number from 0 to 1"),
  }),
  checkpoint: optionsSchema({
    elapsedSeconds: real((x) => x >= 0, "a finite number, 0 or above"),
    loggedStep: v.nullable(wholeNumber(0)),
    ended: flag,
  }),
};

/** A configuration with the precision that computes for its own in this runtime. */
function supportedConfig<T extends Pick<Config, "precision">>(config: T): T {
  return { ...config, precision: modules.supportedPrecision(config.precision) };
}

function checkStepOptions(options: StepOptions): StepOptions {
  return copyRightStepOptions(options) ??
    checkArguments(options, { schema: optionSchemas.step, context: "Cannot take a step" });
}

/**
 * A copy of step options that are right, some ten times faster than the schema: a step of a small
 * model takes less than 0.1 ms. `null` for all others.
 */
function copyRightStepOptions(options: StepOptions): StepOptions | null {
  try {
    if (Object.getPrototypeOf(options) !== Object.prototype) return null;
    const { fractionDone = 0, ...others } = options;
    for (const _ in others) return null;
    const isRight = typeof fractionDone === "number" && fractionDone >= 0 && fractionDone <= 1;
    return isRight ? { fractionDone } : null;
  } catch {
    return null;
  }
}

/** Keys that the weights of a model determine. */
const modelKeys = ["cell", "layers", "hidden", "precision"] as const;

/** @throws {InputError} if a model's weights are not those of a configuration. */
function checkSizesOf({ config: model }: Model, config: Config): void {
  for (const key of modelKeys) {
    if (config[key] === model[key]) continue;
    throw new InputError(
      `"${key}" ${config[key]} is not the model's, which has ${model[key]}; leave it out`,
      { option: key },
    );
  }
}

/** A step was stopped by {@linkcode Trainer.stopWord}, and changed nothing. */
export class StepStoppedError extends Error {
  /** `StepStoppedError`, as in logs. */
  override readonly name: string = "StepStoppedError";

  /**
   * Creates the error.
   *
   * @param options The cause, if there is one.
   */
  constructor(options?: ErrorOptions) {
    super("Cannot take a step: the trainer was stopped", options);
  }
}

/**
 * Trains a model on a corpus, one step at a time.
 *
 * Each step computes the gradients of one batch by truncated back-propagation through time, and
 * updates the parameters. The hidden state [L, B, H] is carried from batch to batch, and reset to
 * zero where the streams start again. {@linkcode train} adds limits, validation and callbacks.
 *
 * @example
 * ```ts
 * import { corpusFromText, resolveConfig, Trainer } from "../mod.ts";
 *
 * const corpus = corpusFromText("hello world, ".repeat(100));
 * const config = resolveConfig({ hidden: 32, batchSize: 2 });
 * using trainer = Trainer.create(corpus, config);
 * const first = trainer.step();
 * for (let step = 0; step < 100; step++) trainer.step();
 * console.log(trainer.step() < first); // true
 * ```
 */
export class Trainer implements Disposable {
  /** The text. */
  readonly corpus: Corpus;
  /** The parts of the text for training, validation and test. */
  readonly split: Split;
  /** Characters of a batch, T·B. */
  readonly charsPerStep: number;
  /** Batches of an epoch. */
  readonly stepsPerEpoch: number;
  /** The validation part, and the losses measured on it. */
  readonly validation: Validation;
  /**
   * How several processes share the training; `null` if one trains alone.
   *
   * @internal
   */
  readonly ranks: RankUse | null;
  readonly #computer: StepComputer;
  readonly #batches: Batches;
  #config: Config;
  /** The divergence that made the state unusable, until another one is restored. */
  #divergence: DivergenceError | null = null;
  #step = 0;
  #loss: number;
  #batchLoss: number | null = null;
  #lr: number | null = null;
  #badSteps: BadSteps = { count: 0, loss: null };

  private constructor(corpus: Corpus, config: Config, options: TrainerOptions) {
    checkCorpus(corpus, "Cannot train");
    config = withContext("Cannot train", () => supportedConfig(parseConfig(config)));
    options = checkOptions(options, { schema: optionSchemas.create, context: "Cannot train" });
    this.corpus = corpus;
    this.#config = config;
    checkMetadataSize({ config, vocabulary: corpus.vocabulary, corpus: corpusIdentity(corpus) });
    const { lrSchedule, lrPatience } = config;
    const { split, batches } = loadTrainingData(corpus, config);
    this.split = split;
    const threads = checkThreads(options.threads ?? "auto");
    this.#batches = batches;
    this.charsPerStep = this.#batches.charsPerBatch;
    this.stepsPerEpoch = this.#batches.batchesPerEpoch;
    const { exchange = null } = options;
    const size = exchange?.size ?? 1;
    const parts = { corpus, config, batches, validation: split.validation };
    this.#computer = exchange === null || size === 1
      ? new StepComputer({ ...parts, threads, exchange: null })
      : LeadingComputer.start(
        { ...parts, threads: threadsOfRank(threads, { corpus, config, size }), exchange },
        threads === "auto" ? null : threads,
      );
    const computer = this.#computer;
    this.ranks = computer instanceof LeadingComputer ? computer.use : null;
    this.validation = new Validation(corpus, {
      spans: split.validation,
      // Plateaus count from where the schedule needs them: a resumed run may change to it.
      lrPatience: lrSchedule === "plateau" ? lrPatience : Infinity,
      source: this,
      threads,
      shared: computer instanceof LeadingComputer && computer.sharesValidation
        ? (model) => computer.validate(model)
        : null,
    });
    this.#loss = log(corpus.vocabulary.size);
  }

  /**
   * Creates a trainer with randomly initialized weights, before its first step.
   *
   * @param corpus The text, for example from {@linkcode readCorpus}.
   * @param config A complete configuration, from {@linkcode resolveConfig} or
   * {@linkcode autoConfig}.
   * @param options Settings that do not change the result.
   * @throws {InputError} if the configuration or an option is invalid, the text is too short, or the
   * network does not fit into memory.
   * @throws {TypeError} if `corpus` is no corpus.
   */
  static create(corpus: Corpus, config: Config, options: TrainerOptions = {}): Trainer {
    const trainer = new Trainer(corpus, config, options);
    trainer.#writeParameters(runToEnd(trainer.#drawParameters()));
    return trainer;
  }

  /**
   * Creates the same trainer as {@linkcode Trainer.create}, but yields to the event loop while the
   * weights are drawn, which takes seconds for a large network with `init` `orthogonal`.
   *
   * @throws {InputError} as that does.
   * @throws The reason of `signal` if it aborts meanwhile; one that is aborted at the call stops
   * nothing.
   */
  static async createInSlices(
    corpus: Corpus,
    config: Config,
    options: CreateInSlicesOptions = {},
  ): Promise<Trainer> {
    const context = "Cannot train";
    const { signal, initFrom, ...others } = checkOptions(options, {
      ...{ schema: optionSchemas.createInSlices, context },
    });
    if (initFrom !== undefined) return Trainer.#createFrom(corpus, config, { ...others, initFrom });
    using opened = new Disposables();
    const trainer = opened.use(new Trainer(corpus, config, others));
    const isAborted = signal?.aborted === true;
    const drawn = await runInSlices(trainer.#drawParameters(), isAborted ? undefined : signal);
    if (drawn === undefined) throw signal!.reason;
    trainer.#writeParameters(drawn);
    opened.move();
    return trainer;
  }

  /** Creates a trainer with the weights of a model. */
  static #createFrom(
    corpus: Corpus,
    config: Config,
    { initFrom, ...options }: TrainerOptions & { readonly initFrom: Model },
  ): Trainer {
    checkCorpus(corpus, "Cannot train");
    checkModel(initFrom, "Cannot train from a model");
    withContext("Cannot train from a model", () => checkSizesOf(initFrom, parseConfig(config)));
    const vocabulary = joinVocabularies(initFrom.vocabulary, corpus.vocabulary);
    const trainer = new Trainer(
      withVocabulary(corpus, vocabulary),
      config,
      options,
    );
    trainer.#writeParameters(extendModel(initFrom, vocabulary).parameters);
    return trainer;
  }

  /**
   * Creates a trainer in the state of a checkpoint: every later step computes the same bits as if
   * training had never stopped. Initial weights are not drawn.
   *
   * @param corpus The text that the checkpoint was trained on.
   * @param checkpoint The state, for example from {@linkcode readCheckpoint}.
   * @throws {InputError} if the text is another one, `config` would change what must stay, or the
   * checkpoint lacks what training needs.
   * @throws {TypeError} if an argument is no corpus or no checkpoint.
   * @throws {RangeError} if an array of the checkpoint has a wrong length.
   *
   * @example
   * ```ts
   * import { corpusFromText, resolveConfig, Trainer } from "../mod.ts";
   *
   * const corpus = corpusFromText("hello world, ".repeat(100));
   * const config = resolveConfig({ hidden: 16 }, { chars: corpus.length });
   * using trainer = Trainer.create(corpus, config);
   * trainer.step();
   * using copy = Trainer.fromCheckpoint(corpus, trainer.checkpoint());
   * console.log(copy.step() === trainer.step()); // true
   * ```
   */
  static fromCheckpoint(
    corpus: Corpus,
    checkpoint: Checkpoint,
    options: ResumeOptions = {},
  ): Trainer {
    const context = "Cannot resume training";
    const { config: changes = {}, ...others } = checkOptions(options, {
      ...{ schema: optionSchemas.resume, context },
    });
    checkCorpus(corpus, context);
    checkCheckpoint(checkpoint, context);
    checkResumable(checkpoint, corpus);
    const config = resumedConfig(checkpoint.config, changes);
    const text = withVocabulary(corpus, checkpoint.vocabulary);
    const trainer = new Trainer(text, config, others);
    try {
      trainer.#load(checkpoint);
    } catch (error) {
      trainer[Symbol.dispose]();
      throw error;
    }
    return trainer;
  }

  /**
   * The complete configuration. Its precision is `f32-strict` if `f32` was asked for where multiply
   * and add are not fused, because the bits are those of `f32-strict` then.
   */
  get config(): Config {
    return this.#config;
  }

  /**
   * The learning rate of the last step; `null` until a step is taken from a new or restored state.
   */
  get lr(): number | null {
    return this.#lr;
  }

  /**
   * The number of threads that compute. With the option `auto` it is the fastest one so far, and may
   * change with every step.
   */
  get threads(): number {
    return this.#computer.network.engine.threads;
  }

  /** Whether numbers of threads are still to be compared for the first time, with `auto`. */
  get isChoosingThreads(): boolean {
    return this.#computer.network.engine.isChoosingThreads;
  }

  /** Updates so far. */
  get steps(): number {
    return this.#step;
  }

  /** Characters trained on so far, counting repetitions. */
  get chars(): number {
    return this.#step * this.charsPerStep;
  }

  /** Epochs so far, with fractions. */
  get epoch(): number {
    return this.#step / this.stepsPerEpoch;
  }

  /** The training loss, smoothed over about 25,000 characters, in nats per character. */
  get loss(): number {
    return this.#loss;
  }

  /**
   * Whether the last steps were not worse than uniform guessing; a state that is may be the
   * beginning of a divergence.
   */
  get isHealthy(): boolean {
    return this.#badSteps.count === 0;
  }

  /**
   * The loss of the last batch before its update, in nats per character; `null` before the first.
   */
  get batchLoss(): number | null {
    return this.#batchLoss;
  }

  /**
   * Trains on the next batch: forward pass, loss, backward pass, gradient clipping, update.
   *
   * @param options The position of the step in its run.
   * @returns The loss of the batch before the update, in nats per character.
   * @throws {DivergenceError} if the loss, or a weight after the update, is not finite, or the loss
   * has been worse than uniform guessing for long. All methods but {@linkcode Trainer.restore}
   * throw it from then on.
   * @throws {TextError} if the text can no longer be read; the trainer is then as it was before.
   * @throws {StepStoppedError} if {@linkcode Trainer.stopWord} is set; the trainer is then as it was
   * before.
   * @throws {RangeError} if an option is out of range.
   * @throws {TypeError} if an option has a wrong type, or is unknown.
   * @throws {Error} if the trainer was disposed of.
   */
  step(options: StepOptions = {}): number {
    this.#throwIfUnusable();
    options = checkStepOptions(options);
    const { loss, isStopped } = this.#computeGradients(options);
    if (isStopped) throw new StepStoppedError();
    this.#checkLoss(loss);
    const badSteps = this.#countBadSteps(loss);
    const lr = this.#nextLearningRate(options);
    const isFinite = this.#computer.update(this.#updateAt(lr));
    if (!isFinite) this.#checkWeights(this.#step + 1);
    this.#step++;
    this.#lr = lr;
    this.#batchLoss = loss;
    this.#badSteps = badSteps;
    const kept = power(SMOOTHING, this.charsPerStep / SMOOTHING_CHARS);
    this.#loss = kept * this.#loss + (1 - kept) * loss;
    return loss;
  }

  /**
   * Returns the learning rate of the next step.
   *
   * @param options The position of that step in its run.
   * @throws {RangeError} if an option is out of range.
   * @throws {TypeError} if an option has a wrong type, or is unknown.
   */
  nextLearningRate(options: StepOptions = {}): number {
    return this.#nextLearningRate(checkStepOptions(options));
  }

  /**
   * Checks that the next batch has a finite loss and finite gradients: weights may be finite and
   * yet too large to continue from. Does not change the training. Checks nothing if the step is
   * stopped.
   *
   * @param options The position of the next step in its run.
   * @throws {DivergenceError} if they are not finite.
   */
  checkNextStep(options: StepOptions = {}): void {
    this.#throwIfUnusable();
    options = checkStepOptions(options);
    const { loss, isStopped } = this.#computeGradients(options);
    if (isStopped) return;
    this.#checkLoss(loss);
    const isFinite = this.#computer.gradientsAreFinite();
    if (!isFinite && !this.isStopped) {
      throw this.#diverged(this.#step + 1, "a gradient is not finite");
    }
    this.#computer.undo();
  }

  /**
   * Measures and records the validation loss. Does not change the weights.
   *
   * @returns The loss in nats per character, and whether it is the lowest so far; `null` if no part
   * of the text is held out.
   * @throws {DivergenceError} if the loss is not finite.
   */
  validate(): { readonly loss: number; readonly isBest: boolean } | null {
    const loss = runToEnd(this.validation.measure());
    return loss === null ? null : { loss, isBest: this.validation.record(loss) };
  }

  /**
   * Copies the current model; with `weightAverage`, its parameters are the running average.
   *
   * @throws {DivergenceError} if training has diverged.
   */
  model(): Model {
    this.#throwIfDiverged();
    this.#checkWeights(this.#step);
    const parameters = this.#hasAverage
      ? this.#computer.readWeightAverage()!
      : this.#engine.readParameters();
    return { config: this.config, vocabulary: this.corpus.vocabulary, parameters };
  }

  /**
   * Copies the model and everything else that is needed to resume training.
   *
   * @param run What only the run around the trainer can give.
   * @throws {RangeError} if a value of it is out of range.
   * @throws {TypeError} if a value of it has a wrong type.
   * @throws {DivergenceError} if training has diverged.
   */
  checkpoint(run: RunProgress = {}): Checkpoint {
    const context = "Cannot make a checkpoint";
    run = checkArguments(run, { schema: optionSchemas.checkpoint, context });
    return {
      ...this.model(),
      trainingParameters: this.#hasAverage ? this.#engine.readParameters() : null,
      optimizerState: this.#readOptimizerState(),
      hiddenState: this.#computer.readHiddenState()!,
      progress: this.#progress(run),
      corpus: corpusIdentity(this.corpus),
    };
  }

  /**
   * Goes back to the state of a checkpoint of the same text and configuration.
   *
   * @param changes Keys of the configuration to change, as for {@linkcode Trainer.fromCheckpoint}.
   * @throws {InputError} as that does; the trainer is then as it was before.
   */
  restore(checkpoint: Checkpoint, changes: ConfigInput = {}): void {
    this.#throwIfDisposed();
    checkCheckpoint(checkpoint, "Cannot restore a checkpoint");
    checkResumable(checkpoint, this.corpus);
    if (!checkpoint.vocabulary.equals(this.corpus.vocabulary)) {
      throw new InputError(
        "Cannot restore a checkpoint: it has another vocabulary; it must be one of this training",
      );
    }
    const given = withContext("Cannot resume training", () => copyOptions(changes));
    const config = resumedConfig(
      this.config,
      supportedConfig({ ...checkpoint.config, ...given }),
    );
    this.#load(checkpoint);
    this.#config = config;
  }

  /**
   * Another thread may set its only element to another number than 0 while a step is computed: the step then ends within
   * milliseconds, and neither it nor any later one is taken. A `signal` cannot do that, as it aborts
   * only when this thread has time.
   */
  get stopWord(): Int32Array<SharedArrayBuffer> {
    return this.#engine.stopWord;
  }

  /** Whether {@linkcode Trainer.stopWord} is set, so that no step can be taken. */
  get isStopped(): boolean {
    return Atomics.load(this.stopWord, 0) !== 0;
  }

  /**
   * Ends the threads; no step can be taken afterwards, but model and checkpoint can be copied.
   * Further calls do nothing. Idle threads keep no process alive.
   */
  [Symbol.dispose](): void {
    this.#computer[Symbol.dispose]();
    this.validation[Symbol.dispose]();
  }

  /** The engine of this process. */
  get #engine(): Engine {
    return this.#computer.network.engine;
  }

  /** Takes the next batch and computes its gradients; the loss is in nats per character. */
  #computeGradients(options: StepOptions): StepGradients {
    const { resetEvery, seqLength } = this.config;
    const dropout = this.#nextDropout(options);
    const { loss, isStopped } = this.#computer.computeGradients({
      ...{ step: this.#step, resetEvery, dropout },
    });
    return { loss: loss / seqLength, isStopped };
  }

  #checkLoss(loss: number): void {
    if (!Number.isFinite(loss)) throw this.#diverged(this.#step + 1, `the loss is ${loss}`);
  }

  /** The next update, with this learning rate. */
  #updateAt(lr: number): Update {
    const { optimizer, gradClip, gradClipMode, momentum, beta1, beta2 } = this.config;
    const { weightDecay, weightAverage } = this.config;
    return {
      ...{ optimizer, lr, gradClip, gradClipMode, momentum, beta1, beta2 },
      ...{ weightDecay, weightAverage, step: this.#step + 1 },
    };
  }

  /** Counts a step that is worse than uniform guessing; throws if there are too many. */
  #countBadSteps(batchLoss: number): BadSteps {
    const { size: vocabularySize } = this.corpus.vocabulary;
    const { charsPerStep } = this;
    const options = { batchLoss, smoothedLoss: this.#loss, vocabularySize, charsPerStep };
    const badSteps = countBadSteps(this.#badSteps, options);
    if (badSteps.count < maxBadSteps(charsPerStep)) return badSteps;
    const step = this.#step + 1;
    throw this.#divergence = new DivergenceError({
      step,
      reason: `the loss has been worse than uniform guessing for long, ` +
        `${this.#loss.toFixed(2)} instead of ${log(vocabularySize).toFixed(2)} nats per character`,
      config: this.#config,
      isFinite: true,
    });
  }

  /**
   * The dropout of the next step, if it has one. Its seed depends on the step alone, so that a
   * repeated or resumed step drops the same units.
   */
  #nextDropout({ fractionDone = 0 }: StepOptions): Dropout | undefined {
    const { dropout, dropoutFrom, dropoutUntil, seed } = this.config;
    const isActive = dropout > 0 && fractionDone >= dropoutFrom && fractionDone < dropoutUntil;
    return isActive ? { probability: dropout, seed: dropoutSeed(seed, this.#step) } : undefined;
  }

  #nextLearningRate({ fractionDone = 0 }: StepOptions): number {
    const lr = learningRateAt(this.config, this.#step + 1, {
      stepsPerEpoch: this.stepsPerEpoch,
      fractionDone,
      lrReductions: this.validation.lrReductions,
    });
    return lr * cooldownFactor(this.config, fractionDone);
  }

  #progress({ elapsedSeconds = 0, loggedStep = null, ended = false }: RunProgress): Progress {
    const { validation } = this;
    return {
      step: this.#step,
      epoch: this.epoch,
      chars: this.chars,
      position: this.#batches.position,
      loss: this.#loss,
      batchLoss: this.#batchLoss,
      validationLoss: validation.loss,
      bestValidationLoss: validation.best,
      validatedStep: validation.step,
      bestStep: validation.bestStep,
      loggedStep,
      validationsSinceBest: validation.validationsSinceBest,
      lrReductions: validation.lrReductions,
      badSteps: this.#badSteps.count,
      badLoss: this.#badSteps.loss,
      ended,
      elapsedSeconds,
    };
  }

  /** Writes the state of a checkpoint; nothing has changed if it throws for a wrong position. */
  #load(checkpoint: Checkpoint): void {
    const { parameters, trainingParameters, optimizerState, hiddenState, progress } = checkpoint;
    const { position } = progress;
    this.#batches.position = position;
    const state = { parameters, trainingParameters, optimizerState, hiddenState };
    this.#computer.load({ position, slots: optimizerState?.length ?? 0 }, state);
    this.#divergence = null;
    this.#step = progress.step;
    this.#loss = progress.loss ?? log(checkpoint.vocabulary.size);
    this.#batchLoss = progress.batchLoss;
    this.#badSteps = { count: progress.badSteps, loss: progress.badLoss };
    this.#lr = null;
    this.validation.restore(progress);
  }

  #drawParameters(): Generator<void, ParameterSet> {
    const { config, corpus: { vocabulary } } = this;
    const { init, precision, seed } = config;
    const random = new Xoshiro128(seed);
    return drawParameters(sizesOf({ config, vocabulary }), { init, precision, random });
  }

  get #hasAverage(): boolean {
    return this.config.weightAverage > 0;
  }

  #writeParameters(parameters: ParameterSet): void {
    const state = { parameters, trainingParameters: null, optimizerState: null };
    this.#computer.load({ position: 0, slots: 0 }, state);
  }

  /** Copies the optimizer state, a set for each slot; `null` if the update rule has none. */
  #readOptimizerState(): ParameterSet[] | null {
    const count = stateSlotsOf(this.config).length;
    if (count === 0) return null;
    return Array.from({ length: count }, (_, i) => this.#computer.readOptimizerState(i)!);
  }

  #throwIfDisposed(): void {
    if (this.#engine.isDisposed) throw new Error("Cannot train: the trainer was disposed of");
  }

  #throwIfUnusable(): void {
    this.#throwIfDisposed();
    this.#throwIfDiverged();
  }

  #throwIfDiverged(): void {
    if (this.#divergence) throw this.#divergence;
  }

  #diverged(step: number, reason: string): DivergenceError {
    return this.#divergence = new DivergenceError({ step, reason, config: this.#config });
  }

  #checkWeights(step: number): void {
    if (this.#engine.parametersAreFinite()) return;
    const sets = Object.values(this.#engine.readParameters());
    const invalid = sets.map((weights) => weights.find((weight) => !Number.isFinite(weight)));
    throw this.#diverged(step, `a weight is ${invalid.find((weight) => weight !== undefined)}`);
  }
}
