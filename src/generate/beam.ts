import { logSoftmax } from "../model/logits.ts";
import type { Model } from "../model/model.ts";
import type { RealArray } from "../model/parameters.ts";
import { type BeamOptions, checkOptions, promptIds } from "./options.ts";
import { Decoder } from "./decoder.ts";

/** What {@linkcode beamSearch} finds. */
export interface BeamResult {
  /** The characters that follow the prime, without it. */
  readonly text: string;
  /** ln of their joint probability after the prime. */
  readonly logProbability: number;
}

/** A beginning that is followed, or may be: one character more than the beginning before it. */
interface Beam {
  /** The place of the beginning before it among those that were followed. */
  readonly parent: number;
  /** Its last character. */
  readonly id: number;
  /** ln of its joint probability. */
  readonly score: number;
}

/**
 * Looks for the most probable text of a length that continues the prime, by following the `beam`
 * most probable beginnings at a time (B. Lowerre, "The HARPY speech recognition system", 1976). With
 * one it takes the most probable character each time; with as many as there are texts it finds the
 * most probable text of all.
 *
 * Of equally probable texts it takes the first in the order of their characters' ids. The result is
 * the same each time, as nothing is drawn.
 *
 * @throws {InputError} when an option is out of its range, the prime has a character that the model
 * does not know, or the network does not fit into memory so many times.
 * @throws {RangeError} when the model's weights are so great that logits overflow.
 *
 * @example
 * ```ts
 * import { beamSearch, corpusFromText, resolveConfig, Trainer } from "../mod.ts";
 *
 * const corpus = corpusFromText("abcd".repeat(100));
 * const config = resolveConfig({ hidden: 16, seqLength: 8, batchSize: 4 }, { chars: corpus.length });
 * const trainer = Trainer.create(corpus, config);
 * for (let step = 0; step < 200; step++) trainer.step();
 * const { text, logProbability } = beamSearch(trainer.model(), { prompt: "b", length: 4, beam: 3 });
 * console.log(text, Math.exp(logProbability).toFixed(1)); // cdab 0.8
 * ```
 */
export function beamSearch(model: Model, options: BeamOptions = {}): BeamResult {
  checkOptions(options);
  const { prompt, length = 500, beam = 10 } = options;
  const ids = promptIds(prompt, model.vocabulary);
  if (length === 0) return { text: "", logProbability: 0 };

  const reader = new Decoder(model, beam);
  let logits = [reader.begin(ids)];
  let beams: readonly Beam[] = [{ parent: 0, id: 0, score: 0 }];
  let ranks: readonly number[] = [0];
  const followed: (readonly Beam[])[] = [];
  for (let n = 0; n < length; n++) {
    if (n > 0) {
      reader.reorder(beams.map(({ parent }) => parent));
      logits = reader.read(beams.map(({ id }) => id));
    }
    beams = bestOf(candidates(beams, logits), beam, ranks);
    ranks = ranksOf(beams, ranks);
    followed.push(beams);
  }

  const text: number[] = [];
  let place = 0;
  for (const step of followed.toReversed()) {
    text.push(step[place]!.id);
    place = step[place]!.parent;
  }
  return {
    text: model.vocabulary.decode(text.toReversed()),
    logProbability: beams[0]!.score,
  };
}

/** The scores of every beam with every character after it, [beams, V]. */
function candidates(beams: readonly Beam[], logits: readonly RealArray[]): Float64Array {
  const size = logits[0]!.length;
  const scores = new Float64Array(beams.length * size);
  beams.forEach(({ score }, place) => {
    scores.set(logSoftmax(logits[place]!).map((log) => score + log), place * size);
  });
  return scores;
}

/** The best candidates, best first; equal ones in the order of their characters. */
function bestOf(scores: Float64Array, most: number, ranks: readonly number[]): Beam[] {
  const size = scores.length / ranks.length;
  const least = scores.toSorted().at(-most) ?? -Infinity;
  const best: Beam[] = [];
  scores.forEach((score, i) => {
    if (score >= least) best.push({ parent: Math.floor(i / size), id: i % size, score });
  });
  return best.sort((a, b) => b.score - a.score || byCharacters(a, b, ranks)).slice(0, most);
}

/** The rank of each beam in the order of the characters, from those of the beams before. */
function ranksOf(beams: readonly Beam[], before: readonly number[]): number[] {
  const ranks = new Array<number>(beams.length);
  [...beams.keys()]
    .sort((a, b) => byCharacters(beams[a]!, beams[b]!, before))
    .forEach((place, rank) => ranks[place] = rank);
  return ranks;
}

/** Compares two texts by the ids of their characters, from the first to the last. */
function byCharacters(a: Beam, b: Beam, ranks: readonly number[]): number {
  return ranks[a.parent]! - ranks[b.parent]! || a.id - b.id;
}
