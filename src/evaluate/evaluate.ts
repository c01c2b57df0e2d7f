import { checkOptions, optionsSchema } from "../arguments.ts";
import { InputError } from "../errors.ts";
import { runInSlices } from "../event_loop.ts";
import { quotePath } from "../json.ts";
import { checkModel, type Model } from "../model/model.ts";
import { callback, signal } from "../schemas.ts";
import { checkCorpus } from "../text/corpus.ts";
import { type EncodedText, reencode } from "../text/reencode.ts";
import { findLines, spansOfLines } from "../text/lines.ts";
import { countPredicted, type Span, spansSchema, splitAtTexts } from "../text/split.ts";
import { BigramModel } from "./baselines/bigram.ts";
import { Evaluator } from "./evaluator.ts";
import { exp, log } from "../math.ts";

/**
 * The loss of a model on a text, next to baselines; see {@linkcode evaluate}.
 *
 * The unigram and bigram baselines are adaptive: they begin without counts, predict each character,
 * and count it afterwards. They have read the evaluated text up to the predicted character and nothing
 * else, so that no figure of theirs is lower than a predictor reaches, however short the text.
 */
export interface Evaluation {
  /** Number of predicted characters: all but the first of each span. */
  readonly chars: number;
  /** Mean cross-entropy of the predictions, in nats per character. */
  readonly natsPerChar: number;
  /** The same in bits per character. */
  readonly bitsPerChar: number;
  /** e to the loss in nats: the number of equally likely characters that are as hard to predict. */
  readonly perplexity: number;
  /** Baseline: ln V, a uniform prediction among the model's vocabulary, in nats per character. */
  readonly uniformNatsPerChar: number;
  /** Baseline: an adaptive prediction by character frequencies, in nats per character. */
  readonly unigramNatsPerChar: number;
  /** Baseline: an adaptive prediction by the character before, in nats per character. */
  readonly bigramNatsPerChar: number;
}

/** Options of {@linkcode evaluate}. */
export interface EvaluateOptions {
  /**
   * What to measure, for example a part of a {@linkcode Trainer.split}: at least one span, each of
   * at least two characters. Default: the whole text; of a corpus of several texts, each of them.
   */
  readonly spans?: readonly Span[];
  /** Stops the measurement; the promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called several times a second. */
  readonly onProgress?: (progress: EvaluationProgress) => void;
}

/** How far {@linkcode evaluate} is. */
export interface EvaluationProgress {
  /** Characters that the model has predicted. */
  readonly chars: number;
  /** Characters that it predicts in all. */
  readonly total: number;
}

/**
 * Measures how well a model predicts a text.
 *
 * The model reads each span once, from a hidden state of zeros, and predicts each character from all
 * before it in the span. A span of more than 16,384 characters is cut into pieces that are read side
 * by side; their characters are predicted from at least 512 before them. The computation yields to the event loop, so timers, signals and servers
 * keep running.
 *
 * @param model A model, for example a checkpoint.
 * @param corpus A text of characters of the model's vocabulary; its own vocabulary may be another.
 * @param options What to measure.
 * @throws {InputError} if the text has fewer than two characters or one that the model's vocabulary
 * lacks, which is named, if an option is wrong, or if the network does not fit into memory.
 * @throws {RangeError} if a span has fewer than two characters, or is not within the text.
 * @throws {TextError} as {@linkcode Corpus.read} does.
 * @throws {RangeError} if the model's weights are so large that the loss is not finite, or do not have
 * the shapes of its configuration.
 * @throws {TypeError} if an argument is no model or no corpus.
 *
 * @example
 * ```ts
 * import { corpusFromText, evaluate, resolveConfig, Trainer } from "../mod.ts";
 *
 * const corpus = corpusFromText("to be or not to be. ".repeat(50));
 * const config = resolveConfig({ hidden: 16, seqLength: 10, batchSize: 4 });
 * using trainer = Trainer.create(corpus, config);
 * for (let step = 0; step < 100; step++) trainer.step();
 * const { bitsPerChar, chars } = await evaluate(trainer.model(), corpus);
 * console.log(chars, bitsPerChar < 3); // 999 true
 * ```
 */
export async function evaluate(
  model: Model,
  corpus: EncodedText,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const context = "Cannot evaluate";
  checkModel(model, context);
  checkCorpus(corpus, context);
  const { path, length } = corpus;
  if (length < 2) {
    throw new InputError(
      `Cannot evaluate on ${quotePath(path)}: it has ${
        length === 1 ? "1 character" : "no characters"
      }; ` +
        "it must have at least 2, since the first is not predicted",
    );
  }
  const { signal, onProgress, ...given } = checkOptions(options, { schema, context });
  const { spans = spansOf(corpus, model) } = given;
  checkSpans(spans, length);
  const { parameters, vocabulary } = model;
  const text = reencode(corpus, vocabulary);
  const total = countPredicted(spans);
  using evaluator = new Evaluator(model);
  const natsPerChar = await runInSlices(
    evaluator.lossInSlices(text, { parameters, spans }),
    signal,
    onProgress && ((chars) => onProgress({ chars, total })),
  );
  const ngrams = new BigramModel(vocabulary.size);
  const baselines = await runInSlices(ngrams.adaptiveLossInSlices(text, spans), signal);
  signal?.throwIfAborted();
  if (!Number.isFinite(natsPerChar)) {
    throw new RangeError(
      `Cannot evaluate: the loss is ${natsPerChar}; the model's weights are not finite or too large`,
    );
  }
  return {
    chars: total,
    natsPerChar: natsPerChar!,
    bitsPerChar: natsPerChar! / Math.LN2,
    perplexity: exp(natsPerChar!),
    uniformNatsPerChar: log(vocabulary.size),
    unigramNatsPerChar: baselines!.unigram,
    bigramNatsPerChar: baselines!.bigram,
  };
}

/** Each text of a corpus; for a model of lines, each line. */
function spansOf(corpus: EncodedText, { config }: Model): readonly Span[] {
  return config.holdout === "lines"
    ? spansOfLines(findLines(corpus), corpus.length)
    : splitAtTexts([[0, corpus.length]], corpus.texts ?? []);
}

const schema = optionsSchema({ spans: spansSchema, signal, onProgress: callback });

function checkSpans(spans: readonly Span[], length: number): void {
  if (spans.length === 0) throw new RangeError('Cannot evaluate: "spans" must not be empty');
  for (const [start, end] of spans) {
    const isWithin = Number.isInteger(start) && Number.isInteger(end) && start >= 0 &&
      end <= length;
    if (isWithin && end - start >= 2) continue;
    throw new RangeError(
      `Cannot evaluate the span from ${start} to ${end}: it must be at least 2 of the ${length} ` +
        "characters of the text",
    );
  }
}
