import type { Model } from "../model/model.ts";
import { BigramModel } from "./baselines.ts";
import type { Corpus } from "../text/corpus.ts";
import { gzipNats } from "./gzip.ts";
import { charsOf, type Span, type Split } from "../text/split.ts";
import { Evaluator } from "./evaluate.ts";
import { runInSlices } from "../event_loop.ts";

/** How well a model predicts a part of its text, beside what knows less; in nats per character. */
export interface PartSummary {
  /** Which part of the text. */
  readonly part: "training" | "validation" | "test";
  /** Characters that were measured. */
  readonly chars: number;
  /** The model. */
  readonly model: number;
  /** Frequencies of characters after the one before, counted on the training part. */
  readonly bigram: number;
  /** Frequencies of characters, counted on the training part. */
  readonly unigram: number;
  /** A guess among all characters of the text. */
  readonly uniform: number;
  /** `gzip -9`, of this part alone. */
  readonly gzip: number;
}

/** Of each part at most so many characters are measured. */
const MOST_MEASURED = 1_000_000;
/** Without a validation part so many of the training part. */
const MEASURED_OF_TRAINING = 50_000;
/** Characters whose frequencies are counted: a bigram learns little from more. */
const MOST_COUNTED = 2_000_000;

/** Which text to measure; see {@linkcode summarize}. */
export interface SummarizeOptions {
  /** The parts of the corpus, for example those of a {@linkcode Trainer}. */
  readonly split: Split;
  /** Stops the measurement. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Measures a model's loss on each part of its corpus, next to the n-gram and `gzip` baselines.
 *
 * The hidden state is zero at the start of each span. At most the first million characters of the
 * validation and test parts are measured, and as many of the training part as are held out for
 * validation: its last ones. N-grams are counted on the last two million characters of the training
 * part. The computation yields to the event loop.
 *
 * @returns One entry for each part that is not empty; `undefined` if the signal stopped it.
 * @throws {TextError} if the text can no longer be read.
 *
 * @example
 * ```ts
 * import { corpusFromText, resolveConfig, summarize, Trainer } from "../mod.ts";
 *
 * const corpus = corpusFromText("to be or not to be. ".repeat(100));
 * const config = resolveConfig({ hidden: 16, seqLength: 10, batchSize: 4 }, { chars: corpus.length });
 * using trainer = Trainer.create(corpus, config);
 * for (let step = 0; step < 300; step++) trainer.step();
 * const summary = await summarize(trainer.model(), corpus, { split: trainer.split });
 * const validation = summary!.find(({ part }) => part === "validation")!;
 * console.log(validation.model < validation.bigram); // true
 * ```
 */
export async function summarize(
  model: Model,
  corpus: Pick<Corpus, "read" | "vocabulary">,
  { split, signal }: SummarizeOptions,
): Promise<PartSummary[] | undefined> {
  return await runInSlices(summaries(model, corpus, split), signal);
}

function* summaries(
  model: Model,
  corpus: Pick<Corpus, "read" | "vocabulary">,
  split: Split,
): Generator<void, PartSummary[]> {
  const frequencies = new BigramModel(corpus.vocabulary.size);
  for (const span of ends(split.train, MOST_COUNTED)) yield* frequencies.count(corpus, span);
  using evaluator = new Evaluator(model);
  const held = charsOf(split.validation) || MEASURED_OF_TRAINING;
  const parts = [
    ["training", ends(split.train, Math.min(held, MOST_MEASURED))],
    ["validation", starts(split.validation, MOST_MEASURED)],
    ["test", starts(split.test, MOST_MEASURED)],
  ] as const;
  const summaries: PartSummary[] = [];
  for (const [part, spans] of parts) {
    if (spans.length === 0) continue;
    summaries.push({
      part,
      chars: charsOf(spans),
      model: yield* evaluator.inPieces(model.parameters, corpus, ...spans),
      ...yield* frequencies.measure(corpus, spans),
      uniform: Math.log(corpus.vocabulary.size),
      gzip: gzipNats(corpus, spans),
    });
    yield;
  }
  return summaries;
}

/** The last characters of stretches, about so many in all and as many of each. */
function ends(spans: readonly Span[], chars: number): Span[] {
  const each = Math.max(2, Math.floor(chars / spans.length));
  return spans.map(([start, end]) => [Math.max(start, end - each), end]);
}

/** The first characters of stretches, likewise. */
function starts(spans: readonly Span[], chars: number): Span[] {
  const each = Math.max(2, Math.floor(chars / spans.length));
  return spans.map(([start, end]) => [start, Math.min(end, start + each)]);
}
