/** What must stay the same when training is resumed from a checkpoint, and what may change. */

import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { InputError, withContext } from "../errors.ts";
import { quotePath } from "../json.ts";
import { type Config, parseConfig } from "../model/config.ts";
import { stateSlotsOf } from "../model/optimizers.ts";
import { baseConfig, getPreset, scheduleDefaults } from "../model/presets.ts";
import { checkConfigInput, checkConsistency, type ConfigInput } from "../model/resolve_config.ts";
import type { CorpusIdentity } from "../text/corpus_identity.ts";
import type { Corpus } from "../text/corpus.ts";

const SHAPES = "the shapes of its weights depend on it";
const INITIALIZED = "its weights are initialized already";
const SPLIT = "another split would mix characters that were trained on and characters held out";

/**
 * Why a key of the configuration cannot change; keys that are missing here can. Those that have no
 * effect in the run can change, too.
 */
export const fixedKeys: Partial<Record<keyof Config, string>> = {
  cell: "its weights belong to that cell",
  layers: SHAPES,
  hidden: SHAPES,
  seqLength: "its epochs are counted in steps of that length",
  batchSize: "its streams and their hidden states depend on it",
  optimizer: "its optimizer state belongs to that update rule",
  momentum: "its velocities were accumulated with it",
  weightAverage: "its average covers that fraction of the steps",
  init: INITIALIZED,
  precision: "its numbers have that precision",
  seed: INITIALIZED,
  valFraction: SPLIT,
  testFraction: SPLIT,
  holdout: SPLIT,
  lrPatience: "its plateaus were counted with it",
};

/**
 * The configuration with which a run is resumed. Keys that cannot change may be given with the
 * value that they have.
 *
 * @param config The configuration of the run.
 * @param changes A preset and keys to change.
 * @throws {InputError} if a value is invalid, or a key cannot change.
 */
export function resumedConfig(config: Config, changes: ConfigInput): Config {
  const changed = withContext("Cannot resume training", () => {
    const { preset, ...given } = checkConfigInput(changes);
    const base = preset === undefined ? {} : getPreset(preset);
    const asked = { ...base, ...given };
    const parsed = parseConfig({ ...config, ...scheduleChange(config, asked), ...asked });
    // Values that the run has may have lost their effect with the others, which harms nothing.
    const entries = Object.entries(given).filter(([key, value]) =>
      value !== config[key as keyof Config]
    );
    checkConsistency(parsed, Object.fromEntries(entries));
    return parsed;
  });
  const isPlateau = [config, changed].every(({ lrSchedule }) => lrSchedule === "plateau");
  for (const key of Object.keys(changed) as (keyof Config)[]) {
    const reason = fixedKeys[key];
    if (reason === undefined || changed[key] === config[key]) continue;
    if (key === "lrPatience" && !isPlateau) continue;
    throw new InputError(
      `Cannot resume training with "${key}" ${changed[key]}: the run has ${config[key]}, and ` +
        `${reason}; leave it out, or start a new run`,
      { option: key },
    );
  }
  return changed;
}

/** What another learning-rate schedule changes by its own default, unless the run departed from it. */
function scheduleChange(
  { lrSchedule, lrDecay }: Config,
  { lrSchedule: changed = lrSchedule }: ConfigInput,
): Partial<Config> {
  const [before, after] = [lrSchedule, changed].map((name) =>
    scheduleDefaults[name]?.lrDecay ?? baseConfig.lrDecay
  );
  return lrDecay === before ? { lrDecay: after! } : {};
}

/**
 * Checks that a text is the one that a run was trained on, by its hash.
 *
 * @param known The text of the run.
 * @throws {InputError} if its contents differ.
 */
export function checkSameText(
  known: Pick<CorpusIdentity, "path" | "sha256" | "texts">,
  corpus: Pick<Corpus, "path" | "sha256" | "texts">,
): void {
  const { texts = 1 } = known;
  if (known.sha256 === corpus.sha256 && texts !== corpus.texts.length) {
    throw new InputError(
      `Cannot resume training on ${quotePath(corpus.path)}: the text of the run is joined from ` +
        `${texts} text${
          texts === 1 ? "" : "s"
        }, not ${corpus.texts.length}, and the hidden state ` +
        "is reset where each begins; use the same files, or start a new run",
    );
  }
  if (known.sha256 === corpus.sha256) return;
  const [expected, actual] = [known, corpus].map(({ sha256 }) => `${sha256.slice(0, 12)}…`);
  const [path, knownPath] = [corpus, known].map(({ path }) => quotePath(path));
  throw new InputError(
    `Cannot resume training on ${path}: its contents differ from ${knownPath}, the text of the ` +
      `run (SHA-256 ${actual}, not ${expected}); use the same text, or start a new run`,
  );
}

/**
 * Checks that training can be resumed from a checkpoint on a text.
 *
 * @throws {InputError} if the text is another one, or the checkpoint has no optimizer state or no
 * weights besides their average.
 */
export function checkResumable(checkpoint: Checkpoint, corpus: Corpus): void {
  const { corpus: known, config, progress } = checkpoint;
  if (known !== null) checkSameText(known, corpus);
  if (progress.step === 0) return;
  if ((checkpoint.optimizerState?.length ?? 0) !== stateSlotsOf(config).length) {
    throw new InputError(
      `Cannot resume training: the checkpoint of step ${progress.step} has no optimizer state of ` +
        `${config.optimizer}; it must be complete`,
    );
  }
  if (config.weightAverage > 0 && checkpoint.trainingParameters === null) {
    throw new InputError(
      `Cannot resume training: the checkpoint of step ${progress.step} has only the average of ` +
        `its weights; it must have the weights too`,
    );
  }
}
