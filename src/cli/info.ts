import metadata from "../../deno.json" with { type: "json" };
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { FORMAT } from "../checkpoint/metadata.ts";
import { hashWeights } from "../export/weights.ts";
import { readCheckpoint } from "../files/checkpoint_file.ts";
import { stat } from "../files/fs.ts";
import { show } from "../json.ts";
import type { Config } from "../model/config.ts";
import { sizesOf } from "../model/model.ts";
import { parameterCount } from "../model/parameters.ts";
import type { RunChange, RunConfig } from "../run/run_config.ts";
import { readRun } from "../run/run_reading.ts";
import type { CorpusIdentity } from "../text/corpus_identity.ts";
import { type Command, optionOf } from "./args.ts";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatLoss,
  formatNumber,
  wrap,
} from "./format.ts";
import { printJson, printResult, terminalWidth } from "./output.ts";

/** The width of the labels. */
const LABEL = 13;

/** A checkpoint of a run, or a file that was named. */
interface Reading {
  readonly kind: "latest" | "best" | "file";
  readonly path: string;
  readonly bytes: number;
  readonly checkpoint: Checkpoint;
  readonly weightsSha256: string;
}

/** What a path leads to. */
interface Info {
  readonly path: string;
  /** `null` for a checkpoint file. */
  readonly run:
    | { readonly runConfig: RunConfig; readonly isTraining: boolean; readonly changedAt: Date }
    | null;
  readonly checkpoints: readonly Reading[];
}

/** `deno task info` shows what a run or a checkpoint is. */
export const infoCommand: Command = {
  name: "info",
  summary: "Show the text, sizes, options and losses of a run or a checkpoint",
  operands: ["<run|checkpoint>"],
  options: [
    {
      name: "json",
      description: "Print one JSON object: path, kind (run or checkpoint), text, model, config, " +
        "limits, history, is_training, changed_at, checkpoints, each with its progress, losses " +
        "and weights_sha256, and versions",
    },
  ],
  examples: ["deno task info runs/alice", "deno task info model.safetensors --json"],
  notes: [
    "The SHA-256 of the weights is that of their numbers alone. It is the same for a checkpoint, " +
    "for what is exported of it, and for what is imported again.",
    "A run is only read, and may be training meanwhile.",
  ],
  async run(line) {
    const info = await readInfo(line.operands[0]!);
    if (line.flag("json")) printJson(toRecord(info));
    else printResult(describe(info));
    return 0;
  },
};

async function readInfo(path: string): Promise<Info> {
  if (!isFolder(path)) return { path, run: null, checkpoints: [await read("file", path)] };
  const { latest, best, ...run } = readRun(path);
  const checkpoints: Reading[] = [];
  if (latest !== null) checkpoints.push(await read("latest", latest.path));
  if (best !== null) checkpoints.push(await read("best", best.path));
  return { path, run, checkpoints };
}

function isFolder(path: string): boolean {
  try {
    return stat(path).isDirectory;
  } catch {
    // Reading it explains what is wrong.
    return false;
  }
}

async function read(kind: Reading["kind"], path: string): Promise<Reading> {
  const checkpoint = await readCheckpoint(path);
  const weightsSha256 = hashWeights(checkpoint);
  return { kind, path, bytes: stat(path).size, checkpoint, weightsSha256 };
}

/** The configuration, the text and the vocabulary, as far as they are known. */
function contentsOf({ run, checkpoints }: Info) {
  const { checkpoint } = checkpoints[0] ?? {};
  const config = run?.runConfig.config ?? checkpoint!.config;
  const corpus = run?.runConfig.corpus ?? checkpoint?.corpus ?? null;
  const vocabulary = checkpoint?.vocabulary ?? null;
  const parameters = vocabulary === null ? null : parameterCount(sizesOf({ config, vocabulary }));
  return { config, corpus, vocabulary, parameters };
}

function toRecord(info: Info) {
  const { path, run, checkpoints } = info;
  const { config, corpus, vocabulary, parameters } = contentsOf(info);
  const { cell, layers, hidden, precision } = config;
  return {
    path,
    kind: run === null ? "checkpoint" : "run",
    text: corpus,
    model: {
      cell,
      layers,
      hidden,
      precision,
      parameters,
      vocabulary_size: vocabulary?.size ?? null,
      vocabulary: vocabulary?.characters ?? null,
    },
    config: inSnakeCase(config),
    limits: run === null ? null : inSnakeCase(run.runConfig.limits),
    history: run === null ? null : run.runConfig.history.map((change) => ({
      ...change,
      changed: inSnakeCase(change.changed),
    })),
    is_training: run?.isTraining ?? null,
    changed_at: run?.changedAt.toISOString() ?? null,
    checkpoints: checkpoints.map(({ checkpoint: { progress }, ...reading }) => ({
      kind: reading.kind,
      path: reading.path,
      bytes: reading.bytes,
      step: progress.step,
      epoch: progress.epoch,
      chars: progress.chars,
      elapsed_s: progress.elapsedSeconds,
      loss: progress.loss,
      batch_loss: progress.batchLoss,
      val_loss: progress.validationLoss,
      val_step: progress.validatedStep,
      best_val_loss: progress.bestValidationLoss,
      best_step: progress.bestStep,
      ended: progress.ended,
      weights_sha256: reading.weightsSha256,
    })),
    versions: { unroll: metadata.version, checkpoint_format: FORMAT, deno: Deno.version.deno },
  };
}

/** Keys as they are written in JSON that commands print: `seq_length` for `seqLength`. */
function inSnakeCase(object: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [optionOf(key).replaceAll("-", "_"), value]),
  );
}

function describe(info: Info): string {
  const { path, run, checkpoints } = info;
  const { config, corpus, vocabulary, parameters } = contentsOf(info);
  const { cell, layers, hidden, precision } = config;
  const fields: (readonly [string, string])[] = [
    run === null ? ["Checkpoint", show(path)] : ["Run", `${show(path)}, ${stateOf(run, info)}`],
    ["Text", corpus === null ? "unknown" : describeText(corpus)],
    [
      "Model",
      `${cell}, ${formatCount(layers, "layer")} of ${formatCount(hidden, "unit")}` +
      (vocabulary === null
        ? ""
        : `, ${formatCount(vocabulary.size, "character")}, ${
          formatCount(parameters!, "parameter")
        }`) +
      `, ${precision}`,
    ],
    ...checkpoints.flatMap(describeCheckpoint),
    ...checkpoints.length === 0 ? [["Checkpoint", "none yet"] as const] : [],
    ["Options", describeOptions(config)],
    ...run === null ? [] : [["Limits", describeOptions(run.runConfig.limits)] as const],
    ...(run?.runConfig.history ?? []).map((change) => ["Changed", describeChange(change)] as const),
    ["Versions", `unroll ${metadata.version}, ${FORMAT}, Deno ${Deno.version.deno}`],
  ];
  return fields.map(([label, text]) =>
    (label === "" ? "" : `${label}:`).padEnd(LABEL) +
    wrap(text, { width: terminalWidth(), indent: LABEL })
  ).join("\n");
}

function stateOf({ isTraining, changedAt }: NonNullable<Info["run"]>, { checkpoints }: Info) {
  const ended = checkpoints.some(({ checkpoint }) => checkpoint.progress.ended);
  const state = isTraining ? "training, or killed" : ended ? "ended" : "stopped";
  const time = changedAt.toISOString().slice(0, 19).replace("T", " ");
  return `${state}, last written ${time} UTC`;
}

function describeText({ path, chars, bytes, sha256 }: CorpusIdentity): string {
  return `${show(path)}, ${formatCount(chars, "character")}, ${formatBytes(bytes)}, ` +
    `SHA-256 ${sha256}`;
}

function describeCheckpoint({ kind, path, bytes, ...reading }: Reading) {
  const { checkpoint: { progress }, weightsSha256 } = reading;
  const { step, epoch, chars, elapsedSeconds, loss, validationLoss, validatedStep } = progress;
  // The validation at the end of a run is kept with the best model alone: a resumed run is the same
  // with and without it.
  const at = validatedStep === step ? "" : ` (of step ${formatNumber(validatedStep ?? 0)})`;
  const label = { latest: "Latest", best: "Best", file: "Progress" }[kind];
  const losses = [
    ...loss === null ? [] : [`training loss ${formatLoss(loss)} (smoothed)`],
    ...validationLoss === null ? [] : [`validation loss ${formatLoss(validationLoss)}${at}`],
  ];
  return [
    [
      label,
      [
        `step ${formatNumber(step)}`,
        `${epoch.toFixed(2)} epochs`,
        formatCount(chars, "character"),
        formatDuration(elapsedSeconds),
        ...losses,
      ].join(", "),
    ],
    ["", `${show(path)}, ${formatBytes(bytes)}`],
    ["", `SHA-256 of the weights: ${weightsSha256}`],
  ].map(([label, text]) => [label!, text!] as const);
}

function describeOptions(values: Partial<Config> | RunConfig["limits"]): string {
  const given = Object.entries(values).map(([key, value]) => `--${optionOf(key)} ${value}`);
  return given.length === 0 ? "none were given" : given.join(" ");
}

function describeChange({ step, changed, diverged }: RunChange): string {
  const values = Object.entries(changed).map(([key, { from, to }]) =>
    `--${optionOf(key)} ${from ?? "unset"} to ${to ?? "unset"}`
  );
  const cause = diverged === undefined
    ? ""
    : `, as step ${formatNumber(diverged.step)} diverged: ${diverged.reason}`;
  return `from step ${formatNumber(step)} on, ${values.join(", ")}${cause}`;
}
