import { argmax } from "../model/logits.ts";
import type { Model } from "../model/model.ts";
import type { RealArray } from "../model/parameters.ts";
import { Xoshiro128 } from "../random.ts";
import type { Vocabulary } from "../text/vocabulary.ts";
import { BurnIn } from "./burn_in.ts";
import {
  checkOptions,
  checkStop,
  encodePrompt,
  generateDefaults,
  isOfLines,
  type SampleManyOptions,
} from "./options.ts";
import { drawIndex, samplingWeights } from "./sampling.ts";

/** Stream of the random generator that the first text uses; training uses stream 0 of its seed. */
export const FIRST_STREAM = 1;

/** A character that was chosen. */
export interface GeneratedCharacter {
  /** Its id. */
  readonly id: number;
  /** The character; empty if it is one of the burn-in. */
  readonly character: string;
}

/** How a {@linkcode TextGenerator} chooses characters, and when it stops. */
export interface TextGeneratorOptions {
  /** Returns the id of the next character, by its logits, [V]. */
  readonly choose: (logits: RealArray) => number;
  /** Number of characters of the text. */
  readonly length: number;
  /** The stop text, if there is one. */
  readonly stop: string | undefined;
  /** The burn-in before the text, if there is one. */
  readonly burnIn: BurnIn | undefined;
}

/** Chooses the characters of one text, after those of its burn-in, and detects its end. */
export class TextGenerator {
  readonly #vocabulary: Vocabulary;
  readonly #choose: TextGeneratorOptions["choose"];
  readonly #stop: string | undefined;
  #burnIn: BurnIn | undefined;
  /** Characters that are left. */
  #rest: number;
  /** The end of the text, as long as the stop text. */
  #end = "";

  /** Starts an empty text. */
  constructor(vocabulary: Vocabulary, { choose, length, stop, burnIn }: TextGeneratorOptions) {
    this.#vocabulary = vocabulary;
    this.#choose = choose;
    this.#stop = stop;
    this.#burnIn = burnIn;
    this.#rest = length;
  }

  /** Whether the text has its length or has reached its stop text. */
  get isDone(): boolean {
    return this.#rest === 0;
  }

  /** Chooses the next character by its logits, [V]. */
  next(logits: RealArray): GeneratedCharacter {
    const { id, beginsText } = this.#burnIn?.next(logits, this.#choose) ??
      { id: this.#choose(logits), beginsText: true };
    if (!beginsText) return { id, character: "" };
    this.#burnIn = undefined;
    this.#rest--;
    const character = this.#vocabulary.decode([id]);
    if (this.#stop !== undefined) {
      this.#end = (this.#end + character).slice(-this.#stop.length);
      if (this.#end === this.#stop) this.#rest = 0;
    }
    return { id, character };
  }
}

/** Checked options with their defaults. */
export interface ResolvedOptions {
  /** Ids of the prompt, at least one. */
  readonly promptIds: Uint32Array;
  /** The number of texts. */
  readonly count: number;
  /** Returns the generator of the next text, from the first on. */
  readonly nextGenerator: () => TextGenerator;
}

/**
 * Checks options and completes them.
 *
 * @throws {InputError} if an option is out of its range, two cannot be combined, or the prompt or
 * the stop text has a character that is not in the vocabulary.
 */
export function resolveOptions(
  { vocabulary, config }: Pick<Model, "vocabulary" | "config">,
  options: SampleManyOptions,
): ResolvedOptions {
  checkOptions(options);
  const {
    prompt,
    length = generateDefaults.length,
    greedy = false,
    seed = generateDefaults.seed,
    stop = isOfLines(config) ? "\n" : undefined,
    count = generateDefaults.count,
  } = options;
  if (stop !== undefined) checkStop(stop, vocabulary);
  const stream = new Xoshiro128(seed, FIRST_STREAM);
  const nextGenerator = () => {
    const random = Xoshiro128.fromState(stream.state());
    stream.jump();
    return new TextGenerator(vocabulary, {
      choose: greedy
        ? argmax
        : (logits) => drawIndex(samplingWeights(logits, options), random.uniform()),
      length,
      stop,
      burnIn: prompt === undefined && !isOfLines(config)
        ? new BurnIn(vocabulary, { random, filters: options })
        : undefined,
    });
  };
  return { promptIds: encodePrompt(prompt, { vocabulary, config }), count, nextGenerator };
}
