import type { RealArray } from "../model/parameters.ts";
import type { Xoshiro128 } from "../random.ts";
import type { Vocabulary } from "../text/vocabulary.ts";
import { generateDefaults, lineBreakId } from "./options.ts";
import { drawIndex, type SamplingFilters, samplingWeights } from "./sampling.ts";

/**
 * Fewest characters of a burn-in. GRU models of 60 to 120 kB of words, sentences, records and tunes
 * had as many malformed lines after the first 100 characters as after the first 1,500
 * (docs/experiments.md).
 */
const MIN_LENGTH = 200;

/** Characters that each better kind of boundary is waited for. */
const PATIENCE = 300;

/** Where a text may begin, from the best boundary to none. */
const boundaries = ["blank line", "line break", "sentence end", "space", "character"] as const;
type Boundary = typeof boundaries[number];

/** How a {@linkcode BurnIn} is drawn. */
export interface BurnInOptions {
  /** Its random numbers. */
  readonly random: Xoshiro128;
  /** The filters of the text. Default: none. */
  readonly filters?: SamplingFilters;
}

/** The next character after a burn-in, or of it. */
export interface BurnInCharacter {
  /** Its id. */
  readonly id: number;
  /** Whether it is the first of the text. */
  readonly beginsText: boolean;
}

/**
 * The burn-in of a text without a prompt: characters that the model writes before it, and that are
 * thrown away.
 *
 * Training starts with a zero hidden state once per epoch, so a model hardly ever sees it, and what
 * it writes from there is malformed far more often than what it writes later. After a burn-in the
 * hidden state is one that the model meets in its text.
 *
 * The text begins after {@linkcode MIN_LENGTH} characters, after the next blank line, so that
 * it begins with a whole paragraph or record. A boundary that does not occur in
 * {@linkcode PATIENCE} characters, or that the vocabulary excludes, gives way to the next kind: a
 * line break, the end of a sentence, a space. So a burn-in has 1,700 characters at most. It is drawn at the temperature and
 * with the filters of the text, but never above a temperature of 1.
 */
export class BurnIn {
  readonly #vocabulary: Vocabulary;
  readonly #random: Xoshiro128;
  readonly #filters: SamplingFilters;
  readonly #lineBreak: string | undefined;
  /** Boundaries that may be waited for, from the best. */
  readonly #possible: readonly Boundary[];
  /** Characters so far. */
  #length = 0;
  /** What the burn-in ends with. */
  #boundary: Boundary = "character";
  /** Whether the line has no visible character yet. The first line is cut off, so it counts none. */
  #isLineBlank = false;
  /** Whether nothing but closing punctuation follows the end of a sentence. */
  #isAfterSentence = false;

  /** Starts a burn-in after a line break, or after any character if the vocabulary has none. */
  constructor(vocabulary: Vocabulary, { random, filters = {} }: BurnInOptions) {
    this.#vocabulary = vocabulary;
    this.#random = random;
    const { temperature = generateDefaults.temperature } = filters;
    this.#filters = { ...filters, temperature: Math.min(temperature, 1) };
    const has = (pattern: RegExp) => pattern.test(vocabulary.characters);
    const lineBreak = lineBreakId(vocabulary);
    this.#lineBreak = lineBreak === undefined ? undefined : vocabulary.decode([lineBreak]);
    this.#possible = [
      ...this.#lineBreak === undefined ? [] : ["blank line", "line break"] as const,
      ...has(SENTENCE_END) ? ["sentence end"] as const : [],
      ...has(/\s/) ? ["space"] as const : [],
    ];
  }

  /**
   * Chooses the next character.
   *
   * @param logits Of the next character, [V].
   * @param choose How the text chooses its characters.
   */
  next(logits: RealArray, choose: (logits: RealArray) => number): BurnInCharacter {
    if (this.#isAtBoundary()) {
      const id = choose(logits);
      const character = this.#vocabulary.decode([id]);
      if (this.#mayBeginWith(character)) return { id, beginsText: true };
      this.#read(character);
      return { id, beginsText: false };
    }
    const id = drawIndex(samplingWeights(logits, this.#filters), this.#random.uniform());
    this.#read(this.#vocabulary.decode([id]));
    return { id, beginsText: false };
  }

  #isAtBoundary(): boolean {
    if (this.#length < MIN_LENGTH) return false;
    const better = this.#possible.indexOf(this.#boundary);
    const patience = PATIENCE * (better < 0 ? this.#possible.length : better);
    return this.#length >= MIN_LENGTH + patience;
  }

  #mayBeginWith(character: string): boolean {
    if (this.#length >= MIN_LENGTH + PATIENCE * boundaries.length) return true;
    switch (this.#boundary) {
      case "blank line":
      case "line break":
        return character !== "\n" && character !== "\r";
      case "sentence end":
      case "space":
        return !/[\s\p{Pe}\p{Pf}]/u.test(character);
      case "character":
        return true;
    }
  }

  #read(character: string): void {
    this.#length++;
    this.#boundary = "character";
    if (character === this.#lineBreak) {
      this.#boundary = this.#isLineBlank ? "blank line" : "line break";
      this.#isLineBlank = true;
      this.#isAfterSentence = false;
      return;
    }
    if (/\s/.test(character)) {
      this.#boundary = this.#isAfterSentence ? "sentence end" : "space";
      return;
    }
    this.#isLineBlank = false;
    if (SENTENCE_END.test(character)) this.#isAfterSentence = true;
    else if (!/[\p{Pe}\p{Pf}"'”’]/u.test(character)) this.#isAfterSentence = false;
    // Ideographic text has no spaces between its sentences.
    if (this.#isAfterSentence && FULLWIDTH_END.test(character)) this.#boundary = "sentence end";
  }
}

const SENTENCE_END = /[\p{Sentence_Terminal}…]/u;
const FULLWIDTH_END = /[。．！？｡]/u;
