/** A model as the files of a Hugging Face repository. */

import * as v from "valibot";
import { checkOptions, optionsSchema } from "../arguments.ts";
import { checkCheckpoint, type Checkpoint } from "../checkpoint/checkpoint.ts";
import { fileName, modelCard } from "./model_card.ts";
import { encodeWeights } from "./weights.ts";

/** Options of {@linkcode encodeHuggingFace}. */
export interface HuggingFaceOptions {
  /** The name of the model. Default: the name of its text, or `char-rnn`. */
  readonly name?: string;
  /**
   * The license of the model: an identifier of Hugging Face, for example `mit`, `cc-by-4.0` or
   * `other`. Default: none is stated.
   */
  readonly license?: string;
}

const schema = optionsSchema({
  name: v.pipe(
    v.string("must be a string"),
    v.regex(/^[^\n\r]{1,96}$/, "must be a line of 1 to 96 characters"),
  ),
  license: v.pipe(
    v.string("must be a string"),
    v.regex(
      /^[a-z0-9][a-z0-9.-]{0,63}$/,
      "must be an identifier in lower case, such as mit, cc-by-4.0 or other",
    ),
  ),
});

/**
 * Encodes a model as the files of a Hugging Face repository: `model.safetensors` with the weights
 * (see {@linkcode encodeWeights}), `config.json` with the sizes and the configuration, `vocab.json`
 * with the id of each character, and `README.md`, a model card with the text, the sizes, the losses
 * and the configuration of the training. Of the text's path, only the file name is written.
 *
 * @param checkpoint The model.
 * @param options Its name and license.
 * @returns The contents of each file by its name.
 * @throws {InputError} if an option or the configuration of the model is invalid.
 * @throws {RangeError} if the weights do not have the shapes of the configuration.
 * @throws {TypeError} if it is no checkpoint.
 *
 * @example
 * ```ts
 * import { corpusFromText, train } from "../mod.ts";
 * import { encodeHuggingFace } from "./mod.ts";
 *
 * const corpus = corpusFromText("tick tock ".repeat(50), "clock.txt");
 * const { best } = await train(corpus, { config: { hidden: 8 }, steps: 1 });
 * const files = encodeHuggingFace(best, { license: "mit" });
 * console.log([...files.keys()].join(" ")); // README.md config.json vocab.json model.safetensors
 * ```
 */
export function encodeHuggingFace(
  checkpoint: Checkpoint,
  options: HuggingFaceOptions = {},
): Map<string, Uint8Array> {
  const context = "Cannot export the model";
  checkCheckpoint(checkpoint, context);
  const { config, vocabulary, corpus } = checkpoint;
  const { license, name = corpus === null ? "char-rnn" : nameOf(corpus.path) } = checkOptions(
    options,
    { schema, context },
  );
  const ids = [...vocabulary.characters].map((character, id) => [character, id] as const);
  const json = {
    model_type: "unroll",
    architectures: ["CharRnn"],
    cell: config.cell,
    vocab_size: vocabulary.size,
    hidden_size: config.hidden,
    num_hidden_layers: config.layers,
    torch_dtype: config.precision === "f64" ? "float64" : "float32",
    training: config,
  };
  const encode = (text: string) => new TextEncoder().encode(text);
  return new Map([
    ["README.md", encode(modelCard(checkpoint, { name, license }))],
    ["config.json", encode(`${JSON.stringify(json, null, 2)}\n`)],
    ["vocab.json", encode(formatIds(ids))],
    ["model.safetensors", encodeWeights(checkpoint)],
  ]);
}

/** The name of a model: that of its text, without an extension. */
function nameOf(path: string): string {
  return fileName(path).replace(/(?<=.)\.\w+$/, "").replace(/[\n\r]/g, " ").slice(0, 96);
}

/** A JSON object in the order of the ids; an object of JavaScript has digits first. */
function formatIds(ids: readonly (readonly [string, number])[]): string {
  const lines = ids.map(([character, id]) => `  ${JSON.stringify(character)}: ${id}`);
  return `{\n${lines.join(",\n")}\n}\n`;
}
