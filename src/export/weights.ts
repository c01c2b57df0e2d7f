/** The weights of a model as a safetensors file, with the names of a PyTorch state dict. */

import { UNKNOWN_SYMBOL } from "../checkpoint/metadata.ts";
import { bytesOf, encodeSafetensors, type Tensor } from "../checkpoint/safetensors.ts";
import { toTensors } from "../checkpoint/tensors.ts";
import { checkModel, type Model, sizesOf } from "../model/model.ts";
import { createSha256 } from "../sha256.ts";

/** The weights as tensors, with the names and shapes of a checkpoint. */
export function weightTensors(model: Model): [string, Tensor][] {
  return toTensors(model.parameters, { sizes: sizesOf(model), prefix: "" });
}

/**
 * Encodes the weights of a model as a safetensors file: the state dict of a PyTorch module with a
 * `torch.nn.RNN`, `GRU` or `LSTM` as `rnn` and a `torch.nn.Linear` as `head`.
 *
 * The metadata has `format` (`pt`, which loaders expect), `cell`, and as JSON `vocabulary`, the
 * string of all characters by their ids, and `unknown`, the unknown symbol, if there is one.
 * {@linkcode decodeWeights} reads the file.
 *
 * @param model A model, for example a checkpoint.
 * @returns The bytes of the file.
 * @throws {InputError} if the configuration of the model is invalid.
 * @throws {RangeError} if the weights do not have the shapes of the configuration.
 * @throws {TypeError} if it is no model.
 *
 * @example
 * ```ts
 * import { corpusFromText, train } from "../mod.ts";
 * import { encodeWeights } from "./mod.ts";
 *
 * const corpus = corpusFromText("tick tock ".repeat(50));
 * const { best } = await train(corpus, { config: { hidden: 8 }, steps: 1 });
 * const bytes = encodeWeights(best);
 * console.log(new TextDecoder().decode(bytes).includes("rnn.weight_hh_l0")); // true
 * ```
 */
export function encodeWeights(model: Model): Uint8Array {
  checkModel(model, "Cannot export the weights");
  const tensors = Object.fromEntries(weightTensors(model));
  return encodeSafetensors(tensors, { format: "pt", ...metadataOf(model) });
}

/** What loaders need besides the weights, as strings: cell and vocabulary, as JSON like a checkpoint's. */
export function metadataOf({ config: { cell }, vocabulary }: Model): Record<string, string> {
  return {
    cell,
    vocabulary: JSON.stringify(vocabulary.characters),
    ...vocabulary.unknown === undefined ? {} : { unknown: UNKNOWN_SYMBOL },
  };
}

/**
 * The SHA-256 of the weights, in lower-case hexadecimal digits: of the numbers of all tensors,
 * little-endian, in the order in which PyTorch lists a state dict, layer by layer.
 */
export function hashWeights(model: Model): string {
  checkModel(model, "Cannot hash the weights");
  const hash = createSha256();
  for (const [, { data }] of stateDict(model)) hash.update(bytesOf(data));
  return hash.digest();
}

/** The weights as tensors, in the order of a PyTorch state dict. */
export function stateDict(model: Model): [string, Tensor][] {
  const tensors = new Map(weightTensors(model));
  const { layers } = model.config;
  const kinds = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"];
  const names = Array.from({ length: layers }, (_, l) => kinds.map((kind) => `rnn.${kind}_l${l}`));
  return [...names.flat(), "head.weight", "head.bias"].map((name) => [name, tensors.get(name)!]);
}
