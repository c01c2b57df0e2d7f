import { Engine } from "../engine/engine.ts";
import { InputError } from "../errors.ts";
import { type Model, sizesOf } from "../model/model.ts";
import type { RealArray } from "../model/parameters.ts";
import { Xoshiro128 } from "../random.ts";

/** How a text is generated; see {@linkcode sample}. */
export interface SampleOptions {
  /**
   * The text to continue. Default: a line feed if the model knows one, else its first character;
   * that one is not part of the result.
   */
  readonly prime?: string;
  /** How many characters to generate: a whole number, 0 or above. Default: 500. */
  readonly length?: number;
  /**
   * What the logits are divided by: below 1 the likely becomes likelier, above 1 all become more
   * alike. Above 0. Default: 1.
   */
  readonly temperature?: number;
  /** Always take the most probable character, instead of drawing one. Default: false. */
  readonly greedy?: boolean;
  /** Seed of the draws: a whole number from 0 to 2^53 − 1. Default: 1. */
  readonly seed?: number;
}

/** The random stream of sampling; training uses stream 0 of the same seed. */
const SAMPLING_STREAM = 1;

/**
 * Generates text with a model, a character at a time, in an engine of its own.
 *
 * @example
 * ```ts
 * import { corpusFromText, Sampler, Trainer } from "../mod.ts";
 *
 * const trainer = new Trainer(corpusFromText("abcd".repeat(100)), { hidden: 16, seq: 8, batch: 4 });
 * for (let step = 0; step < 200; step++) trainer.step();
 * const sampler = new Sampler(trainer.model());
 * console.log([...sampler.generate({ prime: "ab", length: 4, greedy: true })].join("")); // cdab
 * ```
 */
export class Sampler {
  readonly #model: Model;
  readonly #engine: Engine;

  /**
   * Takes a copy of the model's parameters.
   * @throws {InputError} when the network does not fit into memory.
   */
  constructor(model: Model) {
    this.#model = model;
    this.#engine = new Engine({
      ...sizesOf(model),
      precision: model.config.precision,
      steps: 1,
      streams: 1,
      training: false,
    });
    this.#engine.writeParameters(model.parameters);
  }

  /**
   * Yields the characters that follow the prime, one by one. Several texts may be drawn in turns.
   *
   * @throws {RangeError} on the way, when the model's weights are so great that logits overflow.
   * @throws {InputError} at the call, when an option is out of its range or the prime has a
   * character that the model does not know.
   */
  generate(options: SampleOptions = {}): Iterable<string> {
    const { prime, length = 500, temperature = 1, greedy = false, seed = 1 } = options;
    if (!Number.isSafeInteger(length) || length < 0) {
      throw new InputError(
        `Cannot sample: "length" must be a whole number, 0 or above, not ${length}`,
      );
    }
    if (!Number.isFinite(temperature) || temperature <= 0) {
      throw new InputError(
        `Cannot sample: "temperature" must be a finite number above 0, not ${temperature}` +
          (temperature === 0 ? "; for the most probable characters, use greedy" : ""),
      );
    }
    const primeIds = this.#primeIds(prime);
    const random = new Xoshiro128(seed, SAMPLING_STREAM);
    const choose = greedy
      ? mostProbable
      : (logits: RealArray) => draw(logits, temperature, random.uniform());
    return this.#run(primeIds, length, choose);
  }

  #primeIds(prime: string | undefined): Uint32Array {
    const { vocabulary } = this.#model;
    if (prime === undefined) return Uint32Array.of(vocabulary.idOf(0x0a) ?? 0);
    if (prime === "") {
      throw new InputError(`Cannot sample: the prime text is empty; it must have a character`);
    }
    return vocabulary.encode(prime, "Cannot sample from the prime text");
  }

  *#run(
    primeIds: Uint32Array,
    length: number,
    choose: (logits: RealArray) => number,
  ): Generator<string> {
    const engine = this.#engine;
    engine.writeHiddenState();
    const read = (id: number) => {
      engine.inputIds[0] = id;
      engine.forward(1);
      engine.carryHiddenState(1);
    };
    for (const id of primeIds) read(id);
    for (let n = 0; n < length; n++) {
      const logits = engine.readOutputs(1);
      if (!logits.every(Number.isFinite)) {
        throw new RangeError(
          "Cannot sample: the model's weights are so great that its logits are not finite",
        );
      }
      const id = choose(logits);
      const state = engine.readHiddenState();
      yield this.#model.vocabulary.decode([id]);
      engine.writeHiddenState(state);
      read(id);
    }
  }
}

/**
 * Continues a text with a model.
 *
 * @returns The characters that follow the prime, without it.
 * @throws {InputError} when an option is out of its range, or the prime has a character that the
 * model does not know.
 * @throws {RangeError} when the model's weights are so great that logits overflow.
 *
 * @example
 * ```ts
 * import { corpusFromText, sample, Trainer } from "../mod.ts";
 *
 * const trainer = new Trainer(corpusFromText("tick tock ".repeat(50)), { hidden: 16, seq: 10 , batch: 2 });
 * for (let step = 0; step < 200; step++) trainer.step();
 * console.log(sample(trainer.model(), { prime: "tick", length: 10, temperature: 0.5 }).length); // 10
 * ```
 */
export function sample(model: Model, options: SampleOptions = {}): string {
  return [...new Sampler(model).generate(options)].join("");
}

/** The first of the greatest logits. */
function mostProbable(logits: RealArray): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) {
    if (logits[id]! > logits[best]!) best = id;
  }
  return best;
}

/** The id at which the cumulated probabilities of softmax(logits / temperature) exceed `uniform`. */
function draw(logits: RealArray, temperature: number, uniform: number): number {
  const greatest = logits[mostProbable(logits)]!;
  const weights = Array.from(logits, (y) => Math.exp((y - greatest) / temperature));
  let rest = uniform * weights.reduce((sum, weight) => sum + weight, 0);
  for (let id = 0; id < weights.length; id++) {
    rest -= weights[id]!;
    if (rest < 0) return id;
  }
  // Rounding may leave a rest of about 0 after the last.
  return weights.findLastIndex((weight) => weight > 0);
}
