import { flopPerStep } from "../../src/engine/thread_count.ts";
import { product } from "../products.ts";
import { type StepSize, VOCABULARY } from "../sizes.ts";
import { engineOf, trainStep } from "../step.ts";
import type { Subject } from "./measure.ts";

/** Depths and widths of the product that is measured alone. */
export const productSizes: readonly number[] = [64, 128, 256, 512];
/** Its rows: one packed block of A, 16 tiles of 6. */
export const PRODUCT_ROWS = 96;

/** A training step of a size with so many threads, and what ends them. */
export function stepSubject(
  size: StepSize,
  threads: number,
): Subject & { readonly close: () => void } {
  const { engine } = engineOf(size, "f32", threads);
  return {
    threads,
    flop: flopPerStep({ ...size, outputs: VOCABULARY }),
    run: () => trainStep(engine),
    close: () => engine.close(),
  };
}

/** C[96 × K] = A[96 × K]·B[K × K]: the register tile, with the packing of A, and nothing else. */
export function productSubject(size: number): Subject {
  const { run } = product({ rows: PRODUCT_ROWS, depth: size, columns: size });
  return { threads: 1, flop: 2 * PRODUCT_ROWS * size * size, run };
}
