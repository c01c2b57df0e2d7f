import { SLICE_MS, yieldToEventLoop } from "../event_loop.ts";
import { argmax } from "../model/logits.ts";
import type { Model } from "../model/model.ts";
import type { RealArray } from "../model/parameters.ts";
import { Xoshiro128 } from "../random.ts";
import { draw, samplingWeights } from "./sampling.ts";
import {
  checkOptions,
  checkStop,
  promptIds,
  type SampleManyOptions,
  type SampleOptions,
} from "./options.ts";
import { Decoder } from "./decoder.ts";

/** The random stream of the first text; training uses stream 0 of the same seed. */
const SAMPLING_STREAM = 1;

/**
 * Generates text with a model, a character at a time, in an engine of its own.
 *
 * @example
 * ```ts
 * import { corpusFromText, resolveConfig, Sampler, Trainer } from "../mod.ts";
 *
 * const corpus = corpusFromText("abcd".repeat(100));
 * const config = resolveConfig({ hidden: 16, seqLength: 8, batchSize: 4 }, { chars: corpus.length });
 * const trainer = Trainer.create(corpus, config);
 * for (let step = 0; step < 200; step++) trainer.step();
 * const sampler = new Sampler(trainer.model());
 * console.log([...sampler.generate({ prompt: "ab", length: 4, greedy: true })].join("")); // cdab
 * ```
 */
export class Sampler {
  readonly #model: Model;
  readonly #reader: Decoder;

  /**
   * Takes a copy of the model's parameters.
   * @throws {InputError} when the network does not fit into memory.
   */
  constructor(model: Model) {
    this.#model = model;
    this.#reader = new Decoder(model, 1);
  }

  /**
   * Yields the characters that follow the prime, one by one. Several texts may be drawn in turns.
   *
   * @throws {RangeError} on the way, when the model's weights are so great that logits overflow.
   * @throws {InputError} at the call, when an option is out of its range, two exclude each other, or
   * the prime or the stop text has a character that the model does not know.
   */
  generate(options: SampleOptions = {}): Iterable<string> {
    const { ids, length, writer } = prepare(this.#model, options);
    return this.#run(ids, length, writer(0));
  }

  *#run(primeIds: Uint32Array, length: number, writer: Writer): Generator<string> {
    if (length === 0) return;
    const reader = this.#reader;
    let logits = reader.begin(primeIds);
    for (let n = 1;; n++) {
      const state = reader.readState();
      const { id, character } = writer.write(logits);
      yield character;
      if (writer.done || n === length) return;
      reader.writeState(state);
      logits = reader.read([id])[0]!;
    }
  }
}

/** Writes one of several texts, by its own draws. */
class Writer {
  /** Whether the text has come to its stop text. */
  done = false;
  readonly #model: Model;
  readonly #choose: (logits: RealArray) => number;
  readonly #stop: string | undefined;
  /** As much of the text's end as the stop text is long. */
  #end = "";

  constructor(model: Model, choose: (logits: RealArray) => number, stop: string | undefined) {
    this.#model = model;
    this.#choose = choose;
    this.#stop = stop;
  }

  /** Chooses the next character by its logits. */
  write(logits: RealArray): Written {
    const id = this.#choose(logits);
    const character = this.#model.vocabulary.decode([id]);
    if (this.#stop !== undefined) {
      this.#end = (this.#end + character).slice(-this.#stop.length);
      this.done = this.#end === this.#stop;
    }
    return { id, character };
  }
}

/** A character of a text. */
interface Written {
  readonly id: number;
  readonly character: string;
}

/** What the options come to: what to read, how much to write, and who writes text i. */
function prepare(model: Model, options: SampleOptions): {
  readonly ids: Uint32Array;
  readonly length: number;
  readonly writer: (i: number) => Writer;
} {
  checkOptions(options);
  const { vocabulary } = model;
  const { prompt, length = 500, greedy = false, seed = 1, stop } = options;
  const ids = promptIds(prompt, vocabulary);
  if (stop !== undefined) checkStop(stop, vocabulary);
  const drawing = (i: number) => {
    const random = new Xoshiro128(seed, SAMPLING_STREAM + i);
    return (logits: RealArray) => draw(samplingWeights(logits, options), random.uniform());
  };
  // A seed that is none is refused at once, not when the first text is asked for.
  const first = greedy ? argmax : drawing(0);
  return { ids, length, writer: (i) => new Writer(model, i === 0 ? first : drawing(i), stop) };
}

/**
 * Continues a text with a model.
 *
 * @returns The characters that follow the prime, without it; the stop text, if one ends it, is the
 * last of them.
 * @throws {InputError} when an option is out of its range, two exclude each other, or the prime or
 * the stop text has a character that the model does not know.
 * @throws {RangeError} when the model's weights are so great that logits overflow.
 *
 * @example
 * ```ts
 * import { corpusFromText, resolveConfig, sample, Trainer } from "../mod.ts";
 *
 * const corpus = corpusFromText("tick tock ".repeat(50));
 * const config = resolveConfig({ hidden: 16, seqLength: 10, batchSize: 2 }, { chars: corpus.length });
 * const trainer = Trainer.create(corpus, config);
 * for (let step = 0; step < 200; step++) trainer.step();
 * const model = trainer.model();
 * console.log(sample(model, { prompt: "tick", length: 10, temperature: 0.5 }).length); // 10
 * console.log(sample(model, { prompt: "tick", topK: 3, topP: 0.9, stop: "ock" }).endsWith("ock")); // true
 * ```
 */
export function sample(model: Model, options: SampleOptions = {}): string {
  return [...new Sampler(model).generate(options)].join("");
}

/**
 * Continues a text with a model, as {@linkcode sample} does, one character at a time.
 *
 * Between characters it yields to the event loop, so timers, signals and servers keep running.
 * A `break` out of the loop stops the computation.
 *
 * @throws {InputError} at the call, as {@linkcode sample} does.
 * @throws {RangeError} during iteration, as {@linkcode sample} does.
 *
 * @example
 * ```ts
 * import { corpusFromText, resolveConfig, sampleStream, Trainer } from "../mod.ts";
 *
 * const corpus = corpusFromText("tick tock ".repeat(50));
 * const config = resolveConfig({ hidden: 16, seqLength: 10, batchSize: 2 }, { chars: corpus.length });
 * using trainer = Trainer.create(corpus, config);
 * for (let step = 0; step < 200; step++) trainer.step();
 * let text = "tick";
 * for await (const character of sampleStream(trainer.model(), { prompt: text, length: 20 })) {
 *   text += character;
 * }
 * console.log(text.length); // 24
 * ```
 */
export function sampleStream(model: Model, options: SampleOptions = {}): AsyncIterable<string> {
  return yielding(new Sampler(model).generate(options));
}

/** Yields the items of an iterable, and to the event loop every {@linkcode SLICE_MS}. */
async function* yielding<T>(items: Iterable<T>): AsyncGenerator<T, void, undefined> {
  let begin = performance.now();
  for (const item of items) {
    yield item;
    if (performance.now() - begin < SLICE_MS) continue;
    await yieldToEventLoop();
    begin = performance.now();
  }
}

/**
 * Continues a text with a model several times at once, which takes less time than one after the
 * other. The first text is that of {@linkcode sample}, and none depends on how many there are.
 *
 * @returns As many texts as `count` says, each as of {@linkcode sample}.
 * @throws {InputError} as {@linkcode sample} does.
 * @throws {RangeError} as {@linkcode sample} does.
 *
 * @example
 * ```ts
 * import { corpusFromText, resolveConfig, sample, sampleMany, Trainer } from "../mod.ts";
 *
 * const corpus = corpusFromText("tick tock ".repeat(50));
 * const config = resolveConfig({ hidden: 16, seqLength: 10, batchSize: 2 }, { chars: corpus.length });
 * const trainer = Trainer.create(corpus, config);
 * for (let step = 0; step < 200; step++) trainer.step();
 * const texts = sampleMany(trainer.model(), { count: 3, length: 10 });
 * console.log(texts.length, texts[0] === sample(trainer.model(), { length: 10 })); // 3 true
 * ```
 */
export function sampleMany(model: Model, options: SampleManyOptions = {}): string[] {
  const { ids, length, writer } = prepare(model, options);
  const { count = 1 } = options;
  const writers = Array.from({ length: count }, (_, i) => writer(i));
  const texts = new Array<string>(count).fill("");
  const next = new Uint32Array(count);
  const reader = new Decoder(model, count);
  let logits = new Array<RealArray>(count).fill(reader.begin(ids));
  for (let n = 0; n < length && writers.some(({ done }) => !done); n++) {
    if (n > 0) logits = reader.read(next);
    // Whoever is done reads on, for nothing, in the place that is there for it.
    writers.forEach((writer, i) => {
      if (writer.done) return;
      const { id, character } = writer.write(logits[i]!);
      next[i] = id;
      texts[i] += character;
    });
  }
  return texts;
}
