import { Engine, type Model, type RealArray, type Sizes } from "../../src/engine/mod.ts";
import type { Unit } from "./units.ts";

/** Characters of one pass. The state is kept at the beginning of each block. */
export const BLOCK = 128;

/** A block of a text after the engine has read it; valid until the next block is read. */
export interface ReadBlock {
  /** The index of its first id. */
  readonly from: number;
  /** Its number of ids, at most {@linkcode BLOCK}. */
  readonly length: number;
}

/** The sizes of a model's network. */
export function sizesOf({ config, vocabulary }: Pick<Model, "config" | "vocabulary">): Sizes {
  const { cell, layers, hidden } = config;
  return { cell, layers, inputs: vocabulary.size, hidden, outputs: vocabulary.size };
}

/**
 * A network that reads one text block by block, and can return to any block that it has read, because
 * it keeps the state at the beginning of each.
 */
export class TextReader implements Disposable {
  readonly #engine: Engine;
  readonly #ids: Uint32Array;
  /** The state before each block, and after the last that was read. */
  readonly #states: RealArray[];

  /**
   * @throws {InputError} if the network does not fit into memory.
   */
  constructor(model: Model, ids: Uint32Array) {
    const { precision } = model.config;
    this.#engine = new Engine({
      ...sizesOf(model),
      precision,
      seqLength: BLOCK,
      batchSize: 1,
      training: false,
    });
    this.#engine.writeParameters(model.parameters);
    this.#ids = ids;
    this.#states = [this.#engine.readHiddenState()];
  }

  [Symbol.dispose](): void {
    this.#engine[Symbol.dispose]();
  }

  /** H. */
  get hidden(): number {
    return this.#engine.options.hidden;
  }

  /** Number of blocks. */
  get blocks(): number {
    return Math.ceil(this.#ids.length / BLOCK);
  }

  /** Whether a block was read before, so that any can be read without those before it. */
  hasRead(block: number): boolean {
    return this.#states.length > block + 1;
  }

  /** The hidden state before a block; see `Engine.readHiddenState()`. Reads all blocks before it. */
  stateBefore(block: number): RealArray {
    while (this.#states.length <= block) this.read(this.#states.length - 1);
    return this.#states[block]!;
  }

  /** Reads a block, after all blocks before it. */
  read(block: number): ReadBlock {
    const engine = this.#engine;
    const from = block * BLOCK;
    engine.writeHiddenState(this.stateBefore(block));
    const ids = this.#ids.subarray(from, from + BLOCK);
    engine.inputIds.set(ids);
    engine.forward(ids.length);
    if (this.#states.length === block + 1) {
      engine.carryHiddenState(ids.length);
      this.#states.push(engine.readHiddenState());
    }
    return { from, length: ids.length };
  }

  /** The logits after each character of the block that was read last, [length, V]. */
  logits({ length }: ReadBlock): RealArray {
    return this.#engine.readOutputs(length);
  }

  /** The values of all units of a kind in the block that was read last, [length, H]. */
  values({ length }: ReadBlock, { kind, layer }: Omit<Unit, "index">): RealArray {
    if (kind === "hidden") return this.#engine.readHiddenStates(length, layer);
    if (kind === "cell") return this.#engine.readCellStates(length, layer);
    return this.#engine.readGates(length, layer)[kind]!;
  }
}
