import { flopPerStep } from "../../src/engine/thread_count.ts";
import { product } from "../kernel_products.ts";
import { type NetworkSize, VOCABULARY_SIZE } from "../network_size.ts";
import { createEngine, trainStep } from "../training_step.ts";
import type { Benchmark } from "./measure.ts";

/** Depths and widths of the product that is measured alone. */
export const productSizes: readonly number[] = [64, 128, 256, 512];
/** Its rows: one packed block of A, 16 tiles of 6. */
export const PRODUCT_ROWS = 96;

/** A training step of a size with so many threads, and what ends them. */
export function trainingStepBenchmark(
  size: NetworkSize,
  threads: number,
): Benchmark & { readonly close: () => void } {
  const { engine } = createEngine(size, "f32", threads);
  return {
    threads,
    flop: flopPerStep({ ...size, outputs: VOCABULARY_SIZE }),
    run: () => trainStep(engine),
    close: () => engine[Symbol.dispose](),
  };
}

/** C[96 × K] = A[96 × K]·B[K × K]: the register tile, with the packing of A, and nothing else. */
export function productBenchmark(size: number): Benchmark {
  const { run } = product({ rows: PRODUCT_ROWS, depth: size, columns: size });
  return { threads: 1, flop: 2 * PRODUCT_ROWS * size * size, run };
}
