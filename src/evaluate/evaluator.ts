import type { Engine } from "../engine/engine.ts";
import { runToEnd } from "../event_loop.ts";
import type { Model } from "../model/model.ts";
import type { ParameterSet } from "../model/parameters.ts";
import type { Corpus } from "../text/corpus.ts";
import type { Span } from "../text/split.ts";
import { IdWindow } from "../text/window.ts";
import { createEvalEngine, type EvalEngineOptions } from "./eval_engine.ts";
import { EVAL_SEQ_LENGTH, type Piece, piecesOf } from "./pieces.ts";

/** Characters that are read from the corpus at a time. */
const WINDOW_LENGTH = 1 << 16;
/** Pieces that are read side by side: matrix products of more rows are no faster. */
const MAX_STREAMS = 8;

/** What to measure; see {@linkcode Evaluator.loss}. */
export interface LossOptions {
  /** Weights of the sizes that the evaluator was created for. */
  readonly parameters: ParameterSet;
  /** At least one, each of at least two characters. */
  readonly spans: readonly Span[];
}

/** What a step of a measurement has found. */
export interface MeasuredStep {
  /** The characters that were predicted. */
  readonly chars: number;
  /** Sums of losses of {@linkcode EVAL_SEQ_LENGTH} characters each that are known now, in the order of the text. */
  readonly sums: readonly number[];
}

/** A piece that is being read. */
interface Reading {
  readonly piece: Piece;
  readonly window: IdWindow;
  readonly sums: number[];
  /** The next character to read. */
  at: number;
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
  readonly #model: Pick<Model, "config" | "vocabulary">;
  readonly #threads: number | "auto" | undefined;
  #engine: Engine | undefined;

  /**
   * Creates an evaluator for models of the same sizes and precision as the given one.
   *
   * @param model Determines the sizes and the precision; its parameters are not used.
   */
  constructor(
    { config, vocabulary }: Pick<Model, "config" | "vocabulary">,
    { threads }: Pick<EvalEngineOptions, "threads"> = {},
  ) {
    this.#model = { config, vocabulary };
    this.#threads = threads;
  }

  /** Stops the engine's threads. */
  [Symbol.dispose](): void {
    this.#engine?.[Symbol.dispose]();
  }

  /**
   * Measures the mean cross-entropy, in nats per character, of all characters of the spans but the
   * first of each. The hidden state is zero at the start of a span, and every character is predicted
   * from all before it in its span; in the later pieces of a long span ({@linkcode piecesOf}), from
   * at least 512 before it.
   *
   * @throws {InputError} if the network does not fit into memory.
   * @throws {TextError} as {@linkcode Corpus.read} does.
   */
  loss(corpus: Pick<Corpus, "read">, options: LossOptions): number {
    return runToEnd(this.lossInSlices(corpus, options));
  }

  /**
   * As {@linkcode Evaluator.loss}, but a generator that yields the number of characters predicted so
   * far after every few milliseconds; `runInSlices` of event_loop.ts runs it without blocking
   * the event loop. An evaluator can run one measurement at a time.
   *
   * @throws {InputError} if the network does not fit into memory.
   * @throws {TextError} as {@linkcode Corpus.read} does.
   */
  *lossInSlices(
    corpus: Pick<Corpus, "read">,
    { parameters, spans }: LossOptions,
  ): Generator<number, number> {
    let nats = 0;
    let predicted = 0;
    for (const step of this.measure(corpus, { parameters, pieces: piecesOf(spans) })) {
      for (const sum of step.sums) nats += sum;
      predicted += step.chars;
      yield predicted;
    }
    return nats / predicted;
  }

  /** Measures the losses of pieces, several at once, and yields after a part of each. */
  *measure(
    corpus: Pick<Corpus, "read">,
    { parameters, pieces }: {
      readonly parameters: ParameterSet;
      readonly pieces: Iterable<Piece>;
    },
  ): Generator<MeasuredStep, void> {
    let engine: Engine | undefined;
    for (const group of groupsOf(pieces)) {
      // Only the last group may be smaller than the first.
      engine ??= this.#engineFor(group.length, parameters);
      engine.writeHiddenState();
      const readings = group.map((piece): Reading => {
        const { start, end } = piece;
        const window = new IdWindow(corpus, { end, size: Math.min(WINDOW_LENGTH, end - start) });
        return { piece, window, sums: [], at: start };
      });
      let chars = readStep(engine, readings);
      while (readings.some(isUnfinished)) {
        yield { chars, sums: [] };
        chars = readStep(engine, readings);
      }
      yield { chars, sums: readings.flatMap(({ sums }) => sums) };
    }
  }

  /** The engine with so many streams. */
  #engineFor(streams: number, parameters: ParameterSet): Engine {
    if (this.#engine?.options.batchSize !== streams) {
      this.#engine?.[Symbol.dispose]();
      this.#engine = createEvalEngine(this.#model, { threads: this.#threads, streams });
    }
    this.#engine.writeParameters(parameters);
    return this.#engine;
  }
}

/** Pieces that are read side by side. */
function* groupsOf(pieces: Iterable<Piece>): Generator<Piece[], void> {
  let group: Piece[] = [];
  for (const piece of pieces) {
    group.push(piece);
    if (group.length < MAX_STREAMS) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

function isUnfinished({ at, piece: { end } }: Reading): boolean {
  return at + 1 < end;
}

/** Reads the next characters of each piece; returns how many predictions count. */
function readStep(engine: Engine, readings: readonly Reading[]): number {
  const { batchSize } = engine.options;
  const counts = readings.map(({ at, piece: { end } }) =>
    Math.max(0, Math.min(EVAL_SEQ_LENGTH, end - 1 - at))
  );
  const seqLength = Math.max(...counts);
  // Streams of pieces that are shorter read any character: what follows does not count.
  engine.inputIds.fill(0);
  engine.targetIds.fill(0);
  for (const [b, { window, at }] of readings.entries()) {
    const count = counts[b]!;
    if (count === 0) continue;
    const ids = window.read(at, count + 1);
    for (let t = 0; t < count; t++) {
      engine.inputIds[t * batchSize + b] = ids[t]!;
      engine.targetIds[t * batchSize + b] = ids[t + 1]!;
    }
  }
  engine.forward(seqLength);
  let predicted = 0;
  if (readings.some(({ at, piece: { from } }, b) => counts[b]! > 0 && at >= from)) {
    engine.crossEntropy(seqLength);
    const losses = engine.readLosses(seqLength);
    for (const [b, { at, piece: { from }, sums }] of readings.entries()) {
      const count = counts[b]!;
      if (count === 0 || at < from) continue;
      let sum = 0;
      for (let t = 0; t < count; t++) sum += losses[t * batchSize + b]!;
      sums.push(sum);
      predicted += count;
    }
  }
  engine.carryHiddenState(seqLength);
  for (const [b, reading] of readings.entries()) reading.at += counts[b]!;
  return predicted;
}
