import { withContext } from "../errors.ts";
import { quotePath } from "../json.ts";
import { type Config, parseConfig } from "../model/config.ts";
import type { ConfigInput } from "../model/resolve_config.ts";
import { BatchLoader } from "../text/batches.ts";
import { LineLoader, seqLengthOf } from "../text/line_batches.ts";
import { findLines, splitLines } from "../text/lines.ts";
import { checkCorpus, type Corpus } from "../text/corpus.ts";
import { type Span, type Split, splitAtTexts, splitCorpus } from "../text/split.ts";

/** The parts of a corpus, and the batches of its training part. */
export interface TrainingData {
  /** The training, validation and test parts. */
  readonly split: Split;
  /** The batches of the training part, from its start. */
  readonly batches: Batches;
}

/** The batches of a text, or of its lines. */
export type Batches = BatchLoader | LineLoader;

/**
 * Splits a corpus as a configuration requires, and cuts its training part into streams.
 *
 * @throws {InputError} if the training part is too short for the batch size and sequence length.
 *
 * @example
 * ```ts
 * import { resolveConfig } from "../model/resolve_config.ts";
 * import { corpusFromText } from "../text/corpus.ts";
 * import { loadTrainingData } from "./training_data.ts";
 *
 * const corpus = corpusFromText("hello world, ".repeat(100));
 * const config = resolveConfig({ seqLength: 10, batchSize: 4, valFraction: 0.1 });
 * const { split, batches } = loadTrainingData(corpus, config);
 * console.log(split.validation, batches.batchesPerEpoch); // [ [ 1170, 1300 ] ] 29
 * ```
 */
export function loadTrainingData(corpus: Corpus, config: Config): TrainingData {
  const { batchSize, seqLength } = config;
  if (config.holdout === "lines") return loadLines(corpus, config);
  const split = splitAs(corpus, config);
  const [[start, end], second] = split.train as [Span, Span?];
  // Between the spans of two streams are the characters held out of the first.
  const range = second === undefined
    ? { start, end }
    : { start, end: batchSize * second[0], heldOut: second[0] - end };
  const batches = withContext(
    `Cannot train on ${quotePath(corpus.path)}`,
    () => new BatchLoader(corpus, { ...range, batchSize, seqLength }),
  );
  return { split, batches };
}

function loadLines(corpus: Corpus, config: Config): TrainingData {
  return withContext(`Cannot train on ${quotePath(corpus.path)}`, () => {
    const lines = findLines(corpus);
    const { split, train } = splitLines(lines, { ...config, length: corpus.length });
    return { split, batches: new LineLoader(corpus, { ...config, lines, train }) };
  });
}

/**
 * A checked configuration whose sequences are long enough for the lines of a text, if it is one of
 * lines and gives no length.
 *
 * @throws {InputError} if the text has no lines.
 */
export function forLines(corpus: Corpus, config: ConfigInput): ConfigInput {
  if (config.holdout !== "lines" || config.seqLength !== undefined) return config;
  return withContext(
    `Cannot train on ${quotePath(corpus.path)}`,
    () => ({ ...config, seqLength: seqLengthOf(findLines(corpus)) }),
  );
}

/** Splits a corpus as a configuration requires. */
function splitAs(corpus: Corpus, config: Config): Split {
  const parts = splitOf(corpus.length, config);
  return {
    train: parts.train,
    validation: splitAtTexts(parts.validation, corpus.texts),
    test: splitAtTexts(parts.test, corpus.texts),
  };
}

/**
 * Splits a corpus into the parts that a training with a configuration has, for example to measure
 * baselines of a run without training.
 *
 * @param corpus The text.
 * @param config The complete configuration, for example that of a checkpoint.
 * @returns The parts, which are those of a {@linkcode Trainer}.
 * @throws {InputError} if the configuration is wrong.
 * @throws {TypeError} if `corpus` is no corpus.
 *
 * @example
 * ```ts
 * import { corpusFromText, resolveConfig, trainingSplit } from "../mod.ts";
 *
 * const corpus = corpusFromText("hello world, ".repeat(100));
 * const config = resolveConfig({ seqLength: 10, batchSize: 4, valFraction: 0.1 });
 * console.log(trainingSplit(corpus, config).validation); // [ [ 1170, 1300 ] ]
 * ```
 */
export function trainingSplit(corpus: Corpus, config: Config): Split {
  const context = "Cannot split the text";
  checkCorpus(corpus, context);
  return splitAs(corpus, withContext(context, () => parseConfig(config)));
}

/** The parts of a text of this length. */
export function splitOf(length: number, config: Config): Split {
  const { batchSize, holdout, seqLength } = config;
  const pieces = holdout === "streams" ? batchSize : 1;
  return splitCorpus(length, { ...config, pieces, minTrainChars: batchSize * (seqLength + 2) });
}
