import { Engine } from "../engine/engine.ts";
import type { Checkpoint, Progress } from "../model/checkpoint.ts";
import { type Config, type ConfigInput, resolveConfig } from "../model/config.ts";
import { initialParameters } from "../model/initialisation.ts";
import { type Model, sizesOf } from "../model/model.ts";
import { Evaluator } from "../evaluate/evaluate.ts";
import { Xoshiro128 } from "../random.ts";
import type { Corpus } from "../text/corpus.ts";
import { type Split, splitCorpus } from "../text/split.ts";
import { Streams } from "../text/streams.ts";

/**
 * How much of the smoothed loss a step of 25 characters keeps; min-char-rnn's figure. A step of
 * more characters keeps accordingly less, so that curves over characters can be compared.
 */
const SMOOTHING = 0.999;
const SMOOTHING_CHARS = 25;

/**
 * Training, step by step: a corpus, the parameters, and the position in both.
 *
 * With one stream it is the Adagrad notebook's loop: the hidden state is carried from batch to
 * batch, and reset with the position at the end of the text.
 *
 * @example
 * ```ts
 * import { corpusFromText, Trainer } from "../mod.ts";
 *
 * const trainer = new Trainer(corpusFromText("hello world, ".repeat(100)), { hidden: 32, batch: 2 });
 * const first = trainer.step();
 * for (let step = 0; step < 100; step++) trainer.step();
 * console.log(trainer.step() < first); // true
 * ```
 */
export class Trainer {
  /** The complete configuration. */
  readonly config: Config;
  /** The text. */
  readonly corpus: Corpus;
  /** Which parts of the text train and validate. */
  readonly split: Split;
  /** T·B, characters that one step trains on. */
  readonly charsPerStep: number;
  /** Steps from one start of the text to the next. */
  readonly stepsPerEpoch: number;

  readonly #engine: Engine;
  readonly #streams: Streams;
  readonly #random: Xoshiro128;
  #evaluator: Evaluator | undefined;
  #step = 0;
  #loss: number;
  #batchLoss: number | null = null;
  #validationLoss: number | null = null;
  #bestValidationLoss: number | null = null;

  /**
   * Initialises the parameters, and stands before the first step.
   *
   * @param corpus The text, for example from {@linkcode readCorpus}.
   * @param input What of the configuration is not left to the preset and the defaults.
   * @throws {InputError} when the configuration is wrong, or the text too short for it.
   * @throws {InputError} when the network does not fit into memory.
   */
  constructor(corpus: Corpus, input: ConfigInput = {}) {
    this.corpus = corpus;
    this.config = resolveConfig(input, corpus.length);
    const { batch, precision, seed, seq, val } = this.config;
    this.split = splitCorpus(corpus.length, val, batch * (seq + 2));
    const doing = `Cannot train on ${JSON.stringify(corpus.path)}`;
    this.#streams = new Streams(corpus, ...this.split.train, batch, seq, doing);
    this.charsPerStep = this.#streams.charactersPerStep;
    this.stepsPerEpoch = this.#streams.batchesPerEpoch;
    const sizes = sizesOf({ config: this.config, vocabulary: corpus.vocabulary });
    this.#engine = new Engine({ ...sizes, precision, steps: seq, streams: batch });
    this.#random = new Xoshiro128(seed);
    this.#engine.writeParameters(initialParameters(sizes, this.config, this.#random));
    this.#loss = Math.log(corpus.vocabulary.size);
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
   * Trains on the next batch: forward, loss, backward, clip, update.
   *
   * @returns The loss of this batch before the update, in nats per character.
   * @throws {Error} when the loss is not finite, before anything is updated.
   * @throws {InputError} when the text's file has changed since it was opened; nothing is updated.
   */
  step(): number {
    const engine = this.#engine;
    const { seq } = this.config;
    if (this.#streams.next(engine.inputIds, engine.targetIds)) engine.writeHiddenState();
    engine.forward();
    const loss = engine.crossEntropy() / seq;
    if (!Number.isFinite(loss)) {
      throw diverged(this.#step + 1, `the loss is ${loss}`);
    }
    engine.backward();
    engine.update(this.config);
    engine.carryHiddenState();
    this.#step++;
    this.#batchLoss = loss;
    const kept = SMOOTHING ** (this.charsPerStep / SMOOTHING_CHARS);
    this.#loss = kept * this.#loss + (1 - kept) * loss;
    return loss;
  }

  /**
   * Measures the validation part as `evaluate` would; changes nothing that training uses.
   *
   * @returns The loss in nats per character, and whether it is the best so far; `null` when no part
   * of the text is held out.
   * @throws {Error} as {@linkcode Trainer.model} does.
   */
  validate(): { readonly loss: number; readonly best: boolean } | null {
    if (this.split.validation === null) return null;
    const { corpus, config } = this;
    this.#evaluator ??= new Evaluator({ config, vocabulary: corpus.vocabulary });
    const { parameters } = this.model();
    const loss = this.#evaluator.natsPerChar(parameters, corpus, this.split.validation);
    const best = this.#bestValidationLoss === null || loss < this.#bestValidationLoss;
    this.#validationLoss = loss;
    if (best) this.#bestValidationLoss = loss;
    return { loss, best };
  }

  /**
   * The model as it is now, in arrays of its own.
   *
   * @throws {Error} when a weight is not finite: the last update made it so, and no loss has shown
   * it yet.
   */
  model(): Model {
    const parameters = this.#engine.readParameters();
    for (const weights of Object.values(parameters)) {
      const wrong = weights.find((weight) => !Number.isFinite(weight));
      if (wrong !== undefined) throw diverged(this.#step, `a weight is ${wrong}`);
    }
    return { config: this.config, vocabulary: this.corpus.vocabulary, parameters };
  }

  /**
   * Everything needed to use the model or to go on training it.
   *
   * @param elapsedSeconds How long the training took so far.
   * @throws {Error} as {@linkcode Trainer.model} does.
   */
  checkpoint(elapsedSeconds = 0): Checkpoint {
    const { corpus } = this;
    const progress: Progress = {
      step: this.#step,
      epoch: this.epoch,
      chars: this.chars,
      position: this.#streams.position,
      loss: this.#loss,
      validationLoss: this.#validationLoss,
      bestValidationLoss: this.#bestValidationLoss,
      elapsedSeconds,
    };
    return {
      ...this.model(),
      optimizerSums: this.config.optimizer === "adagrad" ? this.#engine.readOptimizerSums() : null,
      hiddenState: this.#engine.readHiddenState(),
      random: this.#random.state(),
      progress,
      corpus: {
        name: corpus.path,
        chars: corpus.length,
        bytes: corpus.bytes,
        sha256: corpus.sha256,
      },
    };
  }
}

function diverged(step: number, how: string): Error {
  return new Error(
    `Training diverged at step ${step}: ${how}; a lower --lr or --clip keeps it finite`,
  );
}
