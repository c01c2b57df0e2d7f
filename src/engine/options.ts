import { cellNames } from "../model/cells.ts";
import type { Precision, Sizes } from "../model/parameters.ts";

/** The sizes and features of an {@linkcode Engine}. */
export interface EngineOptions extends Sizes {
  /** How numbers are stored and multiplied. */
  readonly precision: Precision;
  /** Sequence length, T: the most steps of one call. */
  readonly seqLength: number;
  /** Batch size, B: streams side by side. */
  readonly batchSize: number;
  /** Read input vectors of length I instead of character ids. Default: false. */
  readonly denseInputs?: boolean;
  /** Predict distributions over V instead of character ids. Default: false. */
  readonly denseTargets?: boolean;
  /** Reserve memory for dropout in {@linkcode Engine.forward}. Default: false. */
  readonly dropout?: boolean;
  /** Reserve memory for gradients and updates. Default: true. */
  readonly training?: boolean;
  /** State slots of the optimizer: 0, 1 or 2. Default: 1. */
  readonly stateSlots?: number;
  /** Reserve memory for a running average of the parameters. Default: false. */
  readonly weightAverage?: boolean;
  /**
   * Threads that compute, the caller's included: 1 to 64. Results have the same bits with any number.
   * Default: 1.
   */
  readonly threads?: number;
}

/** The most threads of an engine. */
export const MAX_THREADS = 64;

/** The largest sizes. The kernels' plan multiplies them in 64 bits without overflow. */
const MAX_SIZES = {
  layers: 64,
  inputs: 1114112, // all code points of Unicode
  hidden: 65536,
  outputs: 1114112,
  seqLength: 65536,
  batchSize: 65536,
  threads: MAX_THREADS,
} as const;

/**
 * Completes the options with their defaults.
 *
 * @throws {RangeError} If an option is out of range.
 */
export function resolveEngineOptions(options: EngineOptions): Readonly<Required<EngineOptions>> {
  const complete = Object.freeze(
    {
      cell: "rnn",
      layers: 1,
      denseInputs: false,
      denseTargets: false,
      dropout: false,
      training: true,
      stateSlots: 1,
      weightAverage: false,
      threads: 1,
      ...options,
    } as const,
  );
  const { cell, stateSlots } = complete;
  const refuse = (reason: string) => new RangeError(`Cannot create an engine: ${reason}`);
  if (!cellNames.includes(cell)) {
    throw refuse(`"cell" must be one of ${cellNames.join(", ")}, not ${cell}`);
  }
  for (const name of Object.keys(MAX_SIZES) as (keyof typeof MAX_SIZES)[]) {
    const [size, max] = [complete[name], MAX_SIZES[name]];
    if (!Number.isInteger(size) || size < 1 || size > max) {
      throw refuse(`"${name}" must be a whole number from 1 to ${max}, not ${size}`);
    }
  }
  if (![0, 1, 2].includes(stateSlots)) {
    throw refuse(`"stateSlots" must be 0, 1 or 2, not ${stateSlots}`);
  }
  return complete;
}
