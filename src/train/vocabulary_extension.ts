/** Models and checkpoints with a larger vocabulary than the one that they were trained with. */

import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { type Model, sizesOf } from "../model/model.ts";
import {
  elementCount,
  type ParameterSet,
  parameterSet,
  type RealArray,
  realArray,
} from "../model/parameters.ts";
import { Vocabulary } from "../text/vocabulary.ts";

/** A vocabulary with the characters of two, and with an unknown symbol if one of them has it. */
export function joinVocabularies(a: Vocabulary, b: Vocabulary): Vocabulary {
  if (a.equals(b)) return a;
  const unknown = a.unknown !== undefined || b.unknown !== undefined;
  return Vocabulary.fromText(a.characters + b.characters, { unknown });
}

/**
 * The weights of a model for a vocabulary that has its characters and others. A new character has
 * the mean of the weights of all others, as input and as output (J. Hewitt, "Initializing new word
 * embeddings for pretrained language models", 2021): its logit is then the mean of theirs, so that
 * it takes at most 1 / V of the probability, and predictions of the others hardly change.
 *
 * @param model The model.
 * @param vocabulary A vocabulary with all its characters.
 *
 * @example
 * ```ts
 * import { corpusFromText, train, Vocabulary } from "../mod.ts";
 * import { extendModel } from "./vocabulary_extension.ts";
 *
 * const corpus = corpusFromText("abab".repeat(50));
 * const { latest } = await train(corpus, { config: { hidden: 4, batchSize: 1 }, steps: 1 });
 * const { parameters } = extendModel(latest, Vocabulary.fromText("abc"));
 * console.log(parameters.by.length); // 3
 * ```
 */
export function extendModel(model: Model, vocabulary: Vocabulary): Model {
  const { config, parameters } = model;
  return { config, vocabulary, parameters: extend(model, parameters, { vocabulary, fill: mean }) };
}

/**
 * A checkpoint for a vocabulary that has its characters and others: weights as those of
 * {@linkcode extendModel}, and an optimizer state of zeros where they are new.
 */
export function extendCheckpoint(checkpoint: Checkpoint, vocabulary: Vocabulary): Checkpoint {
  if (checkpoint.vocabulary.equals(vocabulary)) return checkpoint;
  const { trainingParameters: training, optimizerState } = checkpoint;
  return {
    ...checkpoint,
    ...extendModel(checkpoint, vocabulary),
    trainingParameters: training && extend(checkpoint, training, { vocabulary, fill: mean }),
    optimizerState: optimizerState &&
      optimizerState.map((slot) => extend(checkpoint, slot, { vocabulary, fill: () => 0 })),
  };
}

/** How a parameter set is extended. */
interface Extension {
  readonly vocabulary: Vocabulary;
  /** The number for a new character, by those of all others. */
  readonly fill: (numbers: RealArray) => number;
}

function extend(
  model: Pick<Model, "config" | "vocabulary">,
  set: ParameterSet,
  { vocabulary, fill }: Extension,
): ParameterSet {
  const { config, vocabulary: before } = model;
  /** The old id of each new one; −1 for a new character. */
  const sources = Array.from(
    vocabulary.characters,
    (character) => before.idOf(character.codePointAt(0)!) ?? -1,
  );
  return parameterSet(sizesOf({ config, vocabulary }), (name, shape) => {
    if (name !== "Wxh" && name !== "Why" && name !== "by") return set[name as "bh"];
    const extended = realArray(config.precision, elementCount(shape));
    // A column of Wxh, a row of Why and a number of by belong to a character.
    const rows = name === "Wxh" ? shape[0]! : name === "Why" ? shape[1]! : 1;
    const isByColumn = name === "Wxh";
    const at = (row: number, id: number, size: number) =>
      isByColumn ? row * size + id : id * rows + row;
    for (let row = 0; row < rows; row++) {
      const numbers = realArray("f64", before.size);
      for (let id = 0; id < before.size; id++) numbers[id] = set[name][at(row, id, before.size)]!;
      const filled = fill(numbers);
      for (const [id, source] of sources.entries()) {
        extended[at(row, id, vocabulary.size)] = source < 0 ? filled : numbers[source]!;
      }
    }
    return extended;
  });
}

function mean(numbers: RealArray): number {
  let sum = 0;
  for (const number of numbers) sum += number;
  return sum / numbers.length;
}
