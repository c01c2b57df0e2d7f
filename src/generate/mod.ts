/**
 * unroll/sample: read a trained model and generate text with it, without anything that trains.
 *
 * It is the smallest entry, for programs and pages that only sample. In the packed npm package it
 * computes in `f32-strict` for a model of precision `f32`, so that a text of a seed is the same in
 * every runtime; a model of `f64` needs the main entry.
 *
 * @example Sample from a checkpoint that was fetched
 * ```ts ignore
 * import { decodeCheckpoint, sample } from "./mod.ts";
 *
 * const response = await fetch("best.safetensors");
 * const model = await decodeCheckpoint(new Uint8Array(await response.arrayBuffer()));
 * console.log(sample(model, { length: 100, temperature: 0.7 }));
 * ```
 *
 * @module
 */

export { type BeamResult, beamSearch } from "./beam.ts";
export type { BeamOptions, SampleManyOptions, SampleOptions, TextOptions } from "./options.ts";
export { type NextCharacter, predictNext } from "./predict.ts";
export { sample, sampleMany, Sampler, sampleStream } from "./sampler.ts";
export type { SamplingFilters } from "./sampling.ts";
export { type Checkpoint, decodeCheckpoint, type Progress } from "../checkpoint/checkpoint.ts";
export { InputError, type InputErrorOptions } from "../errors.ts";
export type { Cell } from "../model/cells.ts";
export type { Config, LrSchedule } from "../model/config.ts";
export type { Model } from "../model/model.ts";
export type { Optimizer } from "../model/optimizers.ts";
export type {
  BaseParameterName,
  ParameterSet,
  Precision,
  RealArray,
  UpperParameterName,
} from "../model/parameters.ts";
export type { CorpusIdentity } from "../text/corpus_identity.ts";
export { Vocabulary } from "../text/vocabulary.ts";
