import { InputError } from "../errors.ts";
import { baseConfig, type Config, type ConfigInput, presets } from "../model/config.ts";
import type { RunLimits } from "../run/run_config.ts";
import type { OnDivergence } from "../train/train.ts";
import { type CommandLine, type Option, present } from "./args.ts";

/** What of the command line decides what is trained; each is a key of the configuration. */
const configOptions: readonly Option[] = [
  {
    name: "cell",
    value: "NAME",
    description: "Recurrent cell: rnn (one tanh layer), gru or lstm",
    default: "gru",
  },
  {
    name: "layers",
    value: "N",
    description: "Layers, each reading the one below",
    default: "1; 2 for a long text and --minutes 3 or more",
  },
  {
    name: "hidden",
    value: "N",
    description: "Hidden units of each layer",
    default: "64 to 256, by the length of the text",
  },
  {
    name: "seq-length",
    value: "N",
    description: "Characters that back-propagation through time unrolls",
    default: "50, fewer for a short text",
  },
  {
    name: "batch-size",
    value: "N",
    description: "Streams trained side by side",
    default: "4 to 16, by the length of the text",
  },
  {
    name: "reset-every",
    value: "N",
    description:
      "Steps after which each stream, one after the other, goes on from a hidden state of " +
      "zero, so that the network learns to begin; 0: only when the text starts again",
    default: "200; with a preset 0",
  },
  {
    name: "dropout",
    value: "X",
    description: "Share of what each layer passes to the next that is dropped while training",
    default: "0; 0.1 for two layers that read a long text many times",
  },
  {
    name: "dropout-from",
    value: "X",
    description: "Share of the run from which it is dropped",
    default: "0; 0.7 where dropout is chosen",
  },
  {
    name: "dropout-until",
    value: "X",
    description: "Share of the run until which it is dropped; from there to the end nothing is",
    default: "0.85; with a preset 1",
  },
  {
    name: "optimizer",
    value: "NAME",
    description: "Update rule: adagrad, sgd, rmsprop, adam or adamw",
    default: "adamw",
  },
  {
    name: "lr",
    value: "X",
    description: "Learning rate",
    default:
      "gru 0.006, 0.012 for two layers that read a long text many times, lstm 0.01, rnn 0.004; adagrad 0.05; sgd 0.1; rmsprop 0.002",
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
    description: "How much of the first moment adam and adamw keep",
    default: String(baseConfig.beta1),
  },
  {
    name: "beta2",
    value: "X",
    description: "How much of the mean square adam, adamw and rmsprop keep",
    default: `${baseConfig.beta2}, rmsprop 0.9`,
  },
  {
    name: "weight-decay",
    value: "X",
    description: "Weight decay: L2, with adamw decoupled from the gradient",
    default: "0.1; other optimizers 0",
  },
  {
    name: "lr-schedule",
    value: "NAME",
    description: "Learning rate over time: constant, step, cosine (down to 0 at the last step), " +
      "inverse-sqrt (as the root of warmup / step) or plateau (when validation stands still)",
    default: "inverse-sqrt; with adagrad, sgd and rmsprop constant",
  },
  {
    name: "lr-decay",
    value: "X",
    description: "What the schedules step and plateau multiply the rate by",
    default: `${baseConfig.lrDecay}, plateau 0.5`,
  },
  {
    name: "lr-decay-after",
    value: "X",
    description: "Epochs before it first does",
    default: String(baseConfig.lrDecayAfter),
  },
  {
    name: "lr-decay-every",
    value: "X",
    description: "Epochs from one time to the next",
    default: String(baseConfig.lrDecayEvery),
  },
  {
    name: "lr-patience",
    value: "N",
    description: "Validations in a row without a better one before the schedule plateau does",
    default: String(baseConfig.lrPatience),
  },
  {
    name: "warmup",
    value: "N",
    description: "Steps over which the rate rises from 0 first",
    default: "200 to 1000 with inverse-sqrt, else 0",
  },
  {
    name: "cooldown",
    value: "X",
    description:
      "Share of the run, at its end, over which the rate falls to 0, whatever the schedule",
    default: "0; 0.2 where two layers are chosen",
  },
  {
    name: "grad-clip",
    value: "X",
    description: "Clip the gradient to X; 0: no clipping",
    default: String(baseConfig.gradClip),
  },
  {
    name: "grad-clip-mode",
    value: "NAME",
    description: "What is clipped: value (each element to ±X) or norm (the whole)",
    default: baseConfig.gradClipMode,
  },
  {
    name: "weight-average",
    value: "X",
    description:
      "Use the average of the weights over the last steps, this share of all so far, as the " +
      "model; 0: those of the last step",
    default: "0.1; with adagrad, sgd and rmsprop 0",
  },
  {
    name: "init",
    value: "NAME",
    description: "Initial weights: normal:S (standard deviation S), uniform:S (±S), xavier, " +
      "orthogonal, identity or pytorch",
    default: "orthogonal; above 512 units xavier",
  },
  {
    name: "precision",
    value: "NAME",
    description: "f32 (fastest), f32-strict (the same bits on every machine) or f64",
    default: baseConfig.precision,
  },
  { name: "seed", value: "N", description: "Seed of all random choices", default: "1" },
  {
    name: "val-fraction",
    value: "X",
    description: "Share of the text, at its end, held out for validation; 0: none",
    default: `${baseConfig.valFraction}, but at most a million characters`,
  },
  {
    name: "test-fraction",
    value: "X",
    description: "Share of the text, behind that, held out until the end, for a last test",
    default: String(baseConfig.testFraction),
  },
  {
    name: "holdout",
    value: "NAME",
    description:
      "Where both are held out: at the end of the text, or, as char-rnn does, of each of the " +
      "streams, which finds texts more like those trained on",
    default: baseConfig.holdout,
  },
];

/** What of it decides how long, and what is told and kept. */
const limitOptions: readonly Option[] = [
  { name: "steps", value: "N", description: "Stop after so many updates" },
  { name: "epochs", value: "X", description: "Stop after so many passes over the text" },
  {
    name: "minutes",
    value: "X",
    description: "Stop after so much time; of several limits the first counts",
    default: "without any limit, 10 epochs, but 4 to 20 million characters, and --patience 5",
  },
  {
    name: "patience",
    value: "N",
    description: "Stop after so many validations in a row without a better one",
    default: "as long as it takes",
  },
  {
    name: "log-every",
    value: "N",
    description: "Steps from one report to the next",
    default: "such that a run has some 30 reports, a long one more",
  },
  {
    name: "sample-every",
    value: "N",
    description: "Steps from one sample to the next; 0: none",
    default: "5 reports",
  },
  {
    name: "checkpoint-every",
    value: "N",
    description: "Steps from one checkpoint to the next",
    default: "one a minute",
  },
  {
    name: "on-divergence",
    value: "NAME",
    description:
      "When a number is not finite: stop, or rollback, which goes back to the last report, " +
      "halves the learning rate and goes on, up to 10 times in a row",
    default: "stop",
  },
];

/** All options of `deno task train`. */
export const trainOptions: readonly Option[] = [
  {
    name: "out",
    value: "DIR",
    description: "Run folder; it must not hold a run yet",
    default: "runs/<name of the text>, with a number if taken",
  },
  {
    name: "resume",
    value: "RUN",
    description:
      "Go on with the run in this folder as if it had never stopped; <text> may be left out",
  },
  {
    name: "force",
    description: "Begin anew in a folder that holds a run, and replace that one at the first save",
  },
  {
    name: "preset",
    value: "NAME",
    description: `Settings by name, over which the other options win: ${
      Object.keys(presets).join(", ")
    }`,
  },
  ...configOptions,
  {
    name: "threads",
    value: "N",
    description: "Threads to compute with; the result is the same bits with any number",
    default: "one for each core, fewer when the work is too small to gain",
  },
  ...limitOptions,
];

/** What the line says of the configuration; the rest is for the preset and the baseConfig. */
export function configOf(line: CommandLine): ConfigInput {
  const given = configOptions.map(({ name }) => {
    const key = name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()) as keyof Config;
    return [key, typeof baseConfig[key] === "number" ? line.number(name) : line.text(name)];
  });
  return present(Object.fromEntries([["preset", line.text("preset")], ...given]));
}

/**
 * What the line says of the run's length and habits.
 * @throws {InputError} when a name is none of those that are known.
 */
export function limitsOf(line: CommandLine): RunLimits {
  const onDivergence = line.text("on-divergence");
  if (onDivergence !== undefined && onDivergence !== "stop" && onDivergence !== "rollback") {
    throw new InputError(
      `Cannot use --on-divergence ${JSON.stringify(onDivergence)}: it must be stop or rollback`,
    );
  }
  return present({
    steps: line.number("steps"),
    epochs: line.number("epochs"),
    minutes: line.number("minutes"),
    patience: line.number("patience"),
    logEvery: line.number("log-every"),
    sampleEvery: line.number("sample-every"),
    checkpointEvery: line.number("checkpoint-every"),
    onDivergence: onDivergence as OnDivergence | undefined,
  });
}

/** The limits of a run that goes on: a new limit takes the place of all that there were. */
export function resumedLimits(before: RunLimits, asked: RunLimits): RunLimits {
  const { steps, epochs, minutes, ...habits } = before;
  const isLimited = [asked.steps, asked.epochs, asked.minutes].some((limit) => limit !== undefined);
  return { ...isLimited ? {} : present({ steps, epochs, minutes }), ...habits, ...asked };
}
