import type { ParameterSet, Sizes } from "../src/model/parameters.ts";
import { initialParameters } from "../src/model/initialization.ts";
import { Xoshiro128 } from "../src/random.ts";

/** What is trained at a time: H hidden units, T steps, B streams. */
export interface NetworkSize {
  readonly hidden: number;
  readonly seqLength: number;
  readonly batchSize: number;
}

/** V of English text, and of the text in examples/. */
export const VOCABULARY_SIZE = 65;

/** The sizes of every table: the notebook's network, and three that keep a core busy. */
export const networkSizes: readonly NetworkSize[] = [
  { hidden: 100, seqLength: 25, batchSize: 1 },
  { hidden: 128, seqLength: 50, batchSize: 32 },
  { hidden: 256, seqLength: 50, batchSize: 64 },
  { hidden: 512, seqLength: 50, batchSize: 64 },
];

/** For example `H 128, T 50, B 32`. */
export function formatSize({ hidden, seqLength, batchSize }: NetworkSize): string {
  return `H ${hidden}, T ${seqLength}, B ${batchSize}`;
}

/** A network to start from, and characters to train it on. */
export interface Workload {
  readonly sizes: Sizes;
  readonly parameters: ParameterSet;
  /** [T·B] each. */
  readonly inputIds: Uint32Array;
  readonly targetIds: Uint32Array;
}

/** Random parameters and characters of a size, the same each time. */
export function randomWorkload({ hidden, seqLength, batchSize }: NetworkSize): Workload {
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
