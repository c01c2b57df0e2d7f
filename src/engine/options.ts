import * as v from "valibot";
import { checkArguments, optionsSchema } from "../arguments.ts";
import { cellNames } from "../model/cells.ts";
import { type Precision, precisions, type Sizes } from "../model/parameters.ts";
import { modules } from "./kernels/modules.ts";
import { flag, oneOf, real, wholeNumber } from "../schemas.ts";

/** The sizes and features of an {@linkcode Engine}. */
export interface EngineOptions extends Sizes {
  /**
   * How numbers are stored and multiplied. {@linkcode Engine.options} has `f32-strict` in place of
   * `f32` where multiply and add are not fused.
   */
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
   * Threads that compute, the caller's included: 1 to 64. `auto` measures the first passes with several
   * numbers, takes the fastest, and looks again from time to time. Results have the same bits with any
   * number. Default: 1.
   */
  readonly threads?: number | "auto";
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
} as const;

const threads = v.lazy((value) =>
  value === "auto" ? v.literal("auto") : wholeNumber(1, MAX_THREADS)
);

const schema = optionsSchema({
  cell: oneOf(cellNames),
  layers: wholeNumber(1, MAX_SIZES.layers),
  denseInputs: flag,
  denseTargets: flag,
  dropout: flag,
  training: flag,
  stateSlots: real((n) => [0, 1, 2].includes(n), "0, 1 or 2"),
  weightAverage: flag,
  threads,
}, {
  precision: oneOf(precisions),
  inputs: wholeNumber(1, MAX_SIZES.inputs),
  hidden: wholeNumber(1, MAX_SIZES.hidden),
  outputs: wholeNumber(1, MAX_SIZES.outputs),
  seqLength: wholeNumber(1, MAX_SIZES.seqLength),
  batchSize: wholeNumber(1, MAX_SIZES.batchSize),
});

/**
 * Checks the options and completes them with their defaults.
 *
 * @throws {RangeError} If a value is out of range.
 * @throws {TypeError} If a value has a wrong type, or a key is unknown or missing.
 */
export function resolveEngineOptions(options: EngineOptions): Readonly<Required<EngineOptions>> {
  const given = checkArguments(options, { schema, context: "Cannot create an engine" });
  return Object.freeze(
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
      ...given,
      precision: modules.supportedPrecision(given.precision),
    } as const,
  );
}
