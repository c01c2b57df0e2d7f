import { Engine, type Model, type RealArray, type Sizes } from "../../src/engine/mod.ts";
import type { Unit } from "./units.ts";

/** Characters of a block at most. The state is kept at the beginning of each. */
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
 * The index of the first id of each block. A model of lines reads each line from a zero state, with the
 * line break before it, so there a line break begins a block.
 */
function splitIntoBlocks(ids: Uint32Array, lineBreak: number | undefined): Uint32Array {
  const starts: number[] = [];
  for (let i = 0, length = 0; i < ids.length; i++, length++) {
    if (i > 0 && length < BLOCK && ids[i] !== lineBreak) continue;
    starts.push(i);
    length = 0;
  }
  return Uint32Array.from(starts);
}

/**
 * A network that reads one text block by block, and can return to any block that it has read, because
 * it keeps the state at the beginning of each.
 */
export class TextReader implements Disposable {
  readonly #engine: Engine;
  readonly #ids: Uint32Array;
  /** The index of the first id of each block. */
  readonly #starts: Uint32Array;
  /** The id that the state is reset before, of a model of lines. */
  readonly #lineBreak: number | undefined;
  /** The state before each block whose preceding one was read; none where it is reset. */
  readonly #states = new Map<number, RealArray>();

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
    const isOfLines = model.config.holdout === "lines";
    this.#lineBreak = isOfLines ? model.vocabulary.idOf(0x0a) : undefined;
    this.#starts = splitIntoBlocks(ids, this.#lineBreak);
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
    return this.#starts.length;
  }

  /** The index of the first id of a block. */
  startOf(block: number): number {
    return this.#starts[block]!;
  }

  /** The block of an id. */
  blockOf(index: number): number {
    let [low, high] = [0, this.blocks];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle]! <= index) low = middle;
      else high = middle;
    }
    return low;
  }

  /** Whether the state before a block is zero: at the start, and at each line of a model of lines. */
  isReset(block: number): boolean {
    return block === 0 || this.#ids[this.startOf(block)] === this.#lineBreak;
  }

  /** Whether a block can be read without those before it. */
  isReady(block: number): boolean {
    return this.isReset(block) || this.#states.has(block);
  }

  /**
   * The hidden state before a block, after reading what it needs; see `Engine.readHiddenState()`.
   *
   * @returns The state; `undefined` for zeros.
   */
  stateBefore(block: number): RealArray | undefined {
    for (const _ of this.prepare(block));
    return this.#states.get(block);
  }

  /** Reads the blocks before one, as far as it needs them. It yields after each. */
  *prepare(block: number): Generator<void, void> {
    let first = block;
    while (!this.isReady(first)) first--;
    for (; first < block; first++) {
      this.#readReady(first);
      yield;
    }
  }

  /** Reads a block, and before it those that it needs. */
  read(block: number): ReadBlock {
    for (const _ of this.prepare(block));
    return this.#readReady(block);
  }

  #readReady(block: number): ReadBlock {
    const engine = this.#engine;
    const from = this.startOf(block);
    const next = block + 1;
    engine.writeHiddenState(this.#states.get(block));
    const ids = this.#ids.subarray(from, this.#starts[next]);
    engine.inputIds.set(ids);
    engine.forward(ids.length);
    if (next < this.blocks && !this.isReady(next)) {
      engine.carryHiddenState(ids.length);
      this.#states.set(next, engine.readHiddenState());
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
