import { argmax, logSoftmax } from "../model/logits.ts";
import { checkModel, type Model } from "../model/model.ts";
import type { RealArray } from "../model/parameters.ts";
import { Xoshiro128 } from "../random.ts";
import { BurnIn } from "./burn_in.ts";
import { Decoder } from "./decoder.ts";
import {
  type BeamOptions,
  checkOptionsOf,
  encodePrompt,
  generateDefaults,
  isOfLines,
} from "./options.ts";
import { FIRST_STREAM } from "./text_generator.ts";

/** The result of {@linkcode beamSearch}. */
export interface BeamResult {
  /** The characters that follow the prompt, without it. */
  readonly text: string;
  /** ln of their joint probability, given the prompt or, without one, the burn-in. */
  readonly logProbability: number;
}

/** A text of the beam: one of the step before, and one more character. */
interface Hypothesis {
  /** Index in the beam of the step before. */
  readonly parent: number;
  /** The last character. */
  readonly id: number;
  /** ln of the joint probability. */
  readonly logProbability: number;
}

/**
 * Searches for the most probable continuation of a text of a given length, by beam search (B.
 * Lowerre, "The HARPY speech recognition system", 1976): of all texts that are one character
 * longer, only the `beam` most probable are kept in each step.
 *
 * A beam width of 1 is greedy decoding; a beam as wide as there are texts finds the most probable
 * of all. Of equally probable texts it keeps the first in the order of their ids. The result is
 * deterministic.
 *
 * @throws {InputError} if an option is out of its range, the prompt has a character that is not in
 * the vocabulary, or the network does not fit into memory as often as the beam is wide.
 * @throws {RangeError} if the model's weights are so large that its logits are not finite, or do not
 * have the shapes of its configuration.
 * @throws {TypeError} if `model` is no model.
 *
 * @example
 * ```ts
 * import { beamSearch, corpusFromText, resolveConfig, Trainer } from "../mod.ts";
 *
 * const corpus = corpusFromText("abcd".repeat(100));
 * const config = resolveConfig({ hidden: 16, seqLength: 8, batchSize: 4 });
 * using trainer = Trainer.create(corpus, config);
 * for (let step = 0; step < 200; step++) trainer.step();
 * const { text, logProbability } = beamSearch(trainer.model(), { prompt: "b", length: 4, beam: 3 });
 * console.log(text, Math.exp(logProbability).toFixed(1)); // cdab 0.8
 * ```
 */
export function beamSearch(model: Model, options: BeamOptions = {}): BeamResult {
  checkModel(model, "Cannot sample");
  const checked = checkOptionsOf(options, "beamSearch");
  const { prompt, length = generateDefaults.length, beam = generateDefaults.beam } = checked;
  const ids = encodePrompt(prompt, model);
  if (length === 0) return { text: "", logProbability: 0 };

  const decoder = new Decoder(model, beam);
  const first = decoder.readPrompt(ids);
  let logits = [
    prompt === undefined && !isOfLines(model.config)
      ? readBurnIn(decoder, first, { model, beam })
      : first,
  ];
  let hypotheses: readonly Hypothesis[] = [{ parent: 0, id: 0, logProbability: 0 }];
  let ranks: readonly number[] = [0];
  const history: (readonly Hypothesis[])[] = [];
  for (let n = 0; n < length; n++) {
    if (n > 0) {
      decoder.reorder(hypotheses.map(({ parent }) => parent));
      logits = decoder.step(hypotheses.map(({ id }) => id));
    }
    hypotheses = mostProbable(extend(hypotheses, logits), beam, ranks);
    ranks = lexicographicRanks(hypotheses, ranks);
    history.push(hypotheses);
  }
  return {
    text: model.vocabulary.decode(backtrack(history)),
    logProbability: hypotheses[0]!.logProbability,
  };
}

/** Reads the burn-in with all hidden states, and returns the logits of the first character, [V]. */
function readBurnIn(
  decoder: Decoder,
  first: RealArray,
  { model, beam }: { readonly model: Model; readonly beam: number },
): RealArray {
  const random = new Xoshiro128(generateDefaults.seed, FIRST_STREAM);
  const burnIn = new BurnIn(model.vocabulary, { random });
  for (let logits = first;;) {
    const { id, beginsText } = burnIn.next(logits, argmax);
    if (beginsText) return logits;
    logits = decoder.step(new Uint32Array(beam).fill(id))[0]!;
  }
}

/** Log probabilities of every hypothesis followed by every character, [hypotheses, V]. */
function extend(hypotheses: readonly Hypothesis[], logits: readonly RealArray[]): Float64Array {
  const vocabularySize = logits[0]!.length;
  const extended = new Float64Array(hypotheses.length * vocabularySize);
  hypotheses.forEach(({ logProbability }, i) => {
    extended.set(logSoftmax(logits[i]!).map((log) => logProbability + log), i * vocabularySize);
  });
  return extended;
}

/** The most probable extensions in descending order; equal ones in the order of their texts. */
function mostProbable(extended: Float64Array, count: number, ranks: readonly number[]) {
  const vocabularySize = extended.length / ranks.length;
  const threshold = extended.toSorted().at(-count) ?? -Infinity;
  const hypotheses: Hypothesis[] = [];
  extended.forEach((logProbability, i) => {
    if (logProbability < threshold) return;
    const parent = Math.floor(i / vocabularySize);
    hypotheses.push({ parent, id: i % vocabularySize, logProbability });
  });
  return hypotheses
    .sort((a, b) => b.logProbability - a.logProbability || compareTexts(a, b, ranks))
    .slice(0, count);
}

/** The rank of each hypothesis in the order of their texts, given the ranks of their parents. */
function lexicographicRanks(
  hypotheses: readonly Hypothesis[],
  parentRanks: readonly number[],
): number[] {
  const ranks = new Array<number>(hypotheses.length);
  [...hypotheses.keys()]
    .sort((a, b) => compareTexts(hypotheses[a]!, hypotheses[b]!, parentRanks))
    .forEach((index, rank) => ranks[index] = rank);
  return ranks;
}

/** Compares two texts of equal length by their ids, from the first to the last. */
function compareTexts(a: Hypothesis, b: Hypothesis, parentRanks: readonly number[]): number {
  return parentRanks[a.parent]! - parentRanks[b.parent]! || a.id - b.id;
}

/** The ids of the best hypothesis, found from its last character to its first. */
function backtrack(history: readonly (readonly Hypothesis[])[]): number[] {
  const ids: number[] = [];
  let index = 0;
  for (const hypotheses of history.toReversed()) {
    const { id, parent } = hypotheses[index]!;
    ids.push(id);
    index = parent;
  }
  return ids.reverse();
}
