import type { Engine } from "../engine/engine.ts";
import { runToEnd } from "../event_loop.ts";
import type { Model } from "../model/model.ts";
import type { ParameterSet } from "../model/parameters.ts";
import type { Corpus } from "../text/corpus.ts";
import type { Span } from "../text/split.ts";
import { IdWindow } from "../text/window.ts";
import { createEvalEngine, EVAL_SEQ_LENGTH, type EvalEngineOptions } from "./eval_engine.ts";

/** Characters that are read from the corpus at a time. */
const WINDOW_LENGTH = 1 << 16;

/** What to measure; see {@linkcode Evaluator.loss}. */
export interface LossOptions {
  /** Weights of the sizes that the evaluator was created for. */
  readonly parameters: ParameterSet;
  /** At least one, each of at least two characters. */
  readonly spans: readonly Span[];
}

/** The loss of a few characters. */
export interface ChunkLoss {
  /** The sum of their losses. */
  readonly nats: number;
  /** The characters that were predicted. */
  readonly chars: number;
}

/**
 * Measures losses in an engine of its own, so that evaluation never disturbs training.
 *
 * @example
 * ```ts
 * import { corpusFromText, resolveConfig, Trainer } from "../mod.ts";
 * import { Evaluator } from "./evaluator.ts";
 *
 * const corpus = corpusFromText("to be or not to be. ".repeat(50));
 * const config = resolveConfig({ hidden: 16, seqLength: 10, batchSize: 4 });
 * using trainer = Trainer.create(corpus, config);
 * const { parameters } = trainer.model();
 * using evaluator = new Evaluator(trainer.model());
 * const loss = evaluator.loss(corpus, { parameters, spans: trainer.split.validation });
 * console.log(Math.abs(loss - Math.log(corpus.vocabulary.size)) < 0.1); // untrained: true
 * ```
 */
export class Evaluator implements Disposable {
  readonly #engine: Engine;

  /**
   * Creates an evaluator for models of the same sizes and precision as the given one.
   *
   * @param model Determines the sizes and the precision; its parameters are not used.
   * @throws {InputError} if the network does not fit into memory.
   */
  constructor(model: Pick<Model, "config" | "vocabulary">, options: EvalEngineOptions = {}) {
    this.#engine = createEvalEngine(model, options);
  }

  /** Stops the engine's threads. */
  [Symbol.dispose](): void {
    this.#engine[Symbol.dispose]();
  }

  /**
   * Measures the mean cross-entropy, in nats per character, of all characters of the spans but the
   * first of each. Every character is predicted from all before it in its span; the hidden state is
   * zero at the start of a span.
   *
   * @throws {TextError} as {@linkcode Corpus.read} does.
   */
  loss(corpus: Pick<Corpus, "read">, options: LossOptions): number {
    return runToEnd(this.lossInSlices(corpus, options));
  }

  /**
   * As {@linkcode Evaluator.loss}, but a generator that yields the number of characters predicted so
   * far after every {@linkcode EVAL_SEQ_LENGTH}; `runInSlices` of event_loop.ts runs it without blocking
   * the event loop. An evaluator can run one measurement at a time.
   *
   * @throws {TextError} as {@linkcode Corpus.read} does.
   */
  *lossInSlices(
    corpus: Pick<Corpus, "read">,
    options: LossOptions,
  ): Generator<number, number> {
    let nats = 0;
    let predicted = 0;
    for (const chunk of this.chunks(corpus, options)) {
      nats += chunk.nats;
      predicted += chunk.chars;
      yield predicted;
    }
    return nats / predicted;
  }

  /** Measures the loss of {@linkcode EVAL_SEQ_LENGTH} characters after another, or fewer at an end. */
  *chunks(
    corpus: Pick<Corpus, "read">,
    { parameters, spans }: LossOptions,
  ): Generator<ChunkLoss, void> {
    const engine = this.#engine;
    engine.writeParameters(parameters);
    for (const [start, end] of spans) {
      engine.writeHiddenState();
      const window = new IdWindow(corpus, { end, size: Math.min(WINDOW_LENGTH, end - start) });
      for (let at = start; at + 1 < end; at += EVAL_SEQ_LENGTH) {
        const seqLength = Math.min(EVAL_SEQ_LENGTH, end - 1 - at);
        const ids = window.read(at, seqLength + 1);
        engine.inputIds.set(ids.subarray(0, seqLength));
        engine.targetIds.set(ids.subarray(1));
        engine.forward(seqLength);
        const nats = engine.crossEntropy(seqLength);
        engine.carryHiddenState(seqLength);
        yield { nats, chars: seqLength };
      }
    }
  }
}

/** The number of chunks of spans; see {@linkcode Evaluator.chunks}. */
export function countChunks(spans: readonly Span[]): number {
  return spans.reduce((sum, [start, end]) => {
    return sum + Math.ceil((end - start - 1) / EVAL_SEQ_LENGTH);
  }, 0);
}
