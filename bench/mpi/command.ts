/** `deno task bench-mpi` without a launcher: predictions of the cost model. */
import { type Command, present } from "../../src/cli/args.ts";
import { printResult } from "../../src/cli/output.ts";
import { internalsOf } from "../../src/engine/engine.ts";
import { RankEngine } from "../../src/engine/rank_engine.ts";
import { median } from "../statistics.ts";
import { randomWorkload, VOCABULARY_SIZE } from "../workload.ts";
import {
  exchangeSeconds,
  flopOf,
  largestShare,
  type Network,
  type StepSize,
} from "./cost_model.ts";

/** Networks to predict for: typical values of Open MPI over each; to set up a message takes a round trip. */
const networks: readonly Network[] = [
  { name: "shared memory", latency: 4e-6, bandwidth: 3e9, setup: 8e-6, longBytes: 4096 },
  { name: "InfiniBand 100 Gb/s", latency: 3e-6, bandwidth: 11e9, setup: 6e-6, longBytes: 8192 },
  { name: "Ethernet 10 Gb/s", latency: 30e-6, bandwidth: 1.1e9, setup: 60e-6, longBytes: 65_536 },
  { name: "Ethernet 1 Gb/s", latency: 60e-6, bandwidth: 0.115e9, setup: 120e-6, longBytes: 65_536 },
];
const rankCounts = [2, 4, 8, 16, 32, 64, 128, 256];
const sizes: readonly (readonly [hidden: number, batchSize: number])[] = [
  ...[[256, 64], [512, 64], [1024, 64], [1024, 256], [2048, 256]] as const,
];
const SEQ_LENGTH = 50;
/** Steps that the rate of the arithmetic is measured with. */
const STEPS = 12;

/** The command. */
export const modelCommand: Command = {
  name: "bench-mpi",
  summary: "Predict, or with mpirun measure, the speed of training on several ranks",
  operands: [],
  options: [
    {
      name: "gflops",
      value: "X",
      description: "Arithmetic of a rank, in 10^9 operations per second",
      default: "measured with one thread",
    },
  ],
  examples: ["deno task bench-mpi", "mpirun -n 2 deno task bench-mpi"],
  notes: [
    "Each number is how many times as fast a step is as on one rank of the same machine, on 2 to 256 " +
    "ranks. Under a launcher, the network and steps are measured, and compared with the model.",
  ],
  run(line) {
    const { gflops = measureGflops() } = present({ gflops: line.number("gflops") });
    printResult(`Speed-up for ranks of ${gflops.toFixed(1)} Gflop/s\n`);
    for (const [hidden, batchSize] of sizes) printResult(tableOf(hidden, batchSize, gflops));
    return 0;
  },
};

/** The predictions of one size as lines. */
function tableOf(hidden: number, batchSize: number, gflops: number): string {
  const step = stepSizeOf(hidden, SEQ_LENGTH, batchSize);
  const alone = flopOf(step) / (gflops * 1e9);
  const head = `H ${hidden}, T ${SEQ_LENGTH}, B ${batchSize}, P ${step.partials}, ` +
    `${(step.parameterBytes / 2 ** 20).toFixed(1)} MiB of parameters: ${
      (1000 * alone).toFixed(0)
    } ms on one rank`;
  const rows = networks.map((network) => {
    const cells = rankCounts.map((ranks) => {
      const seconds = alone * largestShare(ranks, step) + exchangeSeconds(ranks, step, network);
      return (alone / seconds).toFixed(2).padStart(7);
    });
    return `  ${network.name.padEnd(22)}${cells.join("")}`;
  });
  const title = `  ${"ranks".padEnd(22)}${rankCounts.map((n) => String(n).padStart(7)).join("")}`;
  return [head, title, ...rows, ""].join("\n");
}

/** A size with P and the bytes of its parameters. */
export function stepSizeOf(hidden: number, seqLength: number, batchSize: number): StepSize {
  const { sizes } = randomWorkload({ hidden, seqLength: 1, batchSize: 1 });
  const shape = { ...sizes, precision: "f32" as const, seqLength: 1, batchSize };
  using network = new RankEngine({ ...shape, threads: 1 }, null);
  const { parameterBytes } = internalsOf(network.engine).instance.layout;
  return {
    ...{ hidden, vocabulary: VOCABULARY_SIZE, seqLength, batchSize },
    ...{ partials: network.partials, parameterBytes },
  };
}

/** The rate of a training step on this machine with one thread. */
function measureGflops(): number {
  const step = stepSizeOf(256, SEQ_LENGTH, 64);
  const workload = randomWorkload(step);
  const { seqLength, batchSize } = step;
  const shape = { ...workload.sizes, precision: "f32" as const, seqLength, batchSize };
  using network = new RankEngine({ ...shape, threads: 1 }, null);
  network.loadParameters(workload.parameters);
  network.engine.inputIds.set(workload.inputIds);
  network.engine.targetIds.set(workload.targetIds);
  const times = Array.from({ length: STEPS }, () => {
    const begin = performance.now();
    network.forward();
    network.backward();
    return performance.now() - begin;
  });
  return flopOf(step) / (median(times) * 1e6);
}
