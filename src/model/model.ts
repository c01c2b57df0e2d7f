import { checkShape } from "../arguments.ts";
import { withContext } from "../errors.ts";
import { checkVocabulary, type Vocabulary } from "../text/vocabulary.ts";
import { type Config, parseConfig } from "./config.ts";
import { type ParameterSet, type Sizes, takeParameters } from "./parameters.ts";

/**
 * A character-level language model: what sampling and evaluation need. A checkpoint is one, and a
 * trainer returns one at any step.
 */
export interface Model {
  /**
   * The configuration that it was trained with; sampling and evaluation use sizes and precision.
   */
  readonly config: Config;
  /** The characters that it reads and predicts. */
  readonly vocabulary: Vocabulary;
  /** The weights. */
  readonly parameters: ParameterSet;
}

/** Returns the sizes of a model's parameters; I = V is the vocabulary size. */
export function sizesOf(model: Pick<Model, "config" | "vocabulary">): Sizes {
  const { size } = model.vocabulary;
  const { cell, layers, hidden } = model.config;
  return { cell, layers, inputs: size, hidden, outputs: size };
}

/**
 * Checks a model that was passed to a function: its parts have the right types and fit together.
 * The numbers of its weights are not looked at.
 *
 * @param model The model.
 * @param context What is being done, for an error.
 * @throws {TypeError} if it is no model, or a weight is missing.
 * @throws {RangeError} if the weights do not have the shapes of configuration and vocabulary.
 * @throws {InputError} if its configuration is invalid.
 */
export function checkModel(model: Model, context: string): void {
  checkShape(model, {
    ...{ context, name: "model", expected: "a model, for example a checkpoint" },
    shape: { config: "object", vocabulary: "object", parameters: "object" },
  });
  const { config, vocabulary, parameters } = model;
  checkVocabulary(vocabulary, context);
  const configContext = `${context} with this model's configuration`;
  withContext(configContext, () => parseConfig(config), { option: undefined });
  takeParameters(parameters, { sizes: sizesOf(model), context });
}
