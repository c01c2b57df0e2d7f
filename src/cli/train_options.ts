/** The options of `train`, and what they mean to the library. */
import type { Config, LrSchedule } from "../model/config.ts";
import { baseConfig, presets } from "../model/presets.ts";
import { type ConfigInput, MAX_VALIDATION_CHARS, resolveConfig } from "../model/resolve_config.ts";
import { InputError } from "../errors.ts";
import { cellNames } from "../model/cells.ts";
import { optimizerNames } from "../model/optimizers.ts";
import type { RunLimits } from "../run/run_config.ts";
import { autoConfig } from "../train/auto_config.ts";
import type { TextSize } from "../train/cost.ts";
import { limitDefaults } from "../train/limits.ts";
import { CHECKPOINT_MS, MAX_ROLLBACKS, MIN_SAMPLE_MS } from "../train/loop.ts";
import type { OnDivergence } from "../train/options.ts";
import { type CommandLine, type Option, optionOf, present } from "./args.ts";
import { formatCount, listed, wrap } from "./format.ts";
import { textOptions } from "./read_text.ts";

/** A text with an ordinary alphabet. */
function ofLength(length: number): TextSize {
  return { length, vocabulary: { size: 80 } };
}

// Defaults are printed as the automatic configuration picks them, for these examples.
const short = autoConfig(ofLength(1_000)).config;
const long = autoConfig(ofLength(1_000_000), {}, { minutes: 60 }).config;
const tenMinutes = autoConfig(ofLength(1_000_000), {}, { minutes: 10 }).config;
/** A run of a part of an epoch in many steps, which does not overfit. */
const single = autoConfig(ofLength(100_000_000), {}, { minutes: 2 }).config;
const kept = autoConfig(ofLength(1_000), { lrSchedule: "inverse-sqrt" }).config;
const vanilla = autoConfig(ofLength(1_000), { optimizer: "adagrad" }).config;

const cellRates = (["rnn", "gru", "lstm"] as const)
  .map((cell) => {
    const lrOf = (lrSchedule: LrSchedule) =>
      autoConfig(ofLength(1_000), { cell, lrSchedule }).config.lr;
    return `${cell} ${lrOf("linear")} (${lrOf("constant")})`;
  }).join(", ");
const optimizerRates = (["adagrad", "sgd", "rmsprop"] as const)
  .map((optimizer) => `${optimizer} ${resolveConfig({ optimizer }).lr}`).join(", ");

/** Puts options under one heading of the help. */
function inGroup(group: string, options: readonly Option[]): Option[] {
  return options.map((option) => ({ ...option, group }));
}

/** All options of `train`. */
export const trainOptions: readonly Option[] = [
  ...inGroup("Run folder", [
    {
      name: "out",
      value: "DIR",
      description: "Create the run in this folder, which must not hold a run yet",
      default: "runs/<name of the text> in the current folder, with a number if taken",
    },
    {
      name: "resume",
      value: "RUN",
      description: "Resume the run in this folder, with the same results as if it had never " +
        "stopped; <text> may be left out. A checkpoint file, as the page saves it, is resumed in a " +
        "new run folder",
    },
    {
      name: "init-from",
      value: "RUN",
      description: "Begin with the weights of this run or checkpoint instead of random ones " +
        "(fine-tuning): sizes are the model's, the optimizer is new, and characters of <text> that " +
        "the model does not know are added",
    },
    {
      name: "force",
      description: "Replace the run that the folder holds, as soon as the new run has a checkpoint",
    },
  ]),
  ...inGroup("Limits", [
    {
      name: "minutes",
      value: "X",
      description:
        "Stop after X minutes, the last validation included; of several limits the first one " +
        "reached counts",
    },
    {
      name: "epochs",
      value: "X",
      description: "Stop after X passes over the training part of the text",
      default: `${limitDefaults.epochs} if no limit is given, but ` +
        `${limitDefaults.minChars / 1e6} to ${limitDefaults.maxChars / 1e6} million characters`,
    },
    { name: "steps", value: "N", description: "Stop after N updates of the weights" },
    {
      name: "patience",
      value: "N",
      description: "Stop early after N validations without improvement",
      default:
        "unlimited, but with --minutes or without any limit a run that is clearly overfitted " +
        `ends; ${limitDefaults.patience} if no limit is given and the rate does not fall to 0`,
    },
  ]),
  ...inGroup("Model", [
    {
      name: "preset",
      value: "NAME",
      description: `Use the hyperparameters of a known program, which other options override: ${
        listed(Object.keys(presets))
      }`,
    },
    {
      name: "cell",
      value: "NAME",
      description: `Recurrent cell: ${listed(cellNames)}`,
      default: short.cell,
    },
    {
      name: "hidden",
      value: "N",
      description: "Hidden units of each layer",
      default: `${short.hidden} to ${long.hidden}, by text length and time limit`,
    },
    {
      name: "layers",
      value: "N",
      description: "Number of stacked recurrent layers",
      default: String(short.layers),
    },
    {
      name: "init",
      value: "NAME",
      description: "Initial weights: normal:S (standard deviation S), uniform:S (between -S and " +
        "S), xavier, orthogonal, identity or pytorch",
      default: `${short.init}; ${
        autoConfig(ofLength(1_000), { hidden: 1024 }).config.init
      } for wide layers`,
    },
    {
      name: "precision",
      value: "NAME",
      description: "Precision: f32 (fastest), f32-strict (same bits on every machine) or f64",
      default: short.precision,
    },
  ]),
  ...inGroup("Data", [
    ...textOptions,
    {
      name: "min-count",
      value: "N",
      description:
        "Read characters that occur fewer than N times as one unknown symbol, which is " +
        "never sampled; fewer distinct characters make each step faster",
      default: "1",
    },
    {
      name: "seq-length",
      value: "N",
      description: "Sequence length: characters that back-propagation through time unrolls",
      default: `${long.seqLength}, less for a short text`,
    },
    {
      name: "batch-size",
      value: "N",
      description: "Number of streams of text that are trained on side by side",
      default: `${short.batchSize} to ${long.batchSize}, by text length`,
    },
    {
      name: "reset-every",
      value: "N",
      description: "Reset each stream's hidden state to zero every N steps, so that the model " +
        "learns to start cold; 0: only where the text starts again",
      default: `${short.resetEvery}; ${baseConfig.resetEvery} with --preset`,
    },
    {
      name: "val-fraction",
      value: "X",
      description: "Fraction of the text held out for validation; 0: none",
      default: `${baseConfig.valFraction}, but at most ${
        formatCount(MAX_VALIDATION_CHARS, "character")
      }`,
    },
    {
      name: "test-fraction",
      value: "X",
      description: "Fraction of the text held out for a test at the end of the run",
      default: String(baseConfig.testFraction),
    },
    {
      name: "lines",
      description:
        "Each line is an example, such as a name: lines are shuffled, each is read from a " +
        "zero hidden state, some are held out, and sample writes whole lines",
    },
    {
      name: "holdout",
      value: "NAME",
      description: "Where held-out characters are taken from: end (of the text), streams (the " +
        "end of each stream, as char-rnn does) or lines (the same as --lines)",
      default: baseConfig.holdout,
    },
    {
      name: "seed",
      value: "N",
      description: "Seed of all random numbers",
      default: String(baseConfig.seed),
    },
  ]),
  ...inGroup("Optimization", [
    {
      name: "optimizer",
      value: "NAME",
      description: `Update rule: ${listed(optimizerNames)}`,
      default: short.optimizer,
    },
    {
      name: "lr",
      value: "X",
      description: "Learning rate",
      default:
        `with adam and adamw by cell, less for wide layers and (in parentheses) for schedules ` +
        `that do not fall to 0: ${cellRates}; ${optimizerRates}`,
    },
    {
      name: "lr-schedule",
      value: "NAME",
      description:
        "Learning-rate schedule: constant; step (decay every few epochs); linear or cosine " +
        "(to 0 at the end of the run); inverse-sqrt (as 1 / the square root of the step); plateau " +
        "(decay when validation stops improving)",
      default: `${short.lrSchedule}, or ${long.lrSchedule} for many epochs of a long text; ` +
        `${vanilla.lrSchedule} with adagrad, sgd and rmsprop`,
    },
    {
      name: "lr-decay",
      value: "X",
      description: "Factor of the learning rate at each decay of the schedules step and plateau",
      default: `step ${baseConfig.lrDecay}, plateau ${
        resolveConfig({ lrSchedule: "plateau" }).lrDecay
      }`,
    },
    {
      name: "lr-decay-after",
      value: "X",
      description: "Epochs before the first decay of the schedule step",
      default: String(baseConfig.lrDecayAfter),
    },
    {
      name: "lr-decay-every",
      value: "X",
      description: "Epochs between decays of the schedule step",
      default: String(baseConfig.lrDecayEvery),
    },
    {
      name: "lr-patience",
      value: "N",
      description: "Validations without improvement before the schedule plateau decays",
      default: String(baseConfig.lrPatience),
    },
    {
      name: "warmup",
      value: "N",
      description: "Steps at the start over which the learning rate rises from 0",
      default: `with adam and adamw ${short.warmup}, or ${kept.warmup} to ${long.warmup} with ` +
        `inverse-sqrt; else ${baseConfig.warmup}`,
    },
    {
      name: "cooldown",
      value: "X",
      description: "Fraction of the run, at its end, over which the learning rate falls to 0, " +
        "whatever the schedule",
      default: `${baseConfig.cooldown}, or ${long.cooldown} for many epochs of a long text`,
    },
    {
      name: "momentum",
      value: "X",
      description: "Momentum of sgd",
      default: String(baseConfig.momentum),
    },
    {
      name: "beta1",
      value: "X",
      description: "Decay rate of the first moment of adam and adamw",
      default: String(baseConfig.beta1),
    },
    {
      name: "beta2",
      value: "X",
      description: "Decay rate of the mean square of adam, adamw and rmsprop",
      default: `${baseConfig.beta2}, rmsprop ${resolveConfig({ optimizer: "rmsprop" }).beta2}`,
    },
    {
      name: "grad-clip",
      value: "X",
      description: "Clip the gradient at X; 0: do not clip",
      default: String(baseConfig.gradClip),
    },
    {
      name: "grad-clip-mode",
      value: "NAME",
      description: "What --grad-clip limits: value (each element, to between -X and X) or norm " +
        "(the norm of the whole gradient)",
      default: baseConfig.gradClipMode,
    },
    {
      name: "weight-average",
      value: "X",
      description:
        "Use as the model the average of the weights over the last steps, a fraction X " +
        "of all steps so far; 0: the weights of the last step",
      default: `${short.weightAverage}; ${vanilla.weightAverage} with adagrad, sgd and rmsprop`,
    },
  ]),
  ...inGroup("Regularization", [
    {
      name: "dropout",
      value: "X",
      description: "Probability of dropping each value that a layer passes to the next",
      default: `${single.dropout} to ${short.dropout}, by the number of epochs; 0 for one layer`,
    },
    {
      name: "dropout-from",
      value: "X",
      description: "Fraction of the run after which dropout begins",
      default: `${baseConfig.dropoutFrom}, or ${tenMinutes.dropoutFrom} for many epochs of a ` +
        "long text",
    },
    {
      name: "dropout-until",
      value: "X",
      description: "Fraction of the run after which dropout ends",
      default: `${baseConfig.dropoutUntil}, or ${tenMinutes.dropoutUntil} for many epochs of ` +
        "a long text",
    },
    {
      name: "confidence-penalty",
      value: "X",
      description: "Confidence penalty: training minimizes the loss minus X times the entropy of " +
        "the predictions, so that they become less certain; losses are reported without it",
      default: String(baseConfig.confidencePenalty),
    },
    {
      name: "weight-decay",
      value: "X",
      description: "Weight decay: an L2 penalty, decoupled from the gradient with adamw",
      default: `${single.weightDecay} to ${short.weightDecay}, by the number of steps; ` +
        `${vanilla.weightDecay} with other optimizers than adamw`,
    },
  ]),
  ...inGroup("Execution", [
    {
      name: "threads",
      value: "N",
      description: "Number of threads, or auto: the fastest number, which is measured during " +
        "training; the trained weights are the same bits with any number",
      default: "auto",
    },
    {
      name: "log-every",
      value: "N",
      description:
        "Steps between metrics, each a line of metrics.jsonl; the log shows all of them " +
        "if this option is given, else at most one every two seconds",
      default: `picked for about ${limitDefaults.logsPerRun} lines, or more in a long run`,
    },
    {
      name: "sample-every",
      value: "N",
      description: "Steps between samples of generated text; 0: no samples",
      default: `one about every ${
        MIN_SAMPLE_MS / 1000
      } seconds, fewer in a long run, and one at the end`,
    },
    {
      name: "checkpoint-every",
      value: "N",
      description: "Steps between checkpoints",
      default: `one checkpoint every ${CHECKPOINT_MS / 1000} seconds`,
    },
    {
      name: "tensorboard",
      description: "Write the metrics as an event file of TensorBoard into the run folder, too",
    },
    {
      name: "on-divergence",
      value: "NAME",
      description:
        "What to do when a number is no longer finite, or the loss is worse than guessing for long: " +
        `stop, or rollback (return to the last good state with half the learning rate, at most ${MAX_ROLLBACKS} times in a row)`,
      default: "stop",
    },
  ]),
];

/** The hyperparameters that a command line gives. */
export function readConfig(line: CommandLine): ConfigInput {
  const given = (Object.keys(baseConfig) as (keyof Config)[]).map((key) => {
    const name = optionOf(key);
    return [key, typeof baseConfig[key] === "number" ? line.number(name) : line.text(name)];
  });
  const config = present({ preset: line.text("preset"), ...Object.fromEntries(given) });
  if (!line.flag("lines")) return config;
  if (config.holdout !== undefined && config.holdout !== "lines") {
    throw new InputError(
      `Cannot use both --lines and --holdout ${config.holdout}: with --lines, lines are held out; ` +
        "leave one of them out",
    );
  }
  return { ...config, holdout: "lines" };
}

/** The limits and intervals that a command line gives. */
export function readLimits(line: CommandLine): RunLimits {
  return present({
    steps: line.number("steps"),
    epochs: line.number("epochs"),
    minutes: line.number("minutes"),
    patience: line.number("patience"),
    logEvery: line.number("log-every"),
    sampleEvery: line.number("sample-every"),
    checkpointEvery: line.number("checkpoint-every"),
    // Checked by `train`, as all others are.
    onDivergence: line.text("on-divergence") as OnDivergence | undefined,
  });
}

/** The presets with the options that they stand for, as lines of the help. */
export function presetHelp(width: number): string {
  const indent = 4 + Math.max(...Object.keys(presets).map((name) => name.length));
  return Object.entries(presets).map(([name, preset]) => {
    const options = Object.entries(preset).map(([key, value]) =>
      // A no-break space keeps an option and its value in one line.
      `--${optionOf(key)}\u00a0${value}`
    );
    const text = wrap(options.join(" "), { width, indent }).replaceAll("\u00a0", " ");
    return `  ${name}`.padEnd(indent) + text;
  }).join("\n");
}
