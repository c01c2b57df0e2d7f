/**
 * Times whole training steps: `deno bench`, without flags or permissions.
 *
 * There is a group for each size. Its baseline is f32 on one thread, next to the other precisions
 * and to plain float64 TypeScript (scalar_rnn.ts). Losses are verified against the f64 engine's
 * before anything is timed. A table of characters per second follows the table of times.
 */
import { table } from "../src/cli/format.ts";
import { printLine } from "../src/cli/output.ts";
import type { Precision } from "../src/model/parameters.ts";
import { type Iterations, iterationsFor } from "./iterations.ts";
import { ScalarRnn } from "./scalar_rnn.ts";
import { median } from "./statistics.ts";
import { createEngine, trainStep, updateOptions } from "./training_step.ts";
import { verify } from "./verify.ts";
import { formatSize, randomWorkload, VOCABULARY_SIZE, workloadSizes } from "./workload.ts";

/** The largest relative error of a loss by precision; f64 is what the others are compared with. */
const tolerances: Readonly<Record<Precision, number>> = { f32: 1e-5, "f32-strict": 1e-5, f64: 0 };

/** The times of one benchmark. */
interface Timing {
  readonly group: string;
  readonly name: string;
  /** Characters of a step, T·B. */
  readonly chars: number;
  /** Milliseconds of each step. */
  readonly milliseconds: number[];
}
const timings: Timing[] = [];

for (const size of workloadSizes) {
  const group = formatSize(size);
  const { hidden, seqLength, batchSize } = size;
  const chars = seqLength * batchSize;
  const expected = [createEngine(size, { precision: "f64" }).loss];

  for (const precision of ["f32", "f32-strict", "f64"] as const) {
    const { engine, loss } = createEngine(size, { precision });
    verify([loss], expected, {
      name: `${group}, ${precision}, loss`,
      tolerance: tolerances[precision],
    });
    benchStep({ group, name: precision, chars, milliseconds: [] }, () => trainStep(engine));
  }

  const network = new ScalarRnn(randomWorkload(size), size);
  network.forward();
  verify([network.crossEntropy()], expected, {
    name: `${group}, plain TypeScript, loss`,
    tolerance: 1e-12,
  });
  const multiplyAdds = 3 * chars * hidden * (hidden + VOCABULARY_SIZE);
  benchStep({ group, name: "plain float64 TypeScript", chars, milliseconds: [] }, () => {
    network.forward();
    network.crossEntropy();
    network.backward();
    network.update(updateOptions);
  }, iterationsFor(multiplyAdds));
}

function benchStep(timing: Timing, step: () => void, iterations: Iterations = {}): void {
  const { group, name, milliseconds } = timing;
  timings.push(timing);
  Deno.bench({
    ...iterations,
    group,
    name: `${group}: ${name}`,
    baseline: name === "f32",
    fn() {
      const begin = performance.now();
      step();
      milliseconds.push(performance.now() - begin);
    },
  });
}

globalThis.addEventListener("unload", () => {
  const rows = timings
    .filter(({ milliseconds }) => milliseconds.length > 0) // `--filter` leaves benchmarks out.
    .map(({ group, name, chars, milliseconds }) => [
      group,
      name,
      Math.round(chars / median(milliseconds) * 1000).toLocaleString("en"),
    ]);
  if (rows.length > 0) {
    printLine(`\n${table([["training step", "", "chars/s"], ...rows], { rightFrom: 2 })}`);
  }
});
