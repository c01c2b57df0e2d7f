import { table } from "../../src/cli/format.ts";
import { formatSize, type NetworkSize } from "../network_size.ts";
import { summarize, type Summary } from "../statistics.ts";
import { type ProgramResult, ratios } from "./measure.ts";

/** An outcome beside unroll's. */
export interface Comparison extends ProgramResult {
  /** unroll's mean loss over as many characters. */
  readonly ourLoss: number;
  /** Of each number of threads that unroll ran with: how many times as fast it is. */
  readonly ratios: readonly Summary[];
}

/** All that was found at one size. */
export interface SizeResult {
  readonly size: NetworkSize;
  readonly comparisons: readonly Comparison[];
}

/** UnrollLoss that differ by more than this share are marked: the weights' first values differ. */
const TOLERANCE = 0.1;

/** Sets all outcomes beside unroll's. */
export function compare(
  outcomes: readonly ProgramResult[],
  ourLoss: (chars: number) => number,
): readonly Comparison[] {
  const ours = outcomes.filter((outcome) => outcome.ours);
  return outcomes.map((outcome) => ({
    ...outcome,
    ourLoss: ourLoss(outcome.first.chars),
    ratios: ours.map(({ speeds }) => summarize(ratios(speeds, outcome.speeds))),
  }));
}

/** Whether a program learns what unroll learns, to what different first weights allow. */
export function learnsTheSame({ first, ourLoss }: Comparison): boolean {
  return Math.abs(first.loss - ourLoss) <= TOLERANCE * ourLoss;
}

/** The table of one size, for people. */
export function textOf({ size, comparisons }: SizeResult): string {
  const ours = comparisons.filter((comparison) => comparison.ours);
  const head = [
    formatSize(size),
    "chars/s",
    ...ours.flatMap(({ name }) => [`${name} ÷`, "from", "to"]),
    "loss",
    "unroll's",
    "after chars",
    "",
  ];
  const rows = comparisons.map((comparison) => {
    const { name, variant, speeds, first, ourLoss, ours, ratios } = comparison;
    return [
      variant ? `${name}, ${variant}` : name,
      whole(summarize(speeds).median),
      ...ratios.flatMap(({ median, minimum, maximum }) =>
        ours ? ["", "", ""] : [median, minimum, maximum].map(times)
      ),
      first.loss.toFixed(3),
      ourLoss.toFixed(3),
      whole(first.chars),
      [
        ...speeds.length === 1 ? ["once"] : [],
        ...learnsTheSame(comparison) ? [] : ["the losses differ"],
      ].join(", "),
    ];
  });
  return table([head, ...rows], 1);
}

/** The same for machines. */
export function jsonOf({ size, comparisons }: SizeResult): unknown {
  const ours = comparisons.filter((comparison) => comparison.ours);
  return {
    ...size,
    programs: comparisons.map(({ name, variant, version, first, speeds, ourLoss, ratios }) => ({
      name,
      ...variant && { variant },
      version,
      chars_per_s: summarize(speeds),
      rounds: speeds.length,
      unroll_over_it: Object.fromEntries(ours.map(({ name }, i) => [name, ratios[i]])),
      loss: { after_chars: first.chars, its: first.loss, unrolls: ourLoss },
    })),
  };
}

function times(ratio: number): string {
  return ratio.toFixed(ratio < 10 ? 2 : ratio < 100 ? 1 : 0);
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}
