/** Resuming a run on a text that has grown: the text of the run, and more after it. */

import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { InputError } from "../errors.ts";
import { runInSlices } from "../event_loop.ts";
import { quotePath } from "../json.ts";
import type { Config } from "../model/config.ts";
import { countChars } from "../text/split.ts";
import type { Corpus } from "../text/corpus.ts";
import { type CorpusIdentity, corpusIdentity } from "../text/corpus_identity.ts";
import { splitOf } from "./training_data.ts";
import { extendCheckpoint, joinVocabularies } from "./vocabulary_extension.ts";

/**
 * Whether a text is a known one with more after it, by the hash of as many bytes.
 *
 * @throws {TextError} as {@linkcode Corpus.read} does.
 */
export async function hasGrown(known: CorpusIdentity, corpus: Corpus): Promise<boolean> {
  if (corpus.bytes <= known.bytes) return false;
  const before = corpus.texts.filter(({ start }) => start < known.chars).length;
  if (before !== (known.texts ?? 1)) return false;
  return await runInSlices(corpus.hashInSlices(known.bytes)) === known.sha256;
}

/**
 * Checks that no character that a run was trained on is held out of the grown text.
 *
 * The grown text is split as any other, and its training part is longer than before, so that what is
 * held out now lies behind all that the run was trained on. What was held out before may be trained
 * on from now on; its losses are not compared with the new ones.
 *
 * @throws {InputError} if something would be held out that was trained on.
 */
export function checkGrowth(known: CorpusIdentity, corpus: Corpus, config: Config): void {
  const context = `Cannot resume training on ${quotePath(corpus.path)}, which has grown from ` +
    `${known.chars} to ${corpus.length} characters`;
  const advice = 'start a new run from its model with "initFrom"';
  // A line stays in its part, whatever follows it.
  if (config.holdout === "lines") return;
  if (config.holdout === "streams") {
    throw new InputError(
      `${context}: with "holdout" streams, characters that were trained on would be held out; ${advice}`,
      { option: "holdout" },
    );
  }
  const trained = countChars(splitOf(known.chars, config).train);
  const { train, validation, test } = splitOf(corpus.length, config);
  if (validation.length + test.length === 0 || countChars(train) >= trained) return;
  throw new InputError(
    `${context}: the run was trained on ${trained}, of which some would be held out; use a text ` +
      `that has grown by more, or ${advice}`,
    { option: "initFrom" },
  );
}

/**
 * The checkpoint from which a run is resumed on a text that has grown. The vocabulary has the new
 * characters, too; weights and optimizer state stay. The streams are cut again, so that they start
 * from a zero hidden state, and validation losses of the smaller text are dropped.
 */
export function growCheckpoint(checkpoint: Checkpoint, corpus: Corpus): Checkpoint {
  const vocabulary = joinVocabularies(checkpoint.vocabulary, corpus.vocabulary);
  const { hiddenState, progress } = checkpoint;
  return {
    ...extendCheckpoint(checkpoint, vocabulary),
    hiddenState: hiddenState.slice().fill(0),
    corpus: corpusIdentity(corpus),
    progress: {
      ...progress,
      ...{ position: 0, validationLoss: null, bestValidationLoss: null },
      ...{ validatedStep: null, bestStep: null, validationsSinceBest: 0 },
    },
  };
}

/** The best checkpoint of a run whose text has grown: it stays the best until another is validated. */
export function growBest(checkpoint: Checkpoint, corpus: Corpus): Checkpoint {
  const grown = growCheckpoint(checkpoint, corpus);
  const { step } = grown.progress;
  return { ...grown, progress: { ...grown.progress, validatedStep: step, bestStep: step } };
}
