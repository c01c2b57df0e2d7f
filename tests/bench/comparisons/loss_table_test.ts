import { assertAlmostEquals, assertEquals } from "@std/assert";
import { lossChart } from "../../../bench/charts/loss_chart.ts";
import type { LossCurve } from "../../../bench/comparisons/loss_curves.ts";
import {
  formatLossComparison,
  lossAfter,
  type LossComparison,
  lossComparisonToJson,
  lossLevels,
  secondsToLoss,
} from "../../../bench/comparisons/loss_table.ts";
import { resolveConfig } from "../../../src/model/resolve_config.ts";

const curve = (name: string, losses: readonly number[]): LossCurve => ({
  ...{ name, version: "1", isUnroll: name === "unroll" },
  points: losses.map((loss, i) => ({ seconds: (i + 1) * 10, chars: (i + 1) * 1000, loss })),
});
const unroll = curve("unroll", [2.2, 1.8, 1.61, 1.41]);
const other = curve("PyTorch, 2 threads", [2.6, 2.2, 1.8, 1.7]);
const comparison: LossComparison = {
  network: { name: "small", config: resolveConfig({ hidden: 8, batchSize: 2 }) },
  curves: [unroll, other],
};

Deno.test("secondsToLoss() interpolates between validations", () => {
  assertAlmostEquals(secondsToLoss(unroll.points, 2)!, 15);
  assertEquals(secondsToLoss(unroll.points, 1.8), 20);
  assertEquals(secondsToLoss(unroll.points, 2.5), 10);
  assertEquals(secondsToLoss(unroll.points, 1.4), null);
});

Deno.test("secondsToLoss() takes the first time if a loss rises again", () => {
  assertEquals(secondsToLoss(curve("a", [3, 2, 4, 1]).points, 2), 20);
});

Deno.test("lossAfter() interpolates between validations, and not beyond", () => {
  assertAlmostEquals(lossAfter(unroll.points, 15)!, 2);
  assertEquals(lossAfter(unroll.points, 40), 1.41);
  assertEquals([5, 41].map((seconds) => lossAfter(unroll.points, seconds)), [null, null]);
});

Deno.test("lossLevels() falls from losses that all programs reach to the lowest of any", () => {
  const levels = lossLevels([unroll, other]).map((level) => level.toFixed(2));
  assertEquals(levels, ["2.10", "1.90", "1.80", "1.75", "1.70", "1.60", "1.55", "1.45"]);
  assertEquals(lossLevels([curve("a", [1.32, 1.31])]).map((level) => level.toFixed(2)), ["1.35"]);
});

Deno.test("formatLossComparison() shows seconds to losses, losses after seconds, and ratios", () => {
  const rows = formatLossComparison(comparison).split("\n").map((row) => row.split(/ {2,}/));
  const rowOf = (name: string) => rows.find(([first]) => first === name);
  assertEquals(rows[0], ["small: RNN, H 8, T 25, B 2, adagrad"]);
  assertEquals(rowOf("seconds to the loss")?.at(-1), "PyTorch, 2 threads ÷ unroll");
  assertEquals(rowOf("1.80"), ["1.80", "20.0", "30.0", "1.50"]);
  assertEquals(rowOf("1.45"), ["1.45", "38.0", "not reached"]);
  assertEquals(rowOf("20.0"), ["20.0", "1.800", "2.200"]);
  assertEquals(rowOf("40.0"), ["40.0", "1.410", "1.700"]);
  assertEquals(rowOf("characters trained on")?.slice(1), ["4,000", "4,000", "1.00"]);
});

Deno.test("formatLossComparison() shows unroll alone where PyTorch is missing", () => {
  const text = formatLossComparison({ ...comparison, curves: [unroll] });
  assertEquals(text.includes("÷"), false);
});

Deno.test("lossComparisonToJson() has every validation", () => {
  const json = JSON.parse(JSON.stringify(lossComparisonToJson(comparison)));
  assertEquals(json.network, "small");
  assertEquals(json.programs[1].validations[1], { seconds: 20, chars: 2000, loss: 2.2 });
});

Deno.test("lossChart() has a line for each program, and colors of a dark page", () => {
  const { options, description, darkColors } = lossChart([comparison]);
  const { series, color } = JSON.parse(JSON.stringify(options));
  assertEquals(series.map(({ name }: { name: string }) => name), [
    "unroll",
    "PyTorch, 2 threads",
  ]);
  assertEquals(series[1].data, [[10, 2.6], [20, 2.2], [30, 1.8], [40, 1.7]]);
  assertEquals(description.includes("unroll: 1.4100 after 40 seconds."), true);
  for (const one of [color[0], color[1], "#ffffff"]) assertEquals(one in darkColors!, true);
});
