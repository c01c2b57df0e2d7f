import { argmax } from "../model/logits.ts";
import type { Model } from "../model/model.ts";
import type { RealArray } from "../model/parameters.ts";
import { Xoshiro128 } from "../random.ts";
import type { Vocabulary } from "../text/vocabulary.ts";
import {
  checkOptions,
  checkStop,
  encodePrompt,
  generateDefaults,
  type SampleManyOptions,
} from "./options.ts";
import { drawIndex, samplingWeights } from "./sampling.ts";

/** Stream of the random generator that the first text uses; training uses stream 0 of its seed. */
const FIRST_STREAM = 1;

/** A generated character. */
export interface GeneratedCharacter {
  /** Its id. */
  readonly id: number;
  /** The character. */
  readonly character: string;
}

/** How a {@linkcode TextGenerator} chooses characters, and when it stops. */
export interface TextGeneratorOptions {
  /** Returns the id of the next character, by its logits, [V]. */
  readonly choose: (logits: RealArray) => number;
  /** The stop text, if there is one. */
  readonly stop: string | undefined;
}

/** Chooses the characters of one text, and detects its stop text. */
export class TextGenerator {
  readonly #vocabulary: Vocabulary;
  readonly #choose: TextGeneratorOptions["choose"];
  readonly #stop: string | undefined;
  /** The end of the text, as long as the stop text. */
  #end = "";
  #isStopped = false;

  /** Starts an empty text. */
  constructor(vocabulary: Vocabulary, { choose, stop }: TextGeneratorOptions) {
    this.#vocabulary = vocabulary;
    this.#choose = choose;
    this.#stop = stop;
  }

  /** Whether the text has reached its stop text. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Chooses the next character by its logits, [V]. */
  next(logits: RealArray): GeneratedCharacter {
    const id = this.#choose(logits);
    const character = this.#vocabulary.decode([id]);
    if (this.#stop !== undefined) {
      this.#end = (this.#end + character).slice(-this.#stop.length);
      this.#isStopped = this.#end === this.#stop;
    }
    return { id, character };
  }
}

/** Checked options with their defaults. */
export interface ResolvedOptions {
  /** Ids of the prompt, at least one. */
  readonly promptIds: Uint32Array;
  /** Number of characters to generate. */
  readonly length: number;
  /** One for each text, of which there is at least one. */
  readonly generators: readonly [TextGenerator, ...TextGenerator[]];
}

/**
 * Checks options and completes them.
 *
 * @throws {InputError} if an option is out of its range, two cannot be combined, or the prompt or
 * the stop text has a character that is not in the vocabulary.
 */
export function resolveOptions(
  { vocabulary }: Pick<Model, "vocabulary">,
  options: SampleManyOptions,
): ResolvedOptions {
  checkOptions(options);
  const {
    prompt,
    length = generateDefaults.length,
    greedy = false,
    seed = generateDefaults.seed,
    stop,
    count = generateDefaults.count,
  } = options;
  if (stop !== undefined) checkStop(stop, vocabulary);
  const chooserOf = (text: number) => {
    if (greedy) return argmax;
    const random = new Xoshiro128(seed, FIRST_STREAM + text);
    return (logits: RealArray) => drawIndex(samplingWeights(logits, options), random.uniform());
  };
  const generatorOf = (text: number) =>
    new TextGenerator(vocabulary, { choose: chooserOf(text), stop });
  return {
    promptIds: encodePrompt(prompt, vocabulary),
    length,
    generators: [
      generatorOf(0),
      ...Array.from({ length: count - 1 }, (_, i) => generatorOf(i + 1)),
    ],
  };
}
