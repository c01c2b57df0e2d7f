import type { Engine } from "../engine/engine.ts";
import { InputError } from "../errors.ts";
import type { Model } from "../model/model.ts";
import type { ParameterSet } from "../model/parameters.ts";
import { BigramModel } from "./baselines.ts";
import type { Corpus } from "../text/corpus.ts";
import { uniformNats, unigramNats } from "./statistics.ts";
import type { Span } from "../text/split.ts";
import { IdWindow } from "../text/window.ts";
import { createEvalEngine, STEPS } from "./eval_engine.ts";

/** How well a model predicts a text; see {@linkcode evaluate}. */
export interface Evaluation {
  /** Characters predicted: all of the text but the first, which nothing precedes. */
  readonly chars: number;
  /** Mean cross-entropy of the predictions, in nats per character. */
  readonly natsPerChar: number;
  /** The same in bits. */
  readonly bitsPerChar: number;
  /** e to the nats per character: the number of equally likely characters that are as hard to guess. */
  readonly perplexity: number;
  /** What guessing evenly among the text's distinct characters would give, in nats per character. */
  readonly uniformNatsPerChar: number;
  /** What the text's own character frequencies would give, in nats per character. */
  readonly unigramNatsPerChar: number;
  /**
   * What its frequencies of characters after the one before would give, in nats per character. As
   * they are the text's own, a short text makes it lower than any model can be that has not seen it.
   */
  readonly bigramNatsPerChar: number;
}

/** Characters that are read at a time. */
const WINDOW = 1 << 16;

/**
 * Runs a model over stretches of text, in an engine of its own: whatever is trained elsewhere is
 * not disturbed.
 */
export class Evaluator {
  readonly #engine: Engine;

  /**
   * @param most Threads that may compute together; they are fewer where that is faster. The results
   * are the same bits with any number.
   * @throws {InputError} when a network of these sizes does not fit into memory.
   */
  constructor(model: Pick<Model, "config" | "vocabulary">, most?: number) {
    this.#engine = createEvalEngine(model, most);
  }

  /** Ends the threads, which keep no process alive in any case. */
  [Symbol.dispose](): void {
    this.#engine.close();
  }

  /**
   * The mean cross-entropy of the characters [start + 1, end) of each stretch, each predicted from
   * all those before it back to `start`, where the hidden state is zero; in nats per character.
   *
   * @param parameters The model's, of the sizes given to the constructor.
   * @param spans At least one, each of at least two characters.
   * @throws {TextError} as {@linkcode Corpus.read} does.
   */
  natsPerChar(parameters: ParameterSet, text: Pick<Corpus, "read">, ...spans: Span[]): number {
    const pieces = this.inPieces(parameters, text, ...spans);
    for (;;) {
      const { done, value } = pieces.next();
      if (done) return value;
    }
  }

  /**
   * As {@linkcode Evaluator.natsPerChar}, with a pause after each piece of the text, in which the
   * caller may do something else, or give up. One at a time.
   */
  *inPieces(
    parameters: ParameterSet,
    text: Pick<Corpus, "read">,
    ...spans: readonly Span[]
  ): Generator<void, number> {
    const engine = this.#engine;
    engine.writeParameters(parameters);
    let nats = 0;
    let predicted = 0;
    for (const [start, end] of spans) {
      engine.writeHiddenState();
      const window = new IdWindow(text, end, Math.min(WINDOW, end - start));
      for (let at = start; at + 1 < end; at += STEPS) {
        const seqLength = Math.min(STEPS, end - 1 - at);
        const ids = window.ids(at, seqLength + 1);
        engine.inputIds.set(ids.subarray(0, seqLength));
        engine.targetIds.set(ids.subarray(1));
        engine.forward(seqLength);
        nats += engine.crossEntropy(seqLength);
        predicted += seqLength;
        engine.carryHiddenState(seqLength);
        yield;
      }
    }
    return nats / predicted;
  }
}

/**
 * Measures how well a model predicts a text: one pass from the first character to the last, with
 * the hidden state carried all the way, and another that counts which character follows which.
 *
 * @param model A model, for example a checkpoint.
 * @param text The text in the ids of the model's vocabulary, how often each occurs, and what an
 * error should call it.
 * @throws {InputError} when the text has fewer than two characters.
 * @throws {TextError} as {@linkcode Corpus.read} does.
 *
 * @example
 * ```ts
 * import { corpusFromText, evaluate, resolveConfig, Trainer } from "../mod.ts";
 *
 * const corpus = corpusFromText("to be or not to be. ".repeat(50));
 * const config = resolveConfig({ hidden: 16, seqLength: 10, batchSize: 4 }, { chars: corpus.length });
 * const trainer = Trainer.create(corpus, config);
 * for (let step = 0; step < 100; step++) trainer.step();
 * const { bitsPerChar, chars } = evaluate(trainer.model(), corpus);
 * console.log(chars, bitsPerChar < 3); // 999 true
 * ```
 */
export function evaluate(
  model: Model,
  text: Pick<Corpus, "length" | "counts" | "read"> & Partial<Pick<Corpus, "path">>,
): Evaluation {
  const { length } = text;
  if (length < 2) {
    const name = text.path === undefined ? "" : `${JSON.stringify(text.path)}, `;
    throw new InputError(
      `Cannot evaluate ${name}a text of ${length} character${length === 1 ? "" : "s"}: ` +
        `at least 2 are needed, as the first is only read`,
    );
  }
  using evaluator = new Evaluator(model);
  const natsPerChar = evaluator.natsPerChar(model.parameters, text, [0, length]);
  const frequencies = new BigramModel(model.vocabulary.size);
  const counting = frequencies.count(text, [0, length]);
  while (!counting.next().done);
  return {
    chars: length - 1,
    natsPerChar,
    bitsPerChar: natsPerChar / Math.LN2,
    perplexity: Math.exp(natsPerChar),
    uniformNatsPerChar: uniformNats(text.counts),
    unigramNatsPerChar: unigramNats(text.counts),
    bigramNatsPerChar: frequencies.conditionalEntropy(),
  };
}
