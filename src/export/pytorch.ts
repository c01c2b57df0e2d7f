/** The weights of a model as a file that `torch.load` reads. */

import { bytesOf, dtypeOf } from "../checkpoint/safetensors.ts";
import { checkModel, type Model } from "../model/model.ts";
import { pickleStateDict, type StoredTensor } from "./pickle.ts";
import { stateDict } from "./weights.ts";
import { encodeZip } from "./zip.ts";

const storages = { F32: "FloatStorage", F64: "DoubleStorage" } as const;

/**
 * Encodes the weights of a model as a state dict that `torch.load(path, weights_only=True)` reads:
 * that of a PyTorch module with a `torch.nn.RNN`, `GRU` or `LSTM` as `rnn` and a `torch.nn.Linear`
 * as `head`.
 *
 * The file is a zip archive with a pickle, as `torch.save` writes it, and holds no code. What is
 * loaded has the attributes `cell` and `vocabulary`, the string of all characters by their ids.
 *
 * @param model A model, for example a checkpoint.
 * @returns The bytes of the file.
 * @throws {InputError} if the configuration of the model is invalid.
 * @throws {RangeError} if the weights do not have the shapes of the configuration, or take 4 GiB.
 * @throws {TypeError} if it is no model.
 *
 * @example
 * ```ts
 * import { corpusFromText, train } from "../mod.ts";
 * import { encodePytorch } from "./mod.ts";
 *
 * const corpus = corpusFromText("tick tock ".repeat(50));
 * const { best } = await train(corpus, { config: { hidden: 8 }, steps: 1 });
 * console.log(new TextDecoder().decode(encodePytorch(best).subarray(0, 2))); // PK
 * ```
 */
export function encodePytorch(model: Model): Uint8Array {
  checkModel(model, "Cannot export the weights");
  const { config: { cell }, vocabulary: { characters } } = model;
  const stored = new Map<string, StoredTensor>();
  const files = new Map<string, Uint8Array>();
  for (const [i, [name, { shape, data }]] of stateDict(model).entries()) {
    stored.set(name, { storage: storages[dtypeOf(data)], key: String(i), shape });
    files.set(`archive/data/${i}`, bytesOf(data));
  }
  return encodeZip(
    new Map([
      ["archive/data.pkl", pickleStateDict(stored, { cell, vocabulary: characters })],
      ["archive/byteorder", new TextEncoder().encode("little")],
      ...files,
      ["archive/version", new TextEncoder().encode("3\n")],
    ]),
  );
}
