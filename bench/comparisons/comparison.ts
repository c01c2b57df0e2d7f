/** Compares the results of other programs with unroll's, as tables and as JSON. */
import { formatNumber, table } from "../../src/cli/format.ts";
import { summarize, type Summary } from "../statistics.ts";
import type { ProgramResult } from "./measure.ts";
import { type ComparedNetwork, formatNetwork } from "./networks.ts";

/** The result of a program next to unroll's. */
export interface ComparedProgram extends ProgramResult {
  /** unroll's mean loss over the characters of the program's warm-up. */
  readonly unrollLoss: number;
  /** How many times as fast unroll is, for each number of threads that unroll ran with. */
  readonly speedups: readonly Summary[];
}

/** The comparison of all programs with one network. */
export interface Comparison {
  readonly network: ComparedNetwork;
  readonly programs: readonly ComparedProgram[];
}

/**
 * Losses are marked if they differ by a larger fraction. All programs begin with the same weights, so
 * the first losses agree to rounding errors; these grow over hundreds of steps.
 */
const LOSS_TOLERANCE = 0.02;

/**
 * Compares all results with unroll's.
 *
 * @param unrollLoss unroll's mean loss over the first characters.
 */
export function compareWithUnroll(
  results: readonly ProgramResult[],
  unrollLoss: (chars: number) => number,
): readonly ComparedProgram[] {
  const unroll = results.filter(({ isUnroll }) => isUnroll);
  return results.map((result) => ({
    ...result,
    unrollLoss: unrollLoss(result.warmup.chars),
    speedups: unroll.map(({ speeds }) => summarize(speedupsOf(speeds, result.speeds))),
  }));
}

/**
 * How many times as fast one program is as another, round by round. A program that was measured
 * once is compared with every round of the other.
 */
export function speedupsOf(
  speeds: readonly number[],
  otherSpeeds: readonly number[],
): readonly number[] {
  return speeds.map((speed, round) => speed / otherSpeeds[otherSpeeds.length === 1 ? 0 : round]!);
}

/** Whether a program's loss is close enough to unroll's to be the loss of the same training. */
export function hasComparableLoss({ warmup, unrollLoss }: ComparedProgram): boolean {
  return Math.abs(warmup.loss - unrollLoss) <= LOSS_TOLERANCE * unrollLoss;
}

/** The comparison as a table; bench/README.md explains the columns. */
export function formatComparison({ network, programs }: Comparison): string {
  const unroll = programs.filter(({ isUnroll }) => isUnroll);
  const head = [
    `${network.name}: ${formatNetwork(network.config)}`,
    "chars/s",
    ...unroll.flatMap(({ name }) => [`speedup (${name.replace("unroll, ", "")})`, "min", "max"]),
    "loss",
    "unroll's loss",
    "chars",
    "",
  ];
  const rows = programs.map((program) => {
    const { name, variant, isUnroll, speeds, warmup, unrollLoss, speedups } = program;
    return [
      variant ? `${name}, ${variant}` : name,
      formatNumber(summarize(speeds).median),
      ...speedups.flatMap(({ median, minimum, maximum }) =>
        isUnroll ? ["", "", ""] : [median, minimum, maximum].map(formatRatio)
      ),
      warmup.loss.toFixed(3),
      unrollLoss.toFixed(3),
      formatNumber(warmup.chars),
      [
        ...speeds.length === 1 ? ["measured once"] : [],
        ...hasComparableLoss(program) ? [] : ["losses differ"],
      ].join(", "),
    ];
  });
  return table([head, ...rows], { rightFrom: 1 });
}

/** The comparison as a value for `JSON.stringify`. */
export function comparisonToJson({ network, programs }: Comparison): unknown {
  const unroll = programs.filter(({ isUnroll }) => isUnroll);
  return {
    ...networkToJson(network),
    programs: programs.map((program) => ({
      name: program.name,
      ...program.variant && { variant: program.variant },
      version: program.version,
      chars_per_s: summarize(program.speeds),
      rounds: program.speeds.length,
      speedup_of: Object.fromEntries(unroll.map(({ name }, i) => [name, program.speedups[i]])),
      loss: {
        chars: program.warmup.chars,
        program: program.warmup.loss,
        unroll: program.unrollLoss,
      },
    })),
  };
}

/** A network as a value for `JSON.stringify`. */
export function networkToJson(
  { name, config }: ComparedNetwork,
): Readonly<Record<string, unknown>> {
  const { cell, layers, hidden, seqLength, batchSize, optimizer } = config;
  return {
    network: name,
    ...{ cell, layers, hidden, optimizer, seq_length: seqLength, batch_size: batchSize },
  };
}

/** A ratio in three digits. */
export function formatRatio(ratio: number): string {
  return ratio.toFixed(ratio < 10 ? 2 : ratio < 100 ? 1 : 0);
}
