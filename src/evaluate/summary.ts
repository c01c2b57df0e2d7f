import { runInSlices } from "../event_loop.ts";
import type { Model } from "../model/model.ts";
import type { Corpus } from "../text/corpus.ts";
import { countChars, type Span, type Split } from "../text/split.ts";
import { BigramModel } from "./baselines/bigram.ts";
import { gzipNatsPerChar } from "./baselines/gzip.ts";
import { Evaluator } from "./evaluator.ts";

/** Losses of a model and of the baselines on one part of a corpus, in nats per character. */
export interface PartSummary {
  /** The part. */
  readonly part: "training" | "validation" | "test";
  /** Number of measured characters. */
  readonly chars: number;
  /** The model. */
  readonly model: number;
  /** The bigram baseline, counted on the training part. */
  readonly bigram: number;
  /** The unigram baseline, counted on the training part. */
  readonly unigram: number;
  /** A uniform prediction among all characters of the vocabulary. */
  readonly uniform: number;
  /** `gzip -9` of this part alone. */
  readonly gzip: number;
}

/** What to measure; see {@linkcode summarize}. */
export interface SummarizeOptions {
  /** The parts of the corpus, for example those of a {@linkcode Trainer}. */
  readonly split: Split;
  /** Stops the measurement. */
  readonly signal?: AbortSignal | undefined;
}

/** The most characters that are measured of a part. */
const MAX_MEASURED = 1_000_000;
/** Characters of the training part that are measured if there is no validation part. */
const TRAINING_MEASURED = 50_000;
/** The most characters that n-grams are counted on: a bigram model learns little from more. */
const MAX_COUNTED = 2_000_000;

/**
 * Measures a model's loss on each part of its corpus, next to uniform, n-gram and `gzip` baselines.
 *
 * At most the first million characters of the validation part and of the test part are measured,
 * and of the training part its last characters, as many as the validation part has. N-grams are
 * counted on the last two million characters of the training part. The hidden state is zero at the
 * start of each span. The computation yields to the event loop.
 *
 * @returns One entry for each part that is not empty; `undefined` if the signal stopped it.
 * @throws {TextError} if the text can no longer be read.
 *
 * @example
 * ```ts
 * import { corpusFromText, resolveConfig, summarize, Trainer } from "../mod.ts";
 *
 * const corpus = corpusFromText("to be or not to be. ".repeat(100));
 * const config = resolveConfig({ hidden: 16, seqLength: 10, batchSize: 4 });
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
  const ngrams = new BigramModel(corpus.vocabulary.size);
  for (const span of lastOf(split.train, MAX_COUNTED)) {
    await runInSlices(ngrams.countInSlices(corpus, span), signal);
  }
  if (signal?.aborted) return undefined;
  const heldOut = countChars(split.validation) || TRAINING_MEASURED;
  const parts = [
    ["training", lastOf(split.train, Math.min(heldOut, MAX_MEASURED))],
    ["validation", firstOf(split.validation, MAX_MEASURED)],
    ["test", firstOf(split.test, MAX_MEASURED)],
  ] as const;
  using evaluator = new Evaluator(model);
  const { parameters } = model;
  const summary: PartSummary[] = [];
  for (const [part, spans] of parts) {
    if (spans.length === 0) continue;
    const loss = await runInSlices(evaluator.lossInSlices(corpus, { parameters, spans }), signal);
    const baselines = await runInSlices(ngrams.lossInSlices(corpus, spans), signal);
    if (loss === undefined || baselines === undefined) return undefined;
    summary.push({
      part,
      chars: countChars(spans),
      model: loss,
      ...baselines,
      uniform: Math.log(corpus.vocabulary.size),
      gzip: await gzipNatsPerChar(corpus, spans),
    });
  }
  return signal?.aborted ? undefined : summary;
}

/** The last characters of the spans, about `chars` in total and the same number of each. */
function lastOf(spans: readonly Span[], chars: number): Span[] {
  const each = Math.max(2, Math.floor(chars / spans.length));
  return spans.map(([start, end]) => [Math.max(start, end - each), end]);
}

/** The first characters of the spans, about `chars` in total and the same number of each. */
function firstOf(spans: readonly Span[], chars: number): Span[] {
  const each = Math.max(2, Math.floor(chars / spans.length));
  return spans.map(([start, end]) => [start, Math.min(end, start + each)]);
}
