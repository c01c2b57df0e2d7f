import { assertEquals } from "@std/assert";
import { readEnvironment } from "../../../bench/environment.ts";
import {
  charsPerSecond,
  formatReport,
  type Report,
  reportToJson,
} from "../../../bench/report/report.ts";

const size = { hidden: 128, seqLength: 50, batchSize: 32 };
const measurement = {
  milliseconds: { median: 8, minimum: 6.4, maximum: 10 },
  gflops: { median: 30, minimum: 24, maximum: 37.5 },
  shareOfPeak: { median: 0.6, minimum: 0.5, maximum: 0.7 },
};
const report: Report = {
  environment: readEnvironment(),
  timing: { rounds: 3, seconds: 0.1 },
  peaks: [{ threads: 1, gflops: { median: 50, minimum: 49, maximum: 51 } }],
  trainingSteps: [{ size, threads: 1, ...measurement }],
  products: [{ size: 256, ...measurement }],
  chartSteps: [],
};

Deno.test("charsPerSecond() is T·B over the time of a step", () => {
  assertEquals(charsPerSecond(size, 8), 200_000);
});

Deno.test("formatReport() prints medians, bests, and the share of the peak with its range", () => {
  const rows = formatReport(report).split("\n").map((row) => row.split(/ {2,}/));
  assertEquals(rows[1], ["1 thread", "50.0", "51.0"]);
  assertEquals(rows[4], [
    ...["H 128, T 50, B 32", "1", "8.000", "6.400", "200,000", "250,000"],
    ...["30.0", "60.0 %", "50.0 %", "70.0 %"],
  ]);
  assertEquals(rows[7]![0], "96 × 256 × 256");
});

Deno.test("reportToJson() has all results under snake_case names", () => {
  const json = JSON.parse(JSON.stringify(reportToJson(report)));
  assertEquals(json.training_steps[0], {
    hidden: 128,
    seq_length: 50,
    batch_size: 32,
    vocabulary: 65,
    threads: 1,
    chars_per_s: { median: 200_000, maximum: 250_000 },
    milliseconds: measurement.milliseconds,
    gflops: measurement.gflops,
    share_of_peak: measurement.shareOfPeak,
  });
  const { rows, depth, columns } = json.products[0];
  assertEquals({ rows, depth, columns }, { rows: 96, depth: 256, columns: 256 });
});
