/** What the benchmarks compute: networks and batches of a few sizes, filled with random numbers. */
import { initialParameters } from "../src/model/initialization.ts";
import type { ParameterSet, Sizes } from "../src/model/parameters.ts";
import { Xoshiro128 } from "../src/random.ts";

/** The size of a network of one layer, and of its batches. */
export interface WorkloadSize {
  /** H, the hidden units. */
  readonly hidden: number;
  /** T, the sequence length. */
  readonly seqLength: number;
  /** B, the batch size. */
  readonly batchSize: number;
}

/** V: the vocabulary size of tiny Shakespeare, which is typical of English text. */
export const VOCABULARY_SIZE = 65;

/**
 * The sizes that all benchmarks measure: min-char-rnn's network, which trains on one stream, and
 * three that keep a core busy.
 */
export const workloadSizes: readonly WorkloadSize[] = [
  { hidden: 100, seqLength: 25, batchSize: 1 },
  { hidden: 128, seqLength: 50, batchSize: 32 },
  { hidden: 256, seqLength: 50, batchSize: 64 },
  { hidden: 512, seqLength: 50, batchSize: 64 },
];

/** A size as text, for example `H 128, T 50, B 32`. */
export function formatSize({ hidden, seqLength, batchSize }: WorkloadSize): string {
  return `H ${hidden}, T ${seqLength}, B ${batchSize}`;
}

/** A network and a batch to train it on. */
export interface Workload {
  /** I, H and V. */
  readonly sizes: Sizes;
  /** The weights before the first step, in float64. */
  readonly parameters: ParameterSet;
  /** The characters that are read, [T, B]. */
  readonly inputIds: Uint32Array;
  /** The characters to predict, [T, B]: the inputs, one step later. */
  readonly targetIds: Uint32Array;
}

/** Random parameters and characters, the same in every call. */
export function randomWorkload({ hidden, seqLength, batchSize }: WorkloadSize): Workload {
  const random = new Xoshiro128(1);
  const sizes = { inputs: VOCABULARY_SIZE, hidden, outputs: VOCABULARY_SIZE };
  const parameters = initialParameters(sizes, { init: "normal:0.05", precision: "f64", random });
  const ids = Uint32Array.from(
    { length: (seqLength + 1) * batchSize },
    () => random.nextUint32() % VOCABULARY_SIZE,
  );
  return {
    sizes,
    parameters,
    inputIds: ids.slice(0, seqLength * batchSize),
    targetIds: ids.slice(batchSize),
  };
}
