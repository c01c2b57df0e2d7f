/** The colors of charts, on a light page and on a dark one. */

/**
 * Colors of lines on a light page, and on a dark one: of at least three times the luminance, by
 * WCAG 2.2, and apart for readers with color blindness, the first ones most.
 */
export const lineColors: readonly (readonly [light: string, dark: string])[] = [
  ["#0072b2", "#56b4e9"],
  ["#d55e00", "#ff9455"],
  ["#00835f", "#3ddc9a"],
  ["#a8487f", "#e79ac4"],
  ["#8a6d00", "#e3c33f"],
  ["#5b5bd6", "#a5a5ff"],
  ["#c1272e", "#ff6b70"],
  ["#565656", "#b8b8b8"],
];

/** The color of the page. */
export const BACKGROUND = "#ffffff";
/** The color of text and axes. */
export const TEXT = "#333333";
/** The color of the lines of the grid. */
export const GRID = "#dddddd";

/** The colors of a dark page, by those of a light one. */
export const darkColors: Readonly<Record<string, string>> = {
  [BACKGROUND]: "#16181d",
  [TEXT]: "#d6d8dc",
  [GRID]: "#3a3d45",
  ...Object.fromEntries(lineColors),
};
