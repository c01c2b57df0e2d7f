import { checkOptions, optionsSchema } from "../arguments.ts";
import { runInSlices } from "../event_loop.ts";
import { checkModel, type Model } from "../model/model.ts";
import { signal } from "../schemas.ts";
import { checkCorpus } from "../text/corpus.ts";
import { type EncodedText, reencode } from "../text/reencode.ts";
import type { Split } from "../text/split.ts";
import { Evaluator } from "./evaluator.ts";
import { measureBaselines, type PartBaselines, splitSchema } from "./part_baselines.ts";

/** Losses of a model and of the baselines on one part of a corpus, in nats per character. */
export interface PartSummary extends PartBaselines {
  /** The model, as {@linkcode evaluate} measures it on the same spans. */
  readonly model: number;
}

/** What to measure; see {@linkcode summarize}. */
export interface SummarizeOptions {
  /** The parts of the corpus, for example those of a {@linkcode Trainer}. */
  readonly split: Split;
  /** Stops the measurement. */
  readonly signal?: AbortSignal | undefined;
}

const schema = optionsSchema({ signal }, { split: splitSchema });

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
  const baselines = await measureBaselines(text, { split, signal });
  if (baselines === undefined) return undefined;
  using evaluator = new Evaluator(model);
  const { parameters } = model;
  const summary: PartSummary[] = [];
  for (const part of baselines) {
    const { spans } = part;
    const loss = await runInSlices(evaluator.lossInSlices(text, { parameters, spans }), signal);
    if (loss === undefined) return undefined;
    summary.push({ ...part, model: loss });
  }
  return signal?.aborted ? undefined : summary;
}
