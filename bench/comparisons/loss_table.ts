/** Losses over time in numbers: seconds to a loss, and losses after seconds. */
import { formatLoss, formatNumber, table } from "../../src/cli/format.ts";
import { formatRatio, networkToJson } from "./comparison.ts";
import type { LossCurve, LossPoint } from "./loss_curves.ts";
import { type ComparedNetwork, formatNetwork } from "./networks.ts";

/** The losses of all programs with one network. */
export interface LossComparison {
  readonly network: ComparedNetwork;
  /** unroll's first. */
  readonly curves: readonly LossCurve[];
}

/**
 * The seconds of training after which a loss is reached, on straight lines between the validations.
 *
 * @returns `null` if it is not reached; the time of the first validation if that is lower already.
 */
export function secondsToLoss(points: readonly LossPoint[], loss: number): number | null {
  const at = points.findIndex((point) => point.loss <= loss);
  if (at < 0) return null;
  const reached = points[at]!;
  const before = points[at - 1];
  if (before === undefined) return reached.seconds;
  const part = (before.loss - loss) / (before.loss - reached.loss);
  return before.seconds + part * (reached.seconds - before.seconds);
}

/**
 * The loss after some seconds of training, on straight lines between the validations.
 *
 * @returns `null` outside of the times of the validations.
 */
export function lossAfter(points: readonly LossPoint[], seconds: number): number | null {
  const at = points.findIndex((point) => point.seconds >= seconds);
  if (at < 0) return null;
  const after = points[at]!;
  const before = points[at - 1];
  if (after.seconds === seconds) return after.loss;
  if (before === undefined) return null;
  const part = (seconds - before.seconds) / (after.seconds - before.seconds);
  return before.loss + part * (after.loss - before.loss);
}

/** Losses are shown in multiples of this. */
const LEVEL_STEP = 0.05;
/** Losses above the lowest one that all programs reach. */
const ABOVE = [0.4, 0.2, 0.1, 0.05];
/** Parts of the way from there to the lowest one that any program reaches. */
const BELOW = [1 / 3, 2 / 3];

/**
 * Round losses that are worth waiting for, falling: some that all programs reach, the lowest that any
 * of them reaches, and some between. None is above a first validation, before which nothing is known.
 */
export function lossLevels(curves: readonly LossCurve[]): readonly number[] {
  const lowest = curves.map(({ points }) => Math.min(...points.map(({ loss }) => loss)));
  const first = Math.min(...curves.map(({ points }) => points[0]!.loss));
  const steps = (loss: number) => Math.ceil(loss / LEVEL_STEP - 1e-9);
  const common = steps(Math.max(...lowest));
  const end = steps(Math.min(...lowest));
  const levels = [
    ...ABOVE.map((distance) => common + steps(distance)),
    common,
    ...BELOW.map((part) => Math.round(common + part * (end - common))),
  ];
  const known = levels.filter((level) => level * LEVEL_STEP <= first && level > end);
  return [...new Set([...known, end])].map((level) => level * LEVEL_STEP);
}

/** The parts of the run after which losses are shown. */
const PARTS = [0.25, 0.5, 1];

/** The comparison as two tables; bench/README.md explains the columns. */
export function formatLossComparison({ network, curves }: LossComparison): string {
  const [unroll, ...others] = curves as [LossCurve, ...LossCurve[]];
  const names = curves.map(({ name }) => name);
  const ratios = others.map(({ name }) => `${name} ÷ unroll`);
  const levels = lossLevels(curves).map((loss) => {
    const seconds = curves.map(({ points }) => secondsToLoss(points, loss));
    const [first, ...rest] = seconds;
    return [
      loss.toFixed(2),
      ...seconds.map((time) => time === null ? "not reached" : time.toFixed(1)),
      ...rest.map((time) => time === null || first == null ? "" : formatRatio(time / first)),
    ];
  });
  // Each program has trained for at least this long.
  const end = Math.min(...curves.map(({ points }) => points.at(-1)!.seconds));
  const losses = PARTS.map((part) => [
    (end * part).toFixed(1),
    ...curves.map(({ points }) => {
      const loss = lossAfter(points, end * part);
      return loss === null ? "" : formatLoss(loss, 3);
    }),
  ]);
  const charsOf = ({ points }: LossCurve) => points.at(-1)!.chars;
  const chars = [
    "characters trained on",
    ...curves.map((curve) => formatNumber(charsOf(curve))),
    ...others.map((other) => formatRatio(charsOf(unroll) / charsOf(other))),
  ];
  return `${network.name}: ${formatNetwork(network.config)}\n` +
    `${table([["seconds to the loss", ...names, ...ratios], ...levels], { rightFrom: 1 })}\n\n` +
    `${table([["loss after seconds", ...names], ...losses], { rightFrom: 1 })}\n\n` +
    table([["", ...names, ...others.map(({ name }) => `unroll ÷ ${name}`)], chars], {
      rightFrom: 1,
    });
}

/** The comparison as a value for `JSON.stringify`. */
export function lossComparisonToJson({ network, curves }: LossComparison): unknown {
  return {
    ...networkToJson(network),
    programs: curves.map(({ name, version, points }) => ({
      ...{ name, version },
      validations: points.map(({ seconds, chars, loss }) => ({ seconds, chars, loss })),
    })),
  };
}
