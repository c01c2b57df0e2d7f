import { Engine } from "../engine/engine.ts";
import { checkLogits } from "../model/logits.ts";
import { type Model, sizesOf } from "../model/model.ts";
import type { RealArray } from "../model/parameters.ts";
import type { Vocabulary } from "../text/vocabulary.ts";

/** R of the engine, about: rows of a prompt that one call computes. */
const PROMPT_ROWS = 64;

/**
 * A model that reads B texts side by side, one character of each per step, in an engine of its own.
 *
 * The engine has at least two streams, since a matrix-vector kernel with another order of summation
 * computes a single one. So the logits of a text are the same bits next to any number of others.
 */
export class Decoder {
  readonly #engine: Engine;
  readonly #vocabulary: Vocabulary;
  /** Texts. */
  readonly #texts: number;
  /** B of the engine. */
  readonly #batchSize: number;

  /**
   * Copies the model's parameters.
   *
   * @param texts Number of texts, 1 or above.
   * @throws {InputError} if the network does not fit into memory.
   */
  constructor(model: Model, texts: number) {
    this.#vocabulary = model.vocabulary;
    this.#texts = texts;
    this.#batchSize = Math.max(2, texts);
    this.#engine = new Engine({
      ...sizesOf(model),
      precision: model.config.precision,
      seqLength: Math.ceil(PROMPT_ROWS / this.#batchSize),
      batchSize: this.#batchSize,
      training: false,
      // A single text has too little work for several threads.
      threads: texts === 1 ? 1 : "auto",
    });
    this.#engine.writeParameters(model.parameters);
  }

  /**
   * Sets all hidden states to zero and reads a prompt with each of them.
   *
   * @param ids The prompt, at least one id.
   * @returns The logits of the next character, [V], which are the same for all texts.
   * @throws {RangeError} if they are not finite.
   */
  readPrompt(ids: Uint32Array): RealArray {
    const engine = this.#engine;
    const batchSize = this.#batchSize;
    engine.writeHiddenState();
    const last = ids.length - 1;
    for (let at = 0; at < last; at += engine.options.seqLength) {
      const seqLength = Math.min(engine.options.seqLength, last - at);
      for (let t = 0; t < seqLength; t++) {
        engine.inputIds.fill(ids[at + t]!, t * batchSize, (t + 1) * batchSize);
      }
      engine.forward(seqLength);
      engine.carryHiddenState(seqLength);
    }
    return this.step(new Uint32Array(this.#texts).fill(ids[last]!))[0]!;
  }

  /**
   * Reads the next character of each text.
   *
   * @param ids One id per text. It may be shorter; then the last texts read an arbitrary character.
   * @returns The logits of the character after each id, [V]; −∞ for the unknown symbol, which is
   * never written.
   * @throws {RangeError} if they are not finite.
   */
  step(ids: ArrayLike<number>): RealArray[] {
    const engine = this.#engine;
    engine.inputIds.fill(0);
    engine.inputIds.set(ids);
    engine.forward(1);
    engine.carryHiddenState(1);
    const { outputs } = engine.options;
    const logits = engine.readOutputs(1).subarray(0, ids.length * outputs);
    checkLogits(logits, "sample");
    const { unknown } = this.#vocabulary;
    if (unknown !== undefined) {
      for (let text = 0; text < ids.length; text++) logits[text * outputs + unknown] = -Infinity;
    }
    return Array.from(ids, (_, text) => logits.subarray(text * outputs, (text + 1) * outputs));
  }

  /** A copy of the hidden states of all texts. */
  readHiddenState(): RealArray {
    return this.#engine.readHiddenState();
  }

  /** Restores hidden states from {@linkcode Decoder.readHiddenState}. */
  writeHiddenState(state: RealArray): void {
    this.#engine.writeHiddenState(state);
  }

  /**
   * Replaces hidden states by those of other texts.
   *
   * @param sources The text whose state text i takes, for each i. It may be shorter; the last texts
   * then keep theirs.
   */
  reorder(sources: ArrayLike<number>): void {
    const { hidden } = this.#engine.options;
    // Rows of H numbers: one per stream, for each layer; in an LSTM, those of c follow those of h.
    const before = this.#engine.readHiddenState();
    const after = before.slice();
    for (let row = 0; row < before.length / hidden; row++) {
      const stream = row % this.#batchSize;
      const source = (row - stream + (sources[stream] ?? stream)) * hidden;
      after.set(before.subarray(source, source + hidden), row * hidden);
    }
    this.#engine.writeHiddenState(after);
  }
}
