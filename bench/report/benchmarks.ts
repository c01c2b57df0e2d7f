/** The benchmarks of the report: whole training steps, and matrix products alone. */
import { flopPerRound } from "../../src/engine/thread_count.ts";
import { packedProduct } from "../kernel_products.ts";
import { createEngine, trainStep } from "../training_step.ts";
import { VOCABULARY_SIZE, type WorkloadSize } from "../workload.ts";
import type { Benchmark } from "./measure.ts";

/** K of each product that is measured alone. */
export const productSizes: readonly number[] = [64, 128, 256, 512];
/** M of these products: one packed block of A, MC in assembly/packing.ts. */
export const PRODUCT_ROWS = 96;

/** A training step of a size on some threads; disposing of it ends them. */
export function trainingStepBenchmark(
  size: WorkloadSize,
  threads: number,
): Benchmark & Disposable {
  const { engine } = createEngine(size, { threads });
  return {
    threads,
    flop: flopPerRound({ ...size, outputs: VOCABULARY_SIZE }),
    run: () => trainStep(engine),
    [Symbol.dispose]: () => engine[Symbol.dispose](),
  };
}

/** C = A·B, with A [96, K] and B [K, K]: the register tile and the packing of A, nothing else. */
export function productBenchmark(size: number): Benchmark {
  const { run } = packedProduct({ rows: PRODUCT_ROWS, depth: size, columns: size });
  return { threads: 1, flop: 2 * PRODUCT_ROWS * size * size, run };
}
