import { assertEquals, assertStringIncludes } from "@std/assert";
import { environment } from "../../../bench/environment.ts";
import { charsPerSecond, jsonOf, type Results, textOf } from "../../../bench/report/report.ts";

const summary = (median: number, minimum: number, maximum: number) => ({
  median,
  minimum,
  maximum,
});
const size = { hidden: 128, seqLength: 50, batchSize: 32 };
const measurement = {
  milliseconds: summary(8, 6.4, 10),
  gflops: summary(30, 24, 37.5),
  share: summary(0.6, 0.5, 0.7),
};
const results: Results = {
  environment: environment(),
  plan: { rounds: 3, seconds: 0.1 },
  probes: [{ threads: 1, gflops: summary(50, 49, 51) }],
  seqLength: [{ size, threads: 1, ...measurement }],
  products: [{ size: 256, ...measurement }],
  grid: [],
};

Deno.test("characters per second are those of a step over its time", () => {
  assertEquals(charsPerSecond(size, 8), 200_000);
});

Deno.test("the report tells median and best, and the share of the peak with its range", () => {
  const rows = textOf(results).split("\n").map((row) => row.split(/ {2,}/));
  assertEquals(rows[1], ["1", "50.0", "51.0"]);
  assertEquals(rows[4], [
    ...["H 128, T 50, B 32", "1", "8.000", "6.400", "200,000", "250,000"],
    ...["30.0", "60.0 %", "50.0 %", "70.0 %"],
  ]);
  assertEquals(rows[7]![0], "96 × 256 × 256");
});

Deno.test("the file for machines has all figures", () => {
  const text = JSON.stringify(jsonOf(results));
  assertEquals(JSON.parse(text).seqLength[0], {
    ...size,
    vocabulary: 65,
    threads: 1,
    chars_per_s: { median: 200_000, maximum: 250_000 },
    milliseconds: measurement.milliseconds,
    gflops: measurement.gflops,
    share_of_peak: measurement.share,
  });
  assertStringIncludes(text, `"rows":96,"depth":256,"columns":256`);
});
