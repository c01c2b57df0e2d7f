import { assert, assertEquals, assertRejects } from "@std/assert";
import { startCharts } from "../../../bench/charts/start_charts.ts";
import { readEnvironment } from "../../../bench/environment.ts";
import {
  peakMemoryOf,
  startModels,
  type StartResult,
  timeUntil,
} from "../../../bench/report/start.ts";
import { readCorpus } from "../../../src/files/mod.ts";
import { autoConfig } from "../../../src/mod.ts";
import { formatStart, startToJson } from "../../../bench/report/start_report.ts";

const missing = (["run", "read"] as const).filter((name) =>
  Deno.permissions.querySync({ name }).state !== "granted"
);
const ignore = missing.length > 0;
const needs = "(needs --allow-run and --allow-read)";

/** Arguments of Deno that print "first", and "second" 300 ms later. */
const program = [
  "eval",
  `console.log("first"); setTimeout(() => console.log("second"), 300);`,
];

Deno.test({
  name: `timeUntil() is the time until the output matches, not until the end ${needs}`,
  ignore,
  async fn() {
    const begin = performance.now();
    const first = await timeUntil(program, /^first$/m);
    assert(first + 250 < performance.now() - begin, `${first}`);
    assert(await timeUntil(program, /second/) >= 300);
  },
});

Deno.test({
  name: `timeUntil() rejects a program that fails or never matches ${needs}`,
  ignore,
  async fn() {
    await assertRejects(() => timeUntil(program, /third/), Error, "it printed first");
    const failing = ["eval", `console.error("no text"); Deno.exit(3);`];
    await assertRejects(() => timeUntil(failing, /./), Error, "ended with 3: no text");
  },
});

Deno.test({
  name: `peakMemoryOf() counts what was in memory, also when it was freed ${needs}`,
  ignore: ignore || Deno.build.os !== "linux",
  async fn() {
    const holding = (megabytes: number) => [
      "eval",
      `let bytes = new Uint8Array(${megabytes}e6).fill(1); bytes = undefined;
       setTimeout(() => {}, 300);`,
    ];
    const [small, large] = [await peakMemoryOf(holding(1)), await peakMemoryOf(holding(201))];
    const difference = large! - small!;
    assert(difference > 150 && difference < 250, `${small} and ${large} MB`);
  },
});

const summary = (value: number) => ({ median: value, minimum: value, maximum: value });
const results: readonly StartResult[] = [64, 512].map((hidden, i) => ({
  ...{ layers: 2, hidden, isAutomatic: hidden === 64 },
  firstStep: summary(400 + i),
  firstCharacter: summary(200 + i),
  samplingSpeed: summary(9000 + i),
  trainingMemory: summary(150 + i),
  samplingMemory: i === 0 ? null : summary(120),
}));

Deno.test("formatStart() prints medians, and nothing for memory that is not known", () => {
  const rows = formatStart(results).split("\n").map((row) => row.split(/ {2,}/));
  assertEquals(rows[1], ["H 2 × 64, the automatic choice", "0.40", "0.20", "9,000", "150"]);
  assertEquals(rows[2], ["H 2 × 512", "0.40", "0.20", "9,001", "151", "120"]);
});

Deno.test("startToJson() has all results under snake_case names", () => {
  const [first] = JSON.parse(JSON.stringify(startToJson(results)));
  assertEquals(first, {
    ...{ layers: 2, hidden: 64, automatic: true },
    first_step_ms: summary(400),
    first_character_ms: summary(200),
    sampling_chars_per_s: summary(9000),
    training_mb: summary(150),
    sampling_mb: null,
  });
});

Deno.test("startCharts() draws every figure over the hidden units", () => {
  const charts = startCharts(results, readEnvironment());
  const lines = charts.flatMap(({ path, options }) => {
    const { series } = JSON.parse(JSON.stringify(options)) as {
      series: { name: string; data: unknown }[];
    };
    return series.map(({ name, data }) => [path, name, data]);
  });
  assertEquals(lines, [
    ["docs/start-over-hidden.svg", "train: first step", [[64, 400], [512, 401]]],
    ["docs/start-over-hidden.svg", "sample: first character", [[64, 200], [512, 201]]],
    ["docs/sampling-over-hidden.svg", "one sample", [[64, 9000], [512, 9001]]],
    ["docs/memory-over-hidden.svg", "train", [[64, 150], [512, 151]]],
    ["docs/memory-over-hidden.svg", "sample", [[512, 120]]],
  ]);
});

Deno.test({
  name: `startModels() has the automatic choice for the text once ${needs}`,
  ignore,
  async fn() {
    const models = await startModels();
    const { config } = autoConfig(await readCorpus("examples/alice.txt"));
    const automatic = models.filter(({ isAutomatic }) => isAutomatic);
    const { layers, hidden } = config;
    assertEquals(automatic, [{ layers, hidden, isAutomatic: true }]);
    assertEquals(new Set(models.map(({ hidden }) => hidden)).size, models.length);
    assert(models.length >= 4 && models.every((model) => model.layers === layers));
  },
});
