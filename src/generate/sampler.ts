import { SLICE_MS, yieldToEventLoop } from "../event_loop.ts";
import { checkModel, type Model } from "../model/model.ts";
import type { RealArray } from "../model/parameters.ts";
import { Decoder } from "./decoder.ts";
import { checkOptionsOf, type SampleManyOptions, type SampleOptions } from "./options.ts";
import { type ResolvedOptions, resolveOptions, type TextGenerator } from "./text_generator.ts";

/**
 * Generates texts with a model, one character at a time. It copies the model's parameters once, so
 * it is faster than several calls of {@linkcode sample}.
 *
 * @example
 * ```ts
 * import { corpusFromText, resolveConfig, Sampler, Trainer } from "../mod.ts";
 *
 * const corpus = corpusFromText("abcd".repeat(100));
 * const config = resolveConfig({ hidden: 16, seqLength: 8, batchSize: 4 });
 * using trainer = Trainer.create(corpus, config);
 * for (let step = 0; step < 200; step++) trainer.step();
 * const sampler = new Sampler(trainer.model());
 * console.log([...sampler.generate({ prompt: "ab", length: 4, greedy: true })].join("")); // cdab
 * ```
 */
export class Sampler {
  readonly #model: Model;
  readonly #decoder: Decoder;

  /**
   * Copies the model's parameters.
   *
   * @param model A model, for example a checkpoint.
   * @throws {InputError} if the network does not fit into memory, or its configuration is invalid.
   * @throws {RangeError} if the weights do not have the shapes of the configuration.
   * @throws {TypeError} if it is no model.
   */
  constructor(model: Model) {
    checkModel(model, "Cannot sample");
    this.#model = model;
    this.#decoder = new Decoder(model, 1);
  }

  /**
   * Generates the characters that follow the prompt. Several texts of a sampler may be iterated
   * alternately.
   *
   * @throws {InputError} at the call if an option is unknown or out of its range, two cannot be combined, or
   * the prompt or the stop text has a character that is not in the vocabulary.
   * @throws {RangeError} during iteration if the model's weights are so large that its logits are
   * not finite.
   */
  generate(options: SampleOptions = {}): Iterable<string> {
    return withoutBurnIn(generateAll(this.#model, this.#decoder, options));
  }
}

/** {@linkcode Sampler.generate}, with an empty string for each character of the burn-in. */
function generateAll(model: Model, decoder: Decoder, options: SampleOptions): Iterable<string> {
  // Not itself a generator function, which would check the options at the first character.
  return decodeAll(decoder, resolveOptions(model, checkOptionsOf(options, "sample")));
}

function* decodeAll(decoder: Decoder, { promptIds, nextGenerator }: ResolvedOptions) {
  const generator = nextGenerator();
  if (generator.isDone) return;
  let logits = decoder.readPrompt(promptIds);
  while (true) {
    // While the caller has the character, another text may use the decoder.
    const state = decoder.readHiddenState();
    const { id, character } = generator.next(logits);
    yield character;
    if (generator.isDone) return;
    decoder.writeHiddenState(state);
    logits = decoder.step([id])[0]!;
  }
}

function* withoutBurnIn(characters: Iterable<string>): Generator<string> {
  for (const character of characters) if (character !== "") yield character;
}

/**
 * Continues a text with a model.
 *
 * @returns The characters that follow the prompt, without it. If the stop text ended generation,
 * the result ends with it.
 * @throws {InputError} if an option is unknown or out of its range, two cannot be combined, the prompt or the
 * stop text has a character that is not in the vocabulary, or the network does not fit into memory.
 * @throws {RangeError} if the model's weights are so large that its logits are not finite, or do not
 * have the shapes of its configuration.
 * @throws {TypeError} if `model` is no model.
 *
 * @example
 * ```ts
 * import { corpusFromText, resolveConfig, sample, Trainer } from "../mod.ts";
 *
 * const corpus = corpusFromText("tick tock ".repeat(50));
 * const config = resolveConfig({ hidden: 16, seqLength: 10, batchSize: 2 });
 * using trainer = Trainer.create(corpus, config);
 * for (let step = 0; step < 200; step++) trainer.step();
 * const model = trainer.model();
 * console.log(sample(model, { prompt: "tick", length: 10, temperature: 0.5 }).length); // 10
 * const toStop = sample(model, { prompt: "tick", topK: 3, topP: 0.9, stop: "ock" });
 * console.log(toStop.endsWith("ock")); // true
 * ```
 */
export function sample(model: Model, options: SampleOptions = {}): string {
  return [...new Sampler(model).generate(options)].join("");
}

/**
 * Continues a text with a model, as {@linkcode sample} does, one character at a time.
 *
 * Between characters it yields to the event loop, so timers, signals and servers keep running. A
 * `break` out of the loop ends the computation.
 *
 * @throws {InputError} at the call, as {@linkcode sample} does.
 * @throws {RangeError} during iteration, as {@linkcode sample} does.
 *
 * @example
 * ```ts
 * import { corpusFromText, resolveConfig, sampleStream, Trainer } from "../mod.ts";
 *
 * const corpus = corpusFromText("tick tock ".repeat(50));
 * const config = resolveConfig({ hidden: 16, seqLength: 10, batchSize: 2 });
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
  checkModel(model, "Cannot sample");
  return inSlices(generateAll(model, new Decoder(model, 1), options));
}

/** Yields the characters, and to the event loop every {@linkcode SLICE_MS}, also in a burn-in. */
async function* inSlices(characters: Iterable<string>): AsyncGenerator<string, void, undefined> {
  let begin = performance.now();
  for (const character of characters) {
    if (character !== "") yield character;
    if (performance.now() - begin < SLICE_MS) continue;
    await yieldToEventLoop();
    begin = performance.now();
  }
}

/**
 * Continues a text with a model several times. The texts are computed side by side, which is faster
 * than one after the other.
 *
 * Text i of a seed is the same for any `count`, and text 0 is that of {@linkcode sample}.
 *
 * @returns `count` texts, each as {@linkcode sample} returns it.
 * @throws {InputError} as {@linkcode sample} does.
 * @throws {RangeError} as {@linkcode sample} does.
 *
 * @example
 * ```ts
 * import { corpusFromText, resolveConfig, sample, sampleMany, Trainer } from "../mod.ts";
 *
 * const corpus = corpusFromText("tick tock ".repeat(50));
 * const config = resolveConfig({ hidden: 16, seqLength: 10, batchSize: 2 });
 * using trainer = Trainer.create(corpus, config);
 * for (let step = 0; step < 200; step++) trainer.step();
 * const model = trainer.model();
 * const texts = sampleMany(model, { count: 3, length: 10 });
 * console.log(texts.length, texts[0] === sample(model, { length: 10 })); // 3 true
 * ```
 */
export function sampleMany(model: Model, options: SampleManyOptions = {}): string[] {
  return [...sampleTexts(model, options)];
}

/** Texts that are computed side by side: more take more memory, and are hardly faster. */
const MAX_GROUP = 256;

/** As {@linkcode sampleMany}, but yields the texts in groups, so that there may be any number. */
export function sampleTexts(model: Model, options: SampleManyOptions = {}): Iterable<string> {
  checkModel(model, "Cannot sample");
  // Not itself a generator function, which would check the options at the first text.
  return decodeGroups(model, resolveOptions(model, checkOptionsOf(options, "sampleMany")));
}

function* decodeGroups(model: Model, { promptIds, count, nextGenerator }: ResolvedOptions) {
  const decoder = new Decoder(model, Math.min(count, MAX_GROUP));
  for (let done = 0; done < count; done += MAX_GROUP) {
    const size = Math.min(count - done, MAX_GROUP);
    const generators = Array.from({ length: size }, nextGenerator);
    yield* decodeGroup(decoder, { promptIds, generators });
  }
}

/** The texts of some generators. */
function decodeGroup(
  decoder: Decoder,
  { promptIds, generators }: {
    readonly promptIds: Uint32Array;
    readonly generators: readonly TextGenerator[];
  },
): string[] {
  const texts = generators.map(() => "");
  const ids = new Uint32Array(generators.length);
  const first = decoder.readPrompt(promptIds);
  let logits: readonly RealArray[] = generators.map(() => first);
  while (true) {
    for (const [i, generator] of generators.entries()) {
      if (generator.isDone) continue;
      const { id, character } = generator.next(logits[i]!);
      ids[i] = id;
      texts[i] += character;
    }
    if (generators.every(({ isDone }) => isDone)) return texts;
    // Ended texts read their last character again: their streams exist, and nothing uses them.
    logits = decoder.step(ids);
  }
}
