import type { Precision } from "../model/types.ts";
import { gateCounts, type Sizes } from "../model/parameters.ts";

/** What an {@linkcode Engine} is built for. */
export interface EngineOptions extends Sizes {
  /** How numbers are stored and multiplied. */
  readonly precision: Precision;
  /** T, the most steps of one sequence; each call may take fewer. */
  readonly seqLength: number;
  /** B, streams side by side. */
  readonly batchSize: number;
  /** Inputs are vectors of length I, not characters. Default: false. */
  readonly denseInputs?: boolean;
  /** Targets are distributions over V, not characters. Default: false. */
  readonly denseTargets?: boolean;
  /** Leave room to drop some of what layers pass up; see {@linkcode Engine.forward}. Default: false. */
  readonly dropout?: boolean;
  /** Leave room for gradients. Default: true. */
  readonly training?: boolean;
  /** How many numbers the optimizer remembers of each parameter: 0, 1 or 2. Default: 1. */
  readonly stateSlots?: number;
  /** Leave room for a running average of the parameters. Default: false. */
  readonly weightAverage?: boolean;
  /**
   * Threads that compute together, the caller's among them: 1 to 64. The results are the same bits
   * with any number. With more than 1, {@linkcode Engine.close} ends the others. Default: 1.
   */
  readonly threads?: number;
}

/** The most threads of an engine. */
export const MAX_THREADS = 64;

/** The greatest sizes; the module's plan multiplies them in 64 bits, without overflow. */
const most = {
  layers: 64,
  inputs: 1114112, // all of Unicode
  hidden: 65536,
  outputs: 1114112,
  seqLength: 65536,
  batchSize: 65536,
  threads: MAX_THREADS,
} as const;

/**
 * The options with their defaults.
 * @throws {RangeError} when one is not what it must be.
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
  const refuse = (wrong: string) => new RangeError(`Cannot build an engine: ${wrong}`);
  const { cell, stateSlots } = complete;
  if (!Object.hasOwn(gateCounts, cell)) throw refuse(`cell must be rnn, gru or lstm, not ${cell}`);
  for (const name of Object.keys(most) as (keyof typeof most)[]) {
    const size = complete[name];
    if (!Number.isInteger(size) || size < 1 || size > most[name]) {
      throw refuse(`${name} must be a whole number from 1 to ${most[name]}, not ${size}`);
    }
  }
  if (![0, 1, 2].includes(stateSlots)) {
    throw refuse(`memories must be 0, 1 or 2, not ${stateSlots}`);
  }
  return complete;
}

/**
 * Checks the first ids of an array: kernels use them as addresses, unchecked.
 * @throws {RangeError} when one is not below the limit.
 */
export function checkIds(
  what: string,
  ids: Uint32Array,
  count: number,
  limit: number,
): void {
  for (let i = 0; i < count; i++) {
    if (ids[i]! >= limit) {
      throw new RangeError(
        `Cannot use the ${what} id ${ids[i]} of row ${i}: it must be below ${limit}`,
      );
    }
  }
}
