/**
 * unroll: character-level recurrent networks, trained in WebAssembly.
 *
 * A text becomes a {@linkcode Corpus}. {@linkcode train} fits a model to it with the same automatic
 * configuration as `deno task train`; {@linkcode Trainer} takes single steps. {@linkcode sample}
 * generates text, {@linkcode evaluate} and {@linkcode score} measure a model, and a
 * {@linkcode Checkpoint} stores it. Nothing here needs a file system or a permission.
 *
 * Other entries: `./files` reads texts, and reads and writes checkpoints; `./engine` is one network in WebAssembly memory, for training loops of your own;
 * `./run` trains into run folders that can be resumed; `./sample` only generates text; `./cli` is the
 * command line.
 *
 * Shapes use these letters: B batch size, T sequence length, V vocabulary size, H hidden units,
 * L layers, G gates of a cell.
 *
 * @example Train a model, sample from it and measure it
 * ```ts
 * import { corpusFromText, evaluate, sample, train } from "./mod.ts";
 *
 * const corpus = corpusFromText("row, row, row your boat, gently down the stream. ".repeat(40));
 * const { best } = await train(corpus, { config: { hidden: 64 }, steps: 200 });
 * console.log(sample(best, { prompt: "row", length: 60, temperature: 0.5 }));
 * console.log((await evaluate(best, corpus)).bitsPerChar < 1); // true
 * ```
 *
 * @module
 */

// Texts
export {
  type Corpus,
  corpusFromText,
  type CorpusOptions,
  type CorpusText,
  type ReadRangeOptions,
  type TextReading,
} from "./text/corpus.ts";
export { type CorpusIdentity, corpusIdentity } from "./text/corpus_identity.ts";
export { displayedClusters, nameInvisible } from "./text/display.ts";
export type { EncodedText } from "./text/reencode.ts";
export type { Span, Split } from "./text/split.ts";
export {
  type KnownText,
  toKnown,
  type ToKnownOptions,
  type UnknownPolicy,
} from "./text/unknown.ts";
export type { UnknownCharacter } from "./text/unknown_characters.ts";
export { Vocabulary, type VocabularyOptions } from "./text/vocabulary.ts";

// Configuration
export type { Cell } from "./model/cells.ts";
export type { Config, LrSchedule } from "./model/config.ts";
export type { Optimizer } from "./model/optimizers.ts";
export { baseConfig, presets } from "./model/presets.ts";
export {
  type ConfigInput,
  resolveConfig,
  type ResolveConfigOptions,
} from "./model/resolve_config.ts";
export { type AutoConfig, autoConfig } from "./train/auto_config.ts";
export type { AutoConfigReason } from "./train/auto_reasons.ts";

// Training
export { type DivergenceDetails, DivergenceError } from "./train/divergence.ts";
export type { TextSize } from "./train/cost.ts";
export type { IntervalOptions, LimitOptions, TrainingLimits } from "./train/limits.ts";
export type { Rollback, TrainingMetrics, TrainingStatus } from "./train/metrics.ts";
export type { OnDivergence, TrainingCallbacks, TrainOptions } from "./train/options.ts";
export { type PreparedTraining, prepareTraining, train } from "./train/train.ts";
export { trainingSplit } from "./train/training_data.ts";
export type { TrainResult } from "./train/result.ts";
export {
  type CreateInSlicesOptions,
  type ResumeOptions,
  type RunProgress,
  type StepOptions,
  StepStoppedError,
  Trainer,
  type TrainerOptions,
} from "./train/trainer.ts";
export type { ModelSource, Validation, ValidationOptions } from "./train/validation.ts";

// Threads in web pages
export { prepareThreads } from "./engine/threads.ts";

// Models and checkpoints
export {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  type Progress,
} from "./checkpoint/checkpoint.ts";
export type { Model } from "./model/model.ts";
export type {
  BaseParameterName,
  ParameterSet,
  Precision,
  RealArray,
  UpperParameterName,
} from "./model/parameters.ts";

// Sampling
export { type BeamResult, beamSearch } from "./generate/beam.ts";
export type {
  BeamOptions,
  SampleManyOptions,
  SampleOptions,
  TextOptions,
} from "./generate/options.ts";
export { type NextCharacter, predictNext } from "./generate/predict.ts";
export { sample, sampleMany, Sampler, sampleStream } from "./generate/sampler.ts";
export type { SamplingFilters } from "./generate/sampling.ts";

// Evaluation
export {
  evaluate,
  type EvaluateOptions,
  type Evaluation,
  type EvaluationProgress,
} from "./evaluate/evaluate.ts";
export {
  type CharacterScore,
  type Score,
  score,
  type ScoreOptions,
  type TopPrediction,
} from "./evaluate/score.ts";
export { scoreHtml } from "./evaluate/score_html.ts";
export {
  type BaselineOptions,
  measureBaselines,
  type Part,
  type PartBaselines,
} from "./evaluate/part_baselines.ts";
export { type PartSummary, summarize, type SummarizeOptions } from "./evaluate/summary.ts";

// Errors
export { InputError, type InputErrorOptions, TextError } from "./errors.ts";
