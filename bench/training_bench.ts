/**
 * Throughput of training steps: `deno bench`, without flags or permissions.
 *
 * A group for each size; in each, the shipped precisions and, where it ends in reasonable time, the
 * plain float64 reference of the tests beside them. Before an engine is timed, its loss is held
 * against the f64 engine's, and that of the reference where there is one. After the table of times,
 * one of characters per second.
 */
import { assert } from "@std/assert";
import { Engine } from "../src/engine/engine.ts";
import type { Precision } from "../src/model/config.ts";
import { initialParameters } from "../src/model/initialisation.ts";
import { parameterNames, zeroParameters } from "../src/model/parameters.ts";
import { Xoshiro128 } from "../src/random.ts";
import { referenceUpdate } from "../tests/reference/optimizers.ts";
import { type Batch, oneHot, referenceGradients } from "../tests/reference/rnn.ts";

/** H, T and B of the groups; V is that of English text. */
const groups = [
  { hidden: 100, steps: 25, streams: 1 },
  { hidden: 128, steps: 50, streams: 32 },
  { hidden: 256, steps: 50, streams: 64 },
  { hidden: 512, steps: 50, streams: 64 },
] as const;
const VOCABULARY = 65;
const precisions: readonly Precision[] = ["f32", "f32-strict", "f64"];
/** The reference takes about 10 ns an operation: beyond this many a step, too long. */
const MOST_REFERENCE_WORK = 50e6;
const update = { optimizer: "adagrad", lr: 1e-6, clip: 5 } as const;

interface Timing {
  readonly group: string;
  readonly name: string;
  readonly chars: number;
  readonly milliseconds: number[];
}
const timings: Timing[] = [];

for (const { hidden, steps, streams } of groups) {
  const group = `H ${hidden}, T ${steps}, B ${streams}`;
  const sizes = { inputs: VOCABULARY, hidden, outputs: VOCABULARY };
  const chars = steps * streams;
  const random = new Xoshiro128(1);
  const parameters = initialParameters(sizes, { init: "normal:0.05", precision: "f64" }, random);
  const ids = Array.from({ length: chars + streams }, () => random.nextUint32() % VOCABULARY);
  const work = 6 * chars * (hidden * hidden + hidden * VOCABULARY);
  const batch: Batch = {
    steps,
    streams,
    inputs: oneHot(ids.slice(0, chars), VOCABULARY),
    targets: oneHot(ids.slice(streams), VOCABULARY),
    hiddenState: new Float64Array(streams * hidden),
  };
  const engineOf = (precision: Precision) => {
    const engine = new Engine({ ...sizes, precision, steps, streams });
    engine.writeParameters(parameters);
    engine.inputIds.set(ids.slice(0, chars));
    engine.targetIds.set(ids.slice(streams));
    engine.forward();
    return { engine, loss: engine.crossEntropy() };
  };
  const { loss: expected } = engineOf("f64");

  for (const precision of precisions) {
    const { engine, loss } = engineOf(precision);
    const error = Math.abs(loss - expected) / expected;
    assert(error < 1e-5, `${group}, ${precision}: the loss is off by ${error}`);
    bench(group, precision, chars, () => {
      engine.forward();
      engine.crossEntropy();
      engine.backward();
      engine.update(update);
    });
  }
  if (work <= MOST_REFERENCE_WORK) {
    const own = zeroParameters(sizes, "f64");
    for (const name of parameterNames) own[name].set(parameters[name]);
    const sums = zeroParameters(sizes, "f64");
    const error = Math.abs(referenceGradients(sizes, own, batch).loss - expected) / expected;
    assert(error < 1e-12, `${group}, f64: the loss is off the reference's by ${error}`);
    bench(group, "plain float64 TypeScript", chars, () => {
      const { gradients } = referenceGradients(sizes, own, batch);
      referenceUpdate(update, own, gradients, [sums]);
    });
  }
}

function bench(group: string, name: string, chars: number, step: () => void): void {
  const timing: Timing = { group, name, chars, milliseconds: [] };
  timings.push(timing);
  Deno.bench({
    name: `${group}: ${name}`,
    group,
    baseline: name === "f32",
    fn() {
      const begin = performance.now();
      step();
      timing.milliseconds.push(performance.now() - begin);
    },
  });
}

globalThis.addEventListener("unload", () => {
  console.log("\ncharacters trained per second (median step)");
  for (const { group, name, chars, milliseconds } of timings) {
    if (milliseconds.length === 0) continue; // Left out by --filter.
    const sorted = milliseconds.sort((a, b) => a - b);
    const speed = Math.round(chars / sorted[sorted.length >> 1]! * 1000);
    console.log(
      `  ${group.padEnd(20)}${name.padEnd(26)}${speed.toLocaleString("en").padStart(10)}`,
    );
  }
});
