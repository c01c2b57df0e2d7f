/** Color scales: their levels, their legends, and the colors of the stylesheets. */
import { assert, assertEquals } from "@std/assert";
import {
  dependsScale,
  gateScale,
  lossScale,
  NO_LEVEL,
  type Scale,
  signedScale,
} from "../../../page/inside/scales.ts";

const scales: readonly Scale[] = [lossScale, signedScale, gateScale, dependsScale];
const ignore = Deno.permissions.querySync({ name: "read" }).state !== "granted";

Deno.test("levelOf() has a level of the legend for every number, in their order", () => {
  for (const { name, legend, levelOf } of scales) {
    const numbers = Array.from({ length: 4001 }, (_, i) => i / 200 - 10);
    const levels = numbers.map(levelOf);
    assertEquals(levels, levels.toSorted((a, b) => a - b), name);
    assertEquals(new Set(levels).size, legend.length, name);
    assertEquals([levels[0], levels.at(-1)], [0, legend.length - 1], name);
    assertEquals(levelOf(NaN), NO_LEVEL);
  }
  assertEquals([0, 0.49, 0.5, 1, 8, 99].map((bits) => lossScale.levelOf(bits * Math.LN2)), [
    ...[0, 0, 1, 2, 7, 7],
  ]);
  assertEquals([-1, 0, 1].map(signedScale.levelOf), [0, 4, 8]);
  assertEquals([0, 0.5, 1].map(gateScale.levelOf), [0, 4, 7]);
  assertEquals([0, 1 / 32, 0.5, 1].map(dependsScale.levelOf), [0, 1, 5, 5]);
});

/** The colors of a variable in the light and the dark scheme. */
function colorsOf(css: string, name: string): readonly [string, string] | undefined {
  const match = new RegExp(`--${name}: light-dark\\((#\\w{6}), (#\\w{6})\\)`).exec(css);
  return match ? [match[1]!, match[2]!] : undefined;
}

/** The relative luminance of WCAG 2. */
function luminance(color: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const c = parseInt(color.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

Deno.test({
  name: `Colors of all levels can be read, and get darker or lighter${
    ignore ? " (needs --allow-read)" : ""
  }`,
  ignore,
  fn: async () => {
    const root = new URL("../../../page/", import.meta.url);
    const css = await Deno.readTextFile(new URL("inside/inside.css", root));
    const tokens = await Deno.readTextFile(new URL("style.css", root));
    const ink = colorsOf(tokens, "ink")!;
    const paper = colorsOf(tokens, "paper")!;
    for (const { name, legend, blank } of scales) {
      assert(css.includes(`--${name}-${blank}: transparent;`), name);
      for (const scheme of [0, 1] as const) {
        const colors = legend.map((_, level) => {
          const colors = colorsOf(css, `${name}-${level}`);
          assertEquals(colors !== undefined, level !== blank, `${name}-${level}`);
          return colors?.[scheme] ?? paper[scheme];
        });
        colors.forEach((color, level) => {
          const ratio = contrast(color, ink[scheme]);
          assert(ratio >= 4.5, `${name}-${level}, scheme ${scheme}: contrast ${ratio}`);
        });
        // From the level of zero on, away from the color of the page.
        const distances = colors.map((color) => contrast(color, paper[scheme]));
        for (let level = blank + 1; level < legend.length; level++) {
          assert(distances[level]! > distances[level - 1]!, `${name}-${level}, ${scheme}`);
        }
        for (let level = blank - 1; level >= 0; level--) {
          assert(distances[level]! > distances[level + 1]!, `${name}-${level}, ${scheme}`);
        }
      }
    }
  },
});
