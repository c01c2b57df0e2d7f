import * as v from "valibot";
import { checkOptions, optionsSchema } from "../arguments.ts";
import { runInSlices } from "../event_loop.ts";
import { log } from "../math.ts";
import { signal } from "../schemas.ts";
import { checkCorpus } from "../text/corpus.ts";
import type { EncodedText } from "../text/reencode.ts";
import { countChars, countPredicted, type Span, spansSchema, type Split } from "../text/split.ts";
import { BigramModel } from "./baselines/bigram.ts";
import { conditionalGzipNatsPerChar } from "./baselines/gzip.ts";

/** A part of a corpus. */
export type Part = "training" | "validation" | "test";

/** Losses of the baselines on one part of a corpus, in nats per character. */
export interface PartBaselines {
  /** The part. */
  readonly part: Part;
  /** The measured spans: the part, or some of it. */
  readonly spans: readonly Span[];
  /** Number of predicted characters: all but the first of each span. */
  readonly chars: number;
  /** Number of characters that would be predicted in the whole part. */
  readonly partChars: number;
  /** The bigram baseline, counted on the training part. */
  readonly bigram: number;
  /** The unigram baseline, counted on the training part. */
  readonly unigram: number;
  /** A uniform prediction among all characters of the vocabulary. */
  readonly uniform: number;
  /** What `gzip` at level 9 adds for these characters, given the text before each span. */
  readonly gzip: number;
}

/** What to measure; see {@linkcode measureBaselines}. */
export interface BaselineOptions {
  /** The parts of the corpus, for example those of a {@linkcode Trainer}. */
  readonly split: Split;
  /** The parts to measure. Default: all. */
  readonly parts?: readonly Part[];
  /** Stops the measurement. */
  readonly signal?: AbortSignal | undefined;
}

const partNames = ["training", "validation", "test"] as const satisfies Part[];

/** The schema of a split. */
export const splitSchema = v.strictObject({
  train: spansSchema,
  validation: spansSchema,
  test: spansSchema,
});

const schema = optionsSchema({
  parts: v.array(v.picklist(partNames, `must be ${partNames.join(", ")}`), "must be an array"),
  signal,
}, { split: splitSchema });

/** The most characters that are measured of a part. */
const MAX_MEASURED = 1_000_000;
/** The fewest characters of the training part that are measured, if it has as many. */
const MIN_TRAINING_MEASURED = 50_000;
/** The most characters that n-grams are counted on: a bigram model learns little from more. */
const MAX_COUNTED = 2_000_000;

/**
 * Measures uniform, n-gram and `gzip` baselines on parts of a corpus, without a model: what any
 * model of the text should do better than.
 *
 * It measures what {@linkcode summarize} does, on the same spans. The computation yields to the event
 * loop.
 *
 * @param corpus The text.
 * @param options What to measure.
 * @returns One entry for each part that is not empty; `undefined` if the signal stopped it.
 * @throws {InputError} if an option is wrong.
 * @throws {TextError} if the text can no longer be read.
 * @throws {TypeError} if `corpus` is no corpus.
 *
 * @example
 * ```ts
 * import { corpusFromText, measureBaselines, resolveConfig, Trainer } from "../mod.ts";
 *
 * const corpus = corpusFromText("to be or not to be. ".repeat(100));
 * const config = resolveConfig({ hidden: 16, seqLength: 10, batchSize: 4 });
 * using trainer = Trainer.create(corpus, config);
 * const { split } = trainer;
 * const [validation] = (await measureBaselines(corpus, { split, parts: ["validation"] }))!;
 * console.log(validation!.bigram < validation!.unigram); // true
 * ```
 */
export async function measureBaselines(
  corpus: EncodedText,
  options: BaselineOptions,
): Promise<PartBaselines[] | undefined> {
  const context = "Cannot measure baselines";
  checkCorpus(corpus, context);
  const { split, parts = partNames, signal } = checkOptions(options, { schema, context });
  const ngrams = new BigramModel(corpus.vocabulary.size);
  for (const span of lastOf(split.train, MAX_COUNTED)) {
    await runInSlices(ngrams.countInSlices(corpus, span), signal);
  }
  const measured: PartBaselines[] = [];
  for (const { part, whole, spans } of measuredParts(split)) {
    if (!parts.includes(part)) continue;
    const losses = await runInSlices(ngrams.lossInSlices(corpus, spans), signal);
    if (losses === undefined) return undefined;
    measured.push({
      part,
      spans,
      chars: countPredicted(spans),
      partChars: countPredicted(whole),
      ...losses,
      uniform: log(corpus.vocabulary.size),
      gzip: await conditionalGzipNatsPerChar(corpus, joinAdjacent(spans)),
    });
  }
  return signal?.aborted ? undefined : measured;
}

/** A part, and what is measured of it. */
interface MeasuredPart {
  readonly part: Part;
  readonly whole: readonly Span[];
  readonly spans: readonly Span[];
}

/**
 * The parts that are not empty. At most the first million characters of the validation part and of
 * the test part are measured, and of the training part its last characters.
 */
function measuredParts(split: Split): MeasuredPart[] {
  const training = Math.max(countChars(split.validation), MIN_TRAINING_MEASURED);
  const parts: MeasuredPart[] = [
    {
      ...{ part: "training", whole: split.train },
      spans: lastOf(split.train, Math.min(training, MAX_MEASURED)),
    },
    {
      ...{ part: "validation", whole: split.validation },
      spans: firstOf(split.validation, MAX_MEASURED),
    },
    { part: "test", whole: split.test, spans: firstOf(split.test, MAX_MEASURED) },
  ];
  return parts.filter(({ spans }) => spans.length > 0);
}

/** Spans that follow one another as one: to `gzip` a text of several is one file. */
function joinAdjacent(spans: readonly Span[]): Span[] {
  const joined: Span[] = [];
  for (const [start, end] of spans) {
    const last = joined.at(-1);
    if (last?.[1] === start) joined.splice(-1, 1, [last[0], end]);
    else joined.push([start, end]);
  }
  return joined;
}

/** The last characters of the spans, about `chars` in total and the same number of each. */
function lastOf(spans: readonly Span[], chars: number): readonly Span[] {
  if (!areEqual(spans)) return firstWhole(spans.toReversed(), chars).toReversed();
  const each = Math.max(2, Math.floor(chars / spans.length));
  return spans.map(([start, end]) => [Math.max(start, end - each), end]);
}

/** The first characters of the spans, about `chars` in total and the same number of each. */
function firstOf(spans: readonly Span[], chars: number): readonly Span[] {
  if (countChars(spans) <= chars) return spans;
  if (!areEqual(spans)) return firstWhole(spans, chars);
  const each = Math.max(2, Math.floor(chars / spans.length));
  return spans.map(([start, end]) => [start, Math.min(end, start + each)]);
}

/** Whether spans have one length, as those of streams have; those of texts and lines have not. */
function areEqual(spans: readonly Span[]): boolean {
  const [first] = spans;
  return spans.every(([start, end]) => end - start === first![1] - first![0]);
}

/** The first spans, as many as have about `chars` characters together, and one at least. */
function firstWhole(spans: readonly Span[], chars: number): readonly Span[] {
  let sum = 0;
  const end = spans.findIndex(([start, end]) => (sum += end - start) > chars);
  if (end > 0) return spans.slice(0, end);
  if (end < 0) return spans;
  const [[start]] = spans as [Span];
  return [[start, start + Math.max(2, chars)]];
}
