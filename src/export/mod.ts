/**
 * unroll/export: trained models as the files of other programs, and weights of other programs as
 * models.
 *
 * Every function takes or returns bytes, and works in every runtime: {@linkcode encodeWeights} and
 * {@linkcode encodePytorch} make state dicts for `torch.nn`, {@linkcode encodeOnnx} a graph for ONNX
 * Runtime, {@linkcode encodeHuggingFace} the files of a repository with a model card.
 * {@linkcode decodeWeights} makes a checkpoint of a state dict.
 *
 * @example Run a model in ONNX Runtime
 * ```ts ignore
 * import * as ort from "onnxruntime-web";
 * import { decodeCheckpoint } from "../mod.ts";
 * import { encodeOnnx } from "./mod.ts";
 *
 * const response = await fetch("best.safetensors");
 * const model = await decodeCheckpoint(new Uint8Array(await response.arrayBuffer()));
 * const session = await ort.InferenceSession.create(encodeOnnx(model));
 * console.log(session.inputNames); // [ "ids", "h0" ]
 * ```
 *
 * @module
 */

export { decodeWeights, type DecodeWeightsOptions } from "./decode_weights.ts";
export { encodeHuggingFace, type HuggingFaceOptions } from "./huggingface.ts";
export { encodeOnnx, type OnnxDtype, type OnnxOptions } from "./onnx.ts";
export { encodePytorch } from "./pytorch.ts";
export { encodeWeights, hashWeights } from "./weights.ts";
export type { Checkpoint, Progress } from "../checkpoint/checkpoint.ts";
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
export type { Vocabulary } from "../text/vocabulary.ts";
