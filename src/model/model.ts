import type { Vocabulary } from "../text/vocabulary.ts";
import type { Config } from "./config.ts";
import type { ParameterSet, Sizes } from "./parameters.ts";

/**
 * A model of a language: what sampling and evaluating need. A checkpoint is one, and a trainer
 * gives one at any step.
 */
export interface Model {
  /** How the model was made; sampling and evaluating use its sizes and precision. */
  readonly config: Config;
  /** The characters that the model knows. */
  readonly vocabulary: Vocabulary;
  /** The weights and biases. */
  readonly parameters: ParameterSet;
}

/** The sizes of a model's parameters: I = V = the size of the vocabulary, the rest from the config. */
export function sizesOf(model: Pick<Model, "config" | "vocabulary">): Sizes {
  const { size } = model.vocabulary;
  const { cell, layers, hidden } = model.config;
  return { cell, layers, inputs: size, hidden, outputs: size };
}
