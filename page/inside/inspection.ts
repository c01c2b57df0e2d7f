import type { Model } from "../../src/engine/mod.ts";
import type { UnknownPolicy } from "../../src/mod.ts";
import { Connectivity } from "./connectivity.ts";
import { encodeKnown, type KnownText } from "./encode_known.ts";
import { type FeatureName, features } from "./features.ts";
import { logSumExp, mostProbable } from "./predictions.ts";
import { type Ranking, rankUnits } from "./rank_units.ts";
import { BLOCK, TextReader } from "./text_reader.ts";
import type { CharacterSpan } from "./text_layout.ts";
import { kindsOfCell, type Unit } from "./units.ts";

/** The fewest earlier characters whose connectivity is computed, where there are so many. */
export const CONTEXT = 256;
/** Characters at the beginning of a text that units are ranked by. */
export const MAX_RANKED = 20_000;
/** Units that a ranking has. */
const RANKED_UNITS = 8;
/** Characters on each side of a selection that count with it, at least. */
const MIN_SURROUNDINGS = 200;
/** Predictions of a character. */
const TOP = 5;
/** Milliseconds between turns of the event loop, so that other questions are answered soon. */
const SLICE_MS = 20;

/** Losses of characters from `from` on. */
export interface Losses {
  readonly from: number;
  /** In nats; NaN for the first character, and for those that the model does not read. */
  readonly nats: Float32Array<ArrayBuffer>;
}

/** One of the most probable characters. */
export interface TopCharacter {
  readonly character: string;
  readonly probability: number;
}

/** What the model does at one character. */
export interface CharacterInspection {
  readonly position: number;
  /** What the model reads in its place; `null` for nothing. */
  readonly readAs: string | null;
  /** Its loss; `null` if nothing predicts it. */
  readonly nats: number | null;
  /** The most probable characters in its place, in descending order. */
  readonly top: readonly TopCharacter[];
  /** The connectivity of the characters from `from` to before it. */
  readonly from: number;
  readonly connectivity: Float32Array<ArrayBuffer>;
}

/** What units are to follow: a feature, or where characters are selected. */
export type Followed = FeatureName | CharacterSpan;

/** A text that is looked into. */
export interface InspectedText {
  readonly text: string;
  /** What happens to characters that the model does not know. */
  readonly unknown: UnknownPolicy;
}

/** One model and one text: everything that can be seen of how the model reads it. */
export class Inspection {
  readonly #model: Model;
  readonly #known: KnownText;
  /** The index in the ids of each character; −1 if the model does not read it. */
  readonly #indexes: Int32Array;
  readonly #reader: TextReader;
  #connectivity: Connectivity | undefined;

  /**
   * @throws {InputError} if the network does not fit into memory.
   */
  constructor(model: Model, { text, unknown }: InspectedText) {
    this.#model = model;
    this.#known = encodeKnown(text, { vocabulary: model.vocabulary, unknown });
    this.#indexes = new Int32Array(this.#known.characters.length).fill(-1);
    this.#known.positions.forEach((position, index) => this.#indexes[position] = index);
    this.#reader = new TextReader(model, this.#known.ids);
  }

  /** Computes the losses of all characters, part by part. */
  async *losses(): AsyncGenerator<Losses, void, undefined> {
    const { ids, characters } = this.#known;
    const { size } = this.#model.vocabulary;
    const turns = new Turns();
    const nats = new Float32Array(characters.length).fill(NaN);
    let from = 0;
    const part = (to: number): Losses => {
      const losses = { from, nats: nats.slice(from, to) };
      from = to;
      return losses;
    };
    for (let block = 0; block < this.#reader.blocks; block++) {
      const read = this.#reader.read(block);
      const logits = this.#reader.logits(read);
      let last = from;
      for (let t = 0; t < read.length; t++) {
        const next = read.from + t + 1;
        if (next === ids.length) break;
        const row = logits.subarray(t * size, (t + 1) * size);
        last = this.#known.positions[next]!;
        nats[last] = logSumExp(row) - row[ids[next]!]!;
      }
      if (await turns.next()) yield part(last + 1);
    }
    yield part(characters.length);
  }

  /** Computes the values of a unit at characters, NaN for those that the model does not read. */
  async activations(unit: Unit, { from, to }: CharacterSpan): Promise<Float32Array<ArrayBuffer>> {
    const values = new Float32Array(to - from).fill(NaN);
    const indexes = Array.from(this.#indexes.subarray(from, to)).filter((index) => index >= 0);
    const [first, last] = [indexes[0], indexes.at(-1)];
    if (first === undefined || last === undefined) return values;
    const { positions } = this.#known;
    await this.#prepare(first);
    const turns = new Turns();
    const end = this.#reader.blockOf(last) + 1;
    for (let block = this.#reader.blockOf(first); block < end; block++) {
      const read = this.#reader.read(block);
      const all = this.#reader.values(read, unit);
      for (let t = 0; t < read.length; t++) {
        const position = positions[read.from + t]!;
        if (position < from || position >= to) continue;
        values[position - from] = all[t * this.#reader.hidden + unit.index]!;
      }
      await turns.next();
    }
    return values;
  }

  /** Looks at the prediction of one character, and at what it depends on. */
  async character(position: number): Promise<CharacterInspection> {
    const { ids, positions } = this.#known;
    const index = this.#indexes[position] ?? -1;
    const nothing = {
      position,
      from: position,
      connectivity: new Float32Array(),
      top: [],
      nats: null,
    };
    if (index < 0) return { readAs: null, ...nothing };
    const { vocabulary } = this.#model;
    const readAs = vocabulary.decode([ids[index]!]);
    if (index === 0) return { readAs, ...nothing };
    await this.#prepare(index - 1);
    const reader = this.#reader;
    const last = reader.blockOf(index - 1);
    const read = reader.read(last);
    const row = (index - 1 - read.from) * vocabulary.size;
    const logits = reader.logits(read).subarray(row, row + vocabulary.size);
    // Nothing depends on what the model has read before its state was reset.
    let block = last;
    while (!reader.isReset(block) && reader.startOf(block) > index - CONTEXT) block--;
    const first = reader.startOf(block);
    this.#connectivity ??= new Connectivity(
      this.#model,
      Math.min(CONTEXT + BLOCK, Math.max(1, ids.length - 1)),
    );
    const norms = this.#connectivity.compute({
      ids: ids.subarray(first, index),
      target: ids[index]!,
      hiddenState: reader.stateBefore(block),
    });
    const from = positions[first]!;
    const connectivity = new Float32Array(position - from);
    norms.forEach((norm, t) => connectivity[positions[first + t]! - from] = norm);
    return {
      position,
      readAs,
      nats: logSumExp(logits) - logits[ids[index]!]!,
      top: mostProbable(logits, TOP).map(({ id, probability }) => ({
        character: vocabulary.decode([id]),
        probability,
      })),
      from,
      connectivity,
    };
  }

  /** Ranks the units by how well they follow a feature, or a selection against its surroundings. */
  async rank(followed: Followed): Promise<Ranking> {
    const { characters, positions } = this.#known;
    const span = typeof followed === "string"
      ? { from: 0, to: characters.length }
      : surroundings(followed, characters.length);
    const values = typeof followed === "string"
      ? features[followed].compute(characters)
      : Float64Array.from(
        characters,
        (_, i) => i >= followed.from && i < followed.to ? 1 : 0,
      );
    let [from, to] = [0, positions.length];
    while (from < to && positions[from]! < span.from) from++;
    while (to > from && positions[to - 1]! >= span.to) to--;
    to = Math.min(to, from + MAX_RANKED);
    const { cell, layers } = this.#model.config;
    const groups = Array.from({ length: layers }, (_, layer) => layer).flatMap((layer) =>
      kindsOfCell[cell].map((kind) => ({ kind, layer }))
    );
    await this.#prepare(from);
    const feature = Float64Array.from(
      positions.subarray(from, to),
      (position) => values[position]!,
    );
    const ranking = rankUnits({ reader: this.#reader, feature, from, groups, count: RANKED_UNITS });
    const turns = new Turns();
    for (;;) {
      const { done, value } = ranking.next();
      if (done) return value;
      await turns.next();
    }
  }

  /** Reads what the block of an id needs. */
  async #prepare(index: number): Promise<void> {
    const turns = new Turns();
    for (const _ of this.#reader.prepare(this.#reader.blockOf(index))) await turns.next();
  }
}

/** The selection and, on each side, as many characters as it has, but at least 200. */
function surroundings({ from, to }: CharacterSpan, length: number): CharacterSpan {
  const margin = Math.max(MIN_SURROUNDINGS, to - from);
  return { from: Math.max(0, from - margin), to: Math.min(length, to + margin) };
}

/** Turns of the event loop in a long computation. */
class Turns {
  #end = performance.now() + SLICE_MS;

  /** Lets other work run if the slice is over, and returns whether it was. */
  async next(): Promise<boolean> {
    if (performance.now() < this.#end) return false;
    await new Promise((resolve) => setTimeout(resolve));
    this.#end = performance.now() + SLICE_MS;
    return true;
  }
}
