/** The settings that can be edited: keys of the configuration, with what a field needs. */
import type { Config } from "../src/mod.ts";

/** A key of the configuration as a field of the page. */
export interface Setting {
  readonly key: keyof Config;
  /** What the field is called, alone. */
  readonly label: string;
  /** What can be chosen; `undefined` for a number. */
  readonly options?: readonly string[];
  /** The step of a number field: 1 for integers, `any` for real numbers. */
  readonly step?: "1" | "any";
  readonly min?: number;
  /** Whether the value is free text. */
  readonly isText?: boolean;
}

const integer = { step: "1" } as const;
const real = { step: "any", min: 0 } as const;

/** All settings by key. */
export const settings: Readonly<Record<keyof Config, Setting>> = byKey([
  { key: "cell", label: "cell", options: ["rnn", "gru", "lstm"] },
  { key: "layers", label: "layers", ...integer, min: 1 },
  { key: "hidden", label: "hidden units", ...integer, min: 1 },
  { key: "batchSize", label: "streams", ...integer, min: 1 },
  { key: "seqLength", label: "characters of a sequence", ...integer, min: 1 },
  {
    key: "optimizer",
    label: "optimizer",
    options: ["adagrad", "sgd", "rmsprop", "adam", "adamw"],
  },
  { key: "lr", label: "learning rate", ...real },
  { key: "weightDecay", label: "weight decay", ...real },
  {
    key: "lrSchedule",
    label: "learning-rate schedule",
    options: ["constant", "step", "linear", "cosine", "inverse-sqrt", "plateau"],
  },
  { key: "warmup", label: "steps of warm-up", ...integer, min: 0 },
  { key: "cooldown", label: "cooldown, part of the run", ...real },
  { key: "weightAverage", label: "weight average", ...real },
  { key: "dropout", label: "dropout", ...real },
  { key: "dropoutFrom", label: "dropout from", ...real },
  { key: "dropoutUntil", label: "dropout until", ...real },
  { key: "confidencePenalty", label: "confidence penalty", ...real },
  { key: "lrDecay", label: "learning-rate decay", ...real },
  { key: "lrDecayAfter", label: "epochs before decay", ...real },
  { key: "lrDecayEvery", label: "epochs between decays", ...real },
  { key: "lrPatience", label: "validations before decay", ...integer, min: 1 },
  { key: "momentum", label: "momentum", ...real },
  { key: "beta1", label: "beta 1", ...real },
  { key: "beta2", label: "beta 2", ...real },
  { key: "gradClip", label: "gradient clipping", ...real },
  { key: "gradClipMode", label: "clipping by", options: ["value", "norm"] },
  { key: "init", label: "initialization", isText: true },
  { key: "precision", label: "precision", options: ["f32", "f32-strict", "f64"] },
  { key: "seed", label: "seed", ...integer, min: 0 },
  { key: "valFraction", label: "part held out for validation", ...real },
  { key: "testFraction", label: "part held out for a test", ...real },
  { key: "holdout", label: "held out", options: ["end", "streams", "lines"] },
  { key: "resetEvery", label: "steps between state resets", ...integer, min: 0 },
]);

function byKey(list: readonly Setting[]): Readonly<Record<keyof Config, Setting>> {
  return Object.fromEntries(list.map((setting) => [setting.key, setting])) as Record<
    keyof Config,
    Setting
  >;
}

/** Keys that stand in the sentences of the page; all others are below them. */
export const mainKeys: readonly (keyof Config)[] = [
  ...["cell", "layers", "hidden", "dropout", "batchSize", "seqLength"] as const,
  ...["optimizer", "lr", "weightDecay", "lrSchedule", "warmup", "weightAverage"] as const,
];

/** A message of the library, with the names that the page has for settings. */
export function withLabels(message: string): string {
  return message.replaceAll(
    /"(\w+)"/g,
    (quoted, key) =>
      Object.hasOwn(settings, key) ? `“${settings[key as keyof Config].label}”` : quoted,
  );
}
