/**
 * unroll: character-level recurrent networks, trained in WebAssembly.
 *
 * A text becomes a {@linkcode Corpus}; {@linkcode train} (or a {@linkcode Trainer}, step by step)
 * makes a model of it; {@linkcode sample} writes with it, {@linkcode evaluate} measures it, and
 * checkpoints keep it. Nothing but reading and writing files needs a permission.
 *
 * Letters in shapes: B streams side by side, T steps unrolled, H hidden units, V vocabulary.
 *
 * @example
 * ```ts
 * import { corpusFromText, evaluate, sample, train } from "./mod.ts";
 *
 * const corpus = corpusFromText("row, row, row your boat, gently down the stream. ".repeat(40));
 * const model = await train(corpus, { config: { hidden: 64, batchSize: 4 }, epochs: 30 });
 * console.log(sample(model, { prompt: "row", length: 60, temperature: 0.5 }));
 * console.log(evaluate(model, corpus).bitsPerChar < 1); // true
 * ```
 *
 * @module
 */

export { type Batch, type BatchGradients, batchGradients } from "./engine/batch_gradients.ts";
export { evaluate, type Evaluation } from "./evaluate/evaluate.ts";
export {
  type CharacterScore,
  type Score,
  score,
  type ScoreOptions,
  type TopPrediction,
} from "./evaluate/score.ts";
export { scoreHtml } from "./evaluate/score_html.ts";
export { Engine } from "./engine/engine.ts";
export type { EngineOptions } from "./engine/options.ts";
export type { Update } from "./engine/update.ts";
export {
  checkGradients,
  type GradientCheck,
  type GradientCheckSizes,
} from "./engine/gradient_check.ts";
export { InputError, type InputErrorOptions, TextError } from "./errors.ts";
export { type BeamResult, beamSearch } from "./generate/beam.ts";
export type {
  BeamOptions,
  SampleManyOptions,
  SampleOptions,
  TextOptions,
} from "./generate/options.ts";
export { sample, sampleMany, Sampler, sampleStream } from "./generate/sampler.ts";
export {
  type Checkpoint,
  type CorpusIdentity,
  decodeCheckpoint,
  encodeCheckpoint,
  type Progress,
} from "./checkpoint/checkpoint.ts";
export { readCheckpoint, writeCheckpoint } from "./checkpoint/file.ts";
export type { Config } from "./model/config.ts";
export { baseConfig, presets } from "./model/presets.ts";
export {
  type ConfigInput,
  resolveConfig,
  type ResolveConfigOptions,
} from "./model/resolve_config.ts";
export type { Optimizer } from "./model/optimizers.ts";
export type { LrSchedule, Precision } from "./model/types.ts";
export { initialParameters, type InitOptions } from "./model/initialization.ts";
export type { Model } from "./model/model.ts";
export {
  type BaseParameterName,
  type ParameterName,
  parameterNames,
  type ParameterSet,
  type ParameterShapes,
  parameterShapes,
  type RealArray,
  type Sizes,
  type UpperParameterName,
  zeroParameters,
} from "./model/parameters.ts";
export type { Cell } from "./model/types.ts";
export { Xoshiro128 } from "./random.ts";
export {
  type Corpus,
  corpusFromText,
  readCorpus,
  type ReadOptions,
  type ReadProgress,
} from "./text/corpus.ts";
export { type PartSummary, summarize, type SummarizeOptions } from "./evaluate/summary.ts";
export type { Span, Split } from "./text/split.ts";
export { Vocabulary } from "./text/vocabulary.ts";
export { type DivergenceDetails, DivergenceError } from "./train/divergence.ts";
export {
  type IntervalOptions,
  type LimitContext,
  type LimitDefaults,
  limitDefaults,
  type LimitOptions,
  resolveLimits,
  type TrainingLimits,
} from "./train/limits.ts";
export { type AutoConfig, autoConfig, type AutoConfigReason } from "./train/auto_config.ts";
export type { Rollback, TrainingMetrics, TrainingStatus } from "./train/metrics.ts";
export type { OnDivergence, TrainingCallbacks, TrainOptions } from "./train/options.ts";
export { prepareTraining, train, type TrainingRun } from "./train/train.ts";
export { type ResumeOptions, Trainer, type TrainerOptions } from "./train/trainer.ts";
export type { ModelSource, Validation } from "./train/validation.ts";
