import { checkOptions, optionsSchema } from "../arguments.ts";
import { checkModel, type Model } from "../model/model.ts";
import { unchecked } from "../schemas.ts";
import { Decoder } from "./decoder.ts";
import { checkOptions as checkFilters, encodePrompt, isOfLines } from "./options.ts";
import { type SamplingFilters, samplingWeights } from "./sampling.ts";

/** A character that may come next; see {@linkcode predictNext}. */
export interface NextCharacter {
  /** The character. */
  readonly character: string;
  /** The probability with which {@linkcode sample} draws it. */
  readonly probability: number;
}

// checkFilters() checks the ranges.
const schema = optionsSchema({ temperature: unchecked, topK: unchecked, topP: unchecked });

/**
 * Predicts the character that follows a text: the distribution that {@linkcode sample} draws from.
 *
 * @param model A model, for example a checkpoint.
 * @param prompt Characters of the model's vocabulary, read from a zero hidden state: at least one,
 * unless each example of the model was a line, which may begin here.
 * @param filters What reshapes the distribution. Default: nothing.
 * @returns All characters that may follow, in descending order of their probabilities, which sum to
 * 1. Those that the filters exclude are left out.
 * @throws {InputError} if the prompt is empty, and no line begins there, or has a character that is
 * not in the vocabulary, a filter is unknown or out of its range, or the network does not fit into
 * memory.
 * @throws {RangeError} if the model's weights are so large that its logits are not finite.
 * @throws {TypeError} if `model` is no model.
 *
 * @example
 * ```ts
 * import { corpusFromText, predictNext, train } from "../mod.ts";
 *
 * const corpus = corpusFromText("abcd".repeat(100));
 * const { best } = await train(corpus, { config: { hidden: 16 }, steps: 300 });
 * const [first] = predictNext(best, "abc");
 * console.log(first!.character, first!.probability > 0.9); // d true
 * ```
 */
export function predictNext(
  model: Model,
  prompt: string,
  filters: SamplingFilters = {},
): NextCharacter[] {
  checkModel(model, "Cannot predict");
  const checked = checkOptions(filters, { schema, context: "Cannot predict" });
  checkFilters(checked);
  const { vocabulary } = model;
  const isBeginning = prompt === "" && isOfLines(model.config);
  const ids = encodePrompt(isBeginning ? undefined : prompt, model);
  const logits = new Decoder(model, 1).readPrompt(ids);
  const weights = samplingWeights(logits, checked);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return Array.from(weights.keys())
    .filter((id) => weights[id]! > 0)
    .sort((a, b) => weights[b]! - weights[a]! || a - b)
    .map((id) => ({ character: vocabulary.decode([id]), probability: weights[id]! / sum }));
}
