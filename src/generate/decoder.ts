import { Engine } from "../engine/engine.ts";
import { type Model, sizesOf } from "../model/model.ts";
import type { RealArray } from "../model/parameters.ts";

/** So many characters of a beginning are read at a time, of all texts together. */
const ROWS = 64;

/**
 * A model that reads texts side by side, a character of each at a time, in an engine of its own.
 *
 * The engine has at least two streams: one alone would be computed by other kernels, which sum in
 * another order. So what a text comes to is the same to the last bit, however many stand beside it.
 */
export class Decoder {
  /** How many texts it reads. */
  readonly texts: number;
  readonly #engine: Engine;
  /** Streams of the engine. */
  readonly #streams: number;

  /**
   * Takes a copy of the model's parameters.
   *
   * @param texts How many texts, 1 or above.
   * @throws {InputError} when the network does not fit into memory.
   */
  constructor(model: Model, texts: number) {
    this.texts = texts;
    this.#streams = Math.max(2, texts);
    this.#engine = new Engine({
      ...sizesOf(model),
      precision: model.config.precision,
      seqLength: Math.ceil(ROWS / this.#streams),
      batchSize: this.#streams,
      training: false,
    });
    this.#engine.writeParameters(model.parameters);
  }

  /**
   * Reads the beginning of a text, from a hidden state of zeros, with every stream.
   * @param ids At least one.
   * @returns The logits of the character after it, [V].
   * @throws {RangeError} when they are not finite.
   */
  begin(ids: Uint32Array): RealArray {
    const engine = this.#engine;
    engine.writeHiddenState();
    const before = ids.length - 1;
    for (let at = 0; at < before; at += engine.options.seqLength) {
      const seqLength = Math.min(engine.options.seqLength, before - at);
      for (let t = 0; t < seqLength; t++) {
        engine.inputIds.fill(ids[at + t]!, t * this.#streams, (t + 1) * this.#streams);
      }
      engine.forward(seqLength);
      engine.carryHiddenState(seqLength);
    }
    return this.read(new Uint32Array(this.texts).fill(ids[before]!))[0]!;
  }

  /**
   * Reads the next character of each text.
   * @param ids As many as there are texts, or fewer: then the last texts read any character.
   * @returns The logits of the character after it, [V], for each id.
   * @throws {RangeError} when they are not finite.
   */
  read(ids: ArrayLike<number>): RealArray[] {
    const engine = this.#engine;
    engine.inputIds.fill(0);
    engine.inputIds.set(ids);
    engine.forward(1);
    engine.carryHiddenState(1);
    const { outputs } = engine.options;
    const logits = engine.readOutputs(1).subarray(0, ids.length * outputs);
    for (const y of logits) {
      if (Number.isFinite(y)) continue;
      throw new RangeError(
        "Cannot sample: the model's weights are so great that its logits are not finite",
      );
    }
    return Array.from(ids, (_, text) => logits.subarray(text * outputs, (text + 1) * outputs));
  }

  /** The hidden states of all texts; to be kept, and written back. */
  readState(): RealArray {
    return this.#engine.readHiddenState();
  }

  /** Goes back to hidden states that {@linkcode Decoder.readState} gave. */
  writeState(state: RealArray): void {
    this.#engine.writeHiddenState(state);
  }

  /**
   * Lets texts go on from others' hidden states.
   * @param from For each text, the one whose state it takes; the last ones may be left out.
   */
  reorder(from: ArrayLike<number>): void {
    const { hidden } = this.#engine.options;
    // A row for each stream, and so again for each further layer and kind of state.
    const before = this.#engine.readHiddenState();
    const after = before.slice();
    for (let row = 0; row < before.length / hidden; row++) {
      const stream = row % this.#streams;
      const source = (row - stream + (from[stream] ?? stream)) * hidden;
      after.set(before.subarray(source, source + hidden), row * hidden);
    }
    this.#engine.writeHiddenState(after);
  }
}
