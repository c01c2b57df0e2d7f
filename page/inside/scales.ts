/**
 * From numbers to the levels of a color scale, and the legends of the scales.
 *
 * A scale has few levels, each with a color of its own, so that a reader can name the level of a
 * character. The colors are in inside.css; in each scale luminance changes in one direction from zero,
 * so that the order is visible without color vision.
 *
 * @module
 */

/** No color: nothing is known, or nothing is to be shown. */
export const NO_LEVEL = 255;

/** A color scale. */
export interface Scale {
  /** The name of its colors in the stylesheet. */
  readonly name: "loss" | "signed" | "gate" | "depends";
  /** What its numbers are, for the legend. */
  readonly label: string;
  /** The level without a color. */
  readonly blank: number;
  /** The text of each level, from the first. */
  readonly legend: readonly string[];
  /** The level of a number; {@linkcode NO_LEVEL} for NaN. */
  readonly levelOf: (value: number) => number;
  /** Whether a symbol of several characters has the level of the last, instead of the highest. */
  readonly takesLast: boolean;
}

function levelBelow(bounds: readonly number[], value: number): number {
  if (Number.isNaN(value)) return NO_LEVEL;
  return bounds.findLastIndex((bound) => value >= bound) + 1;
}

/** Lower bounds in bits, as those of the page that `score --html` makes. */
const LOSS_BOUNDS = [0.5, 1, 2, 3, 4, 6, 8];
const SIGNED_BOUNDS = [-0.75, -0.5, -0.25, -0.05, 0.05, 0.25, 0.5, 0.75];
const GATE_BOUNDS = [0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875];
/** Gradients decay by factors, so each level is half of the one above. */
const DEPENDS_BOUNDS = [1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2];

/** Losses in nats, shown in bits. */
export const lossScale: Scale = {
  name: "loss",
  label: "Loss of each character, in bits",
  blank: 0,
  legend: ["0", "½", "1", "2", "3", "4", "6", "8+"],
  levelOf: (nats) => levelBelow(LOSS_BOUNDS, nats / Math.LN2),
  takesLast: false,
};

/** Values from −1 to 1; cell states may be beyond. */
export const signedScale: Scale = {
  name: "signed",
  label: "Value of the unit after each character",
  blank: 4,
  legend: ["−1", "−¾", "−½", "−¼", "0", "¼", "½", "¾", "1"],
  levelOf: (value) => levelBelow(SIGNED_BOUNDS, value),
  takesLast: true,
};

/** Values from 0, closed, to 1, open. */
export const gateScale: Scale = {
  name: "gate",
  label: "Gate of the unit at each character: 0 closed, 1 open",
  blank: 0,
  legend: ["0", "⅛", "¼", "⅜", "½", "⅝", "¾", "⅞+"],
  levelOf: (value) => levelBelow(GATE_BOUNDS, value),
  takesLast: true,
};

/** Connectivity relative to the largest. */
export const dependsScale: Scale = {
  name: "depends",
  label: "How much the prediction depends on each character, as a part of the most",
  blank: 0,
  legend: ["less", "1⁄32", "1⁄16", "⅛", "¼", "½–1"],
  levelOf: (share) => levelBelow(DEPENDS_BOUNDS, share),
  takesLast: false,
};
