/**
 * Whole training steps: `deno bench`, without flags or permissions.
 *
 * A group for each size; in each, the shipped precisions on one thread, and the same mathematics in
 * plain float64 TypeScript. Before anything is timed, its loss is held against the f64 engine's.
 * After the table of times, one of characters per second.
 */
import type { Precision } from "../src/model/types.ts";
import { iterationsFor } from "./iterations.ts";
import { ScalarRnn } from "./scalar_rnn.ts";
import { formatSize, networkSizes, randomWorkload, VOCABULARY_SIZE } from "./network_size.ts";
import { median } from "./statistics.ts";
import { createEngine, trainStep, update } from "./training_step.ts";
import { verify } from "./verify.ts";

const precisions: readonly Precision[] = ["f32", "f32-strict", "f64"];

interface Timing {
  readonly group: string;
  readonly name: string;
  readonly chars: number;
  readonly milliseconds: number[];
}
const timings: Timing[] = [];

for (const size of networkSizes) {
  const group = formatSize(size);
  const { hidden, seqLength, batchSize } = size;
  const chars = seqLength * batchSize;
  const { loss: expected } = createEngine(size, "f64");

  for (const precision of precisions) {
    const { engine, loss } = createEngine(size, precision);
    verify(`${group}, ${precision}, loss`, [loss], [expected], precision === "f64" ? 0 : 1e-5);
    bench({ group, name: precision, chars, milliseconds: [] }, () => trainStep(engine));
  }
  const network = new ScalarRnn(randomWorkload(size), size);
  network.forward();
  verify(`${group}, plain TypeScript, loss`, [network.crossEntropy()], [expected], 1e-12);
  const work = 3 * chars * hidden * (hidden + VOCABULARY_SIZE);
  bench({ group, name: "plain float64 TypeScript", chars, milliseconds: [] }, () => {
    network.forward();
    network.crossEntropy();
    network.backward();
    network.update(update.lr, update.gradClip);
  }, iterationsFor(work));
}

function bench(timing: Timing, step: () => void, repeated: ReturnType<typeof iterationsFor> = {}) {
  const { group, name, milliseconds } = timing;
  timings.push(timing);
  Deno.bench({
    ...repeated,
    name: `${group}: ${name}`,
    group,
    baseline: name === "f32",
    fn() {
      const begin = performance.now();
      step();
      milliseconds.push(performance.now() - begin);
    },
  });
}

globalThis.addEventListener("unload", () => {
  console.log("\ncharacters trained per second (median step)");
  for (const { group, name, chars, milliseconds } of timings) {
    if (milliseconds.length === 0) continue; // Left out by --filter.
    const speed = Math.round(chars / median(milliseconds) * 1000);
    console.log(
      `  ${group.padEnd(20)}${name.padEnd(26)}${speed.toLocaleString("en").padStart(10)}`,
    );
  }
});
