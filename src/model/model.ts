import type { Vocabulary } from "../text/vocabulary.ts";
import type { Config } from "./config.ts";
import type { ParameterSet, Sizes } from "./parameters.ts";

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
