/** What a run must keep, and what it may change, when it goes on from a checkpoint. */

import { stateSlotsOf } from "../engine/update.ts";
import { InputError } from "../errors.ts";
import type { Checkpoint, CorpusIdentity } from "../checkpoint/checkpoint.ts";
import {
  checkConditions,
  type Config,
  type ConfigInput,
  parseConfig,
  presetOf,
} from "../model/config.ts";
import { quote } from "../json.ts";
import type { Corpus } from "../text/corpus.ts";

const doing = "Cannot resume training";

const HELD_OUT = "another split would train on what was held out, or hold out what was trained on";

/** Why a key of the configuration stays what it is; a key that is not here may change. */
const reasons: Partial<Record<keyof Config, string>> = {
  cell: "its weights are that cell's",
  layers: "its weights are those of so many layers",
  hidden: "its weights have that shape",
  seqLength: "its place in the text is counted in such steps",
  batchSize: "its place in the text and its hidden state are those of so many streams",
  optimizer: "what that one has summed up means nothing to another",
  momentum: "its velocity was gathered with that",
  weightAverage: "its weights were averaged over that share of the steps",
  init: "its weights are drawn already",
  precision: "its numbers are of that precision",
  seed: "its weights are drawn already",
  valFraction: HELD_OUT,
  testFraction: HELD_OUT,
  holdout: HELD_OUT,
  lrPatience: "its plateaus were counted by that",
};

/**
 * The configuration that a run goes on with: the checkpoint's, with another rate or clip if one is
 * given. Keys may be given again with the value that they have.
 *
 * @throws {InputError} when a key is not what it must be, or must stay what it is.
 */
export function resumedConfig(config: Config, input: ConfigInput): Config {
  const { preset, ...given } = input;
  const base = preset === undefined ? {} : presetOf(preset);
  const wanted = parseConfig({ ...config, ...base, ...given }, doing);
  checkConditions(wanted, given, doing);
  for (const key of Object.keys(wanted) as (keyof Config)[]) {
    const reason = reasons[key];
    if (reason === undefined || wanted[key] === config[key]) continue;
    throw new InputError(
      `${doing} with ${key} ${wanted[key]}: the run has ${key} ${config[key]}, and ${reason}; ` +
        `leave it, or train anew`,
    );
  }
  return wanted;
}

/**
 * Checks that a text is the one that a run was trained on.
 *
 * @param known The text of the run.
 * @throws {InputError} when its contents are others.
 */
export function checkSameText(known: Pick<CorpusIdentity, "name" | "sha256">, corpus: Corpus) {
  if (known.sha256 === corpus.sha256) return;
  const [was, is] = [known, corpus].map(({ sha256 }) => sha256.slice(0, 12));
  throw new InputError(
    `${doing} on ${quote(corpus.path)}: its contents are not those of the run's text, ` +
      `${
        quote(known.name)
      } (SHA-256 ${is}… instead of ${was}…); give it the same text, or train anew`,
  );
}

/**
 * Checks that a checkpoint's training can go on with this text.
 *
 * @throws {InputError} when the text is another, or the checkpoint lacks what training needs.
 */
export function checkResumable(checkpoint: Checkpoint, corpus: Corpus): void {
  const { corpus: known, vocabulary, config, progress } = checkpoint;
  if (known !== null) checkSameText(known, corpus);
  if (vocabulary.characters !== corpus.vocabulary.characters) {
    throw new InputError(
      `${doing} on ${
        quote(corpus.path)
      }: its characters are not those that the model knows; give ` +
        `it the model's own text`,
    );
  }
  const wanted = stateSlotsOf(config);
  if (wanted !== (checkpoint.optimizerState?.length ?? 0) && progress.step > 0) {
    throw new InputError(
      `${doing}: the checkpoint is of step ${progress.step} and lacks what ${config.optimizer} ` +
        `remembers; it must be complete`,
    );
  }
  if (config.weightAverage > 0 && checkpoint.trainingParameters === null && progress.step > 0) {
    throw new InputError(
      `${doing}: the checkpoint is of step ${progress.step} and has the average of the weights ` +
        `alone; it must have the weights themselves too`,
    );
  }
}
