import { checkOptions, wrongType } from "../arguments.ts";
import { checkCheckpoint, type Checkpoint } from "../checkpoint/checkpoint.ts";
import { InputError, withContext } from "../errors.ts";
import { checkModel, type Model } from "../model/model.ts";
import { checkConfigInput, type ConfigInput } from "../model/resolve_config.ts";
import { checkCorpus, type Corpus } from "../text/corpus.ts";
import { forLines } from "./training_data.ts";
import { checkGrowth, growBest, growCheckpoint, hasGrown } from "./growth.ts";
import { autoConfig } from "./auto_config.ts";
import { isFinished, type LimitOptions, resolveLimits, type TrainingLimits } from "./limits.ts";
import { TrainingLoop } from "./loop.ts";
import { checkLrSchedule } from "./lr_schedule.ts";
import { type TrainingCallbacks, trainingSchemas, type TrainOptions } from "./options.ts";
import { bestOf, latestOf, type TrainResult } from "./result.ts";
import { Trainer } from "./trainer.ts";
import { Disposables } from "../disposables.ts";

/**
 * Trains a model on a text until a limit is reached or the signal aborts.
 *
 * Without options this is what `deno task train` does: {@linkcode autoConfig} picks model and
 * hyperparameters, and the run takes eight epochs, but 0.6 to 12 million characters. Logging, sampling, validating, saving, stopping and
 * resuming do not change the weights: the same corpus, configuration and number of steps give the
 * same bits.
 *
 * @returns The best and the latest checkpoint; those of `options.resume` if its run has reached its
 * limit.
 * @throws {InputError} if an option is invalid, the text is too short, or training cannot be
 * resumed from the checkpoint; no callback has been called then.
 * @throws {TypeError} if `corpus` is no corpus, or `resume` no checkpoint and no result.
 * @throws {RangeError} if an array of `resume` has a wrong length.
 * @throws {DivergenceError} if a loss or a weight is not finite; see `onDivergence`.
 * @throws {TextError} if the text can no longer be read, after `onCheckpoint` got the last state.
 * @throws The reason of `options.signal` if it aborts while the initial weights are drawn.
 *
 * @example
 * ```ts
 * import { corpusFromText, sample, train } from "../mod.ts";
 *
 * const corpus = corpusFromText("the quick brown fox jumps over the lazy dog. ".repeat(40));
 * const half = await train(corpus, { config: { hidden: 32, batchSize: 2 }, steps: 100 });
 * const { best } = await train(corpus, { resume: half, steps: 200 });
 * console.log(sample(best, { prompt: "the ", length: 20 }));
 * ```
 */
export async function train(corpus: Corpus, options: TrainOptions = {}): Promise<TrainResult> {
  using prepared = await prepareTraining(corpus, options);
  await options.onStart?.(prepared.trainer, prepared.limits);
  return await prepared.run();
}

/**
 * A training whose options are checked and whose trainer exists; see {@linkcode prepareTraining}.
 */
export interface PreparedTraining extends Disposable {
  /** The trainer, before the first step of the run. */
  readonly trainer: Trainer;
  /** Complete limits and intervals. */
  readonly limits: TrainingLimits;
  /**
   * The checkpoint that is resumed; if the text has grown since, as {@linkcode TrainOptions.resume}
   * describes it. `null` for a new training.
   */
  readonly resumed: Checkpoint | null;
  /** Whether the run that is resumed has reached its limit, so that nothing is left to train. */
  readonly isFinished: boolean;
  /**
   * Trains until a limit is reached or the signal aborts. May be called once.
   *
   * @param callbacks Replace those that were passed to {@linkcode prepareTraining}.
   * @returns The best and the latest checkpoint; those that were resumed if the run is finished.
   * @throws {DivergenceError} if a loss or a weight is not finite; see `onDivergence`.
   * @throws {TextError} if the text can no longer be read, after `onCheckpoint` got the last state.
   * @throws {InputError} if a callback is no function, or the signal no signal.
   * @throws {Error} if it was called before.
   */
  run(callbacks?: TrainingCallbacks): Promise<TrainResult>;
}

/**
 * Checks all options and creates the trainer, without training yet: for a caller that prints or
 * writes something about a run before it begins. Initial weights are drawn in slices, between which
 * the event loop turns.
 *
 * @throws {InputError} as {@linkcode train} does.
 * @throws {TypeError} as {@linkcode train} does.
 * @throws {RangeError} as {@linkcode train} does.
 *
 * @example
 * ```ts
 * import { corpusFromText, prepareTraining } from "../mod.ts";
 *
 * const corpus = corpusFromText("the quick brown fox jumps over the lazy dog. ".repeat(40));
 * using prepared = await prepareTraining(corpus, { config: { hidden: 16 }, steps: 50 });
 * console.log(prepared.trainer.config.hidden, prepared.limits.steps); // 16 50
 * const { latest } = await prepared.run();
 * console.log(latest.progress.step); // 50
 * ```
 */
export async function prepareTraining(
  corpus: Corpus,
  options: TrainOptions = {},
): Promise<PreparedTraining> {
  checkCorpus(corpus, "Cannot train");
  options = checkOptions(options, { schema: trainingSchemas.train, context: "Cannot train" });
  const { config, signal } = options;
  const { initFrom } = options;
  if (initFrom !== undefined && options.resume !== undefined) {
    throw new InputError(
      'Cannot train with both "initFrom" and "resume": a training that is resumed has its weights; ' +
        "leave one of them out",
      { option: "initFrom" },
    );
  }
  if (options.resume !== undefined) {
    checkResume(options.resume);
    options = { ...options, resume: await growResume(options.resume, corpus) };
  }
  const resume = options.resume === undefined ? undefined : latestOf(options.resume);
  const threads = {
    ...options.threads === undefined ? {} : { threads: options.threads },
    ...options.exchange === undefined ? {} : { exchange: options.exchange },
  };
  using opened = new Disposables();
  const trainer = opened.use(
    resume
      ? Trainer.fromCheckpoint(corpus, resume, {
        ...threads,
        ...config === undefined ? {} : { config },
      })
      : await Trainer.createInSlices(
        corpus,
        autoConfig(
          corpus,
          forLines(corpus, configFrom(initFrom, config)),
          lengthOf(options),
        ).config,
        {
          ...threads,
          ...signal === undefined ? {} : { signal },
          ...initFrom === undefined ? {} : { initFrom },
        },
      ),
  );
  const hasValidation = trainer.validation.chars > 0;
  const vocabularySize = trainer.corpus.vocabulary.size;
  const limits = resolveLimits(options, { ...stepsOf(trainer), hasValidation, vocabularySize });
  checkLrSchedule(trainer.config, { hasValidation });
  const loop = new TrainingLoop(trainer, limits, options);
  let hasRun = false;
  const finished = resume && isFinished(limits, resume.progress)
    ? { best: bestOf(options.resume!) ?? resume, latest: resume }
    : undefined;
  // From here on the caller disposes of the trainer.
  opened.move();
  return {
    trainer,
    limits,
    resumed: resume ?? null,
    isFinished: finished !== undefined,
    async run(callbacks = {}) {
      const context = "Cannot train";
      const checked = checkOptions(callbacks, { schema: trainingSchemas.callbacks, context });
      if (hasRun) throw new Error(`${context}: this training has run already; prepare another`);
      hasRun = true;
      return finished ?? await loop.run(checked);
    },
    [Symbol.dispose]: () => trainer[Symbol.dispose](),
  };
}

/** The limits that {@linkcode autoConfig} depends on. */
function lengthOf({ steps, epochs, minutes }: TrainOptions): LimitOptions {
  return {
    ...steps === undefined ? {} : { steps },
    ...epochs === undefined ? {} : { epochs },
    ...minutes === undefined ? {} : { minutes },
  };
}

function stepsOf({ charsPerStep, stepsPerEpoch, config }: Trainer) {
  return { charsPerStep, stepsPerEpoch, config };
}

/**
 * A checked configuration with the keys that a model's weights determine, unless they are given: other
 * values of these are refused later.
 *
 * @throws {InputError} if a key is unknown, or its value invalid.
 * @throws {TypeError} if it is no model.
 */
export function configFrom(model: Model | undefined, config: ConfigInput = {}): ConfigInput {
  config = withContext("Cannot train", () => checkConfigInput(config));
  if (model === undefined) return config;
  checkModel(model, "Cannot train from a model");
  const { cell, layers, hidden, precision } = model.config;
  return { cell, layers, hidden, precision, ...config };
}

/** What is resumed, for a text that has grown since. */
async function growResume(
  resume: Checkpoint | TrainResult,
  corpus: Corpus,
): Promise<Checkpoint | TrainResult> {
  const { corpus: known, config } = latestOf(resume);
  if (known === null || !await hasGrown(known, corpus)) return resume;
  checkGrowth(known, corpus, config);
  return "latest" in resume
    ? { latest: growCheckpoint(resume.latest, corpus), best: growBest(resume.best, corpus) }
    : growCheckpoint(resume, corpus);
}

/** Checks what training is to continue from. */
function checkResume(resume: Checkpoint | TrainResult): void {
  const context = "Cannot resume training";
  if (typeof resume !== "object" || resume === null) {
    const expected = "a checkpoint, or a result of train()";
    throw wrongType({ context, name: "resume", expected, value: resume });
  }
  if ("latest" in resume) checkCheckpoint(resume.best, context);
  const latest = latestOf(resume);
  checkCheckpoint(latest, context);
}
