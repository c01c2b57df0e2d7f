/** What was probably meant by a name that does not exist. */

/**
 * Names that other programs of the field give to options of this one, and words that somebody may
 * try: char-rnn, torch-rnn, min-char-rnn, nanoGPT, PyTorch, Keras, Hugging Face.
 */
export const synonyms: Readonly<Record<string, readonly string[]>> = {
  "batch-size": ["bs", "streams", "minibatch"],
  "beam": ["num-beams"],
  "beta1": ["betas", "adam-beta1"],
  "beta2": ["adam-beta2", "rho", "decay-rate"],
  "cell": ["model", "rnn", "rnn-type", "type", "architecture"],
  "checkpoint-every": ["save-every", "save-steps", "checkpoint-interval", "save-interval"],
  "count": ["n", "num-samples", "samples", "num-return-sequences"],
  "confidence-penalty": ["entropy-penalty", "entropy-bonus", "label-smoothing"],
  "dropout-from": ["dropout-start", "dropout-after"],
  "dropout-until": ["dropout-end"],
  "epochs": ["max-epochs", "num-epochs", "passes"],
  "force": ["overwrite", "replace", "f"],
  "grad-clip": ["clip", "max-norm", "max-grad-norm", "gradient-clip", "clipnorm", "clipvalue"],
  "grad-clip-mode": ["clip-by", "clip-mode"],
  "greedy": ["argmax", "no-sample"],
  "hidden": ["rnn-size", "size", "units", "width", "dim", "n-hidden", "num-hidden", "n-embd", "h"],
  "html": ["page", "output"],
  "init": ["weights", "weight-init"],
  "layers": ["num-layers", "n-layers", "n-layer", "depth"],
  "length": ["max-tokens", "max-new-tokens", "max-length", "chars", "characters", "n-chars"],
  "log-every": ["report-every", "print-every", "log-interval", "eval-interval", "eval-every"],
  "lr": ["learning-rate", "rate", "alpha", "eta"],
  "lr-decay": ["decay", "learning-rate-decay", "lr-decay-factor", "gamma"],
  "lr-decay-after": ["decay-after", "learning-rate-decay-after"],
  "lr-decay-every": ["decay-every", "step-size"],
  "lr-patience": ["plateau"],
  "lr-schedule": ["schedule", "scheduler", "lr-scheduler"],
  "minutes": ["time", "max-minutes", "max-time", "duration"],
  "optimizer": ["optim", "opt", "algorithm"],
  "out": ["output", "out-dir", "output-dir", "dir", "folder", "checkpoint-dir", "save", "o"],
  "patience": ["early-stopping", "early-stop"],
  "precision": ["dtype", "float"],
  "prompt": ["prime", "primetext", "prefix", "start", "start-text", "context", "seed-text"],
  "reset-every": ["fresh-every", "reset-states"],
  "resume": ["continue", "restore", "checkpoint", "load"],
  "sample-every": ["sample-interval"],
  "seed": ["random-seed", "manual-seed", "rng"],
  "seq-length": ["sequence-length", "bptt", "context-length", "block-size", "unroll", "t"],
  "steps": ["iterations", "iters", "max-iters", "max-steps", "num-steps", "updates"],
  "stop": ["end", "until", "eos"],
  "temperature": ["t"],
  "test-fraction": ["test", "test-frac", "test-split"],
  "threads": ["workers", "jobs", "cores", "num-threads", "num-workers", "j"],
  "top-p": ["nucleus"],
  "val-fraction": ["validation", "val", "val-frac", "val-split", "validation-split"],
  "warmup": ["warm-up", "warmup-steps", "warmup-iters"],
  "weight-average": ["average", "averaging", "ema", "polyak", "swa"],
  "weight-decay": ["l2", "wd"],
};

/** A longer word is no misspelt name; comparing one of a hostile file would take long. */
const MAX_LENGTH = 64;

/**
 * The one of some names that was probably meant: the same but for case and `_`, a synonym, one that
 * begins with what was written, or one that is a few letters away.
 *
 * @returns `undefined` when none is near.
 */
export function suggest(written: string, names: readonly string[]): string | undefined {
  if (written.length > MAX_LENGTH) return undefined;
  const name = normalize(written);
  if (name === "") return undefined;
  return names.find((candidate) => candidate === name) ??
    names.find((candidate) => synonyms[candidate]?.includes(name)) ??
    only(names.filter((candidate) => name.length > 1 && candidate.startsWith(name))) ??
    nearest(name, names);
}

/**
 * The one of some camelCase keys that was probably meant, found as {@linkcode suggest} finds it.
 *
 * @returns `undefined` when none is near.
 */
export function suggestKey(written: string, keys: readonly string[]): string | undefined {
  const meant = suggest(written, keys.map(normalize));
  return keys.find((key) => normalize(key) === meant);
}

/** Whether a word is one of some names, or so near to one that it was probably meant. */
export function isMisspelled(written: string, names: readonly string[]): boolean {
  return names.includes(written) ||
    written.length <= MAX_LENGTH && nearest(normalize(written), names) !== undefined;
}

function normalize(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, "$1-$2").toLowerCase().replaceAll("_", "-");
}

function only<T>(found: readonly T[]): T | undefined {
  return found.length === 1 ? found[0] : undefined;
}

/** The nearest name, if at most a third of the letters are wrong. */
function nearest(name: string, names: readonly string[]): string | undefined {
  const distances = names.map((candidate) => ({
    candidate,
    distance: distanceOf(name, candidate),
  }));
  const [best] = distances.toSorted((a, b) => a.distance - b.distance);
  return best && best.distance <= Math.floor(name.length / 3) ? best.candidate : undefined;
}

/**
 * The number of letters to insert, remove, replace or swap with their neighbor that lead from one
 * word to the other: the optimal string alignment distance.
 */
function distanceOf(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const cost = from[i - 1] === to[j - 1] ? 0 : 1;
      row[j] = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + cost);
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        row[j] = Math.min(row[j]!, rows[i - 2]![j - 2]! + 1);
      }
    }
    rows.push(row);
  }
  return rows[from.length]![to.length]!;
}
