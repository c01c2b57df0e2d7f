import * as v from "valibot";
import { checkOptions, optionsSchema } from "../arguments.ts";
import { runInSlices } from "../event_loop.ts";
import { checkModel, type Model } from "../model/model.ts";
import { signal } from "../schemas.ts";
import { checkCorpus } from "../text/corpus.ts";
import { type EncodedText, reencode } from "../text/reencode.ts";
import { countChars, countPredicted, type Span, spansSchema, type Split } from "../text/split.ts";
import { BigramModel } from "./baselines/bigram.ts";
import { conditionalGzipNatsPerChar } from "./baselines/gzip.ts";
import { Evaluator } from "./evaluator.ts";
import { log } from "../math.ts";

/** Losses of a model and of the baselines on one part of a corpus, in nats per character. */
export interface PartSummary {
  /** The part. */
  readonly part: "training" | "validation" | "test";
  /** The measured spans: the part, or some of it. */
  readonly spans: readonly Span[];
  /** Number of predicted characters: all but the first of each span. */
  readonly chars: number;
  /** Number of characters that would be predicted in the whole part. */
  readonly partChars: number;
  /** The model, as {@linkcode evaluate} measures it on the same spans. */
  readonly model: number;
  /** The bigram baseline, counted on the training part. */
  readonly bigram: number;
  /** The unigram baseline, counted on the training part. */
  readonly unigram: number;
  /** A uniform prediction among all characters of the vocabulary. */
  readonly uniform: number;
  /** What `gzip` at level 9 adds for these characters, given the text before each span. */
  readonly gzip: number;
}

/** What to measure; see {@linkcode summarize}. */
export interface SummarizeOptions {
  /** The parts of the corpus, for example those of a {@linkcode Trainer}. */
  readonly split: Split;
  /** Stops the measurement. */
  readonly signal?: AbortSignal | undefined;
}

const schema = optionsSchema({ signal }, {
  split: v.strictObject({ train: spansSchema, validation: spansSchema, test: spansSchema }),
});

/** The most characters that are measured of a part. */
const MAX_MEASURED = 1_000_000;
/** The fewest characters of the training part that are measured, if it has as many. */
const MIN_TRAINING_MEASURED = 50_000;
/** The most characters that n-grams are counted on: a bigram model learns little from more. */
const MAX_COUNTED = 2_000_000;

/**
 * Measures a model's loss on each part of its corpus, next to uniform, n-gram and `gzip` baselines.
 *
 * At most the first million characters of the validation part and of the test part are measured,
 * and of the training part its last characters: as many as the validation part has, but at least
 * 50,000. N-grams are counted on the last two million characters of the training part; `gzip` is
 * given the 32 KiB before each span. The hidden state is zero at the start of each span. The
 * computation yields to the event loop.
 *
 * @param model A model, for example a checkpoint.
 * @param corpus A text of characters of the model's vocabulary; its own vocabulary may be another.
 * @param options What to measure.
 * @returns One entry for each part that is not empty; `undefined` if the signal stopped it.
 * @throws {InputError} if the model's vocabulary lacks a character of the text, which is named.
 * @throws {InputError} if an option is wrong.
 * @throws {TextError} if the text can no longer be read.
 * @throws {TypeError} if an argument is no model or no corpus.
 * @throws {RangeError} if the model's weights do not have the shapes of its configuration.
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
  corpus: EncodedText,
  options: SummarizeOptions,
): Promise<PartSummary[] | undefined> {
  checkModel(model, "Cannot summarize");
  checkCorpus(corpus, "Cannot summarize");
  const { split, signal } = checkOptions(options, { schema, context: "Cannot summarize" });
  const text = reencode(corpus, model.vocabulary);
  const ngrams = new BigramModel(model.vocabulary.size);
  for (const span of lastOf(split.train, MAX_COUNTED)) {
    await runInSlices(ngrams.countInSlices(text, span), signal);
  }
  if (signal?.aborted) return undefined;
  const training = Math.max(countChars(split.validation), MIN_TRAINING_MEASURED);
  const parts = [
    ["training", split.train, lastOf(split.train, Math.min(training, MAX_MEASURED))],
    ["validation", split.validation, firstOf(split.validation, MAX_MEASURED)],
    ["test", split.test, firstOf(split.test, MAX_MEASURED)],
  ] as const;
  using evaluator = new Evaluator(model);
  const { parameters } = model;
  const summary: PartSummary[] = [];
  for (const [part, whole, spans] of parts) {
    if (spans.length === 0) continue;
    const loss = await runInSlices(evaluator.lossInSlices(text, { parameters, spans }), signal);
    const baselines = await runInSlices(ngrams.lossInSlices(text, spans), signal);
    if (loss === undefined || baselines === undefined) return undefined;
    summary.push({
      part,
      spans,
      chars: countPredicted(spans),
      partChars: countPredicted(whole),
      model: loss,
      ...baselines,
      uniform: log(model.vocabulary.size),
      gzip: await conditionalGzipNatsPerChar(text, spans),
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
