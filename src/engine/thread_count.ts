import { InputError } from "../errors.ts";
import { quote } from "../json.ts";
import { unitsAreShared } from "./kernels/instance.ts";
import { type EngineOptions, MAX_THREADS } from "./options.ts";
import { maxThreads } from "./threads.ts";

/**
 * Operations of a training step per thread. With fewer, cores wait for each other's data longer than
 * they compute; docs/benchmarks.md has the measurement.
 */
const MIN_FLOP_PER_THREAD = 1.6e6;

/** The sizes that determine the work of a training step. */
export type StepSizes = Pick<
  EngineOptions,
  "cell" | "hidden" | "outputs" | "seqLength" | "batchSize"
>;

/**
 * The multiplications and additions of a training step of one tanh layer on characters:
 * 6·T·B·H·(H + V).
 */
export function flopPerStep({ hidden, outputs, seqLength, batchSize }: StepSizes): number {
  return 6 * seqLength * batchSize * hidden * (hidden + outputs);
}

/**
 * The number of threads that is estimated to be the fastest. Results do not depend on it.
 *
 * There are at most as many threads as cores and streams; a single stream can have several only if its
 * layers are large enough for the kernels to split their units. Small steps have fewer threads. Where
 * threads cannot be started, the result is 1.
 *
 * @param cores Default: the cores of this machine; 1 where the runtime does not report it.
 */
export function defaultThreadCount(
  sizes: StepSizes & Pick<EngineOptions, "precision">,
  cores: number = globalThis.navigator?.hardwareConcurrency ?? 1,
): number {
  const { cell = "rnn", precision, hidden, batchSize } = sizes;
  if (batchSize === 1 && !unitsAreShared({ precision, cell, hidden })) return 1;
  const byWork = Math.floor(flopPerStep(sizes) / MIN_FLOP_PER_THREAD);
  const byStreams = batchSize > 1 ? batchSize : MAX_THREADS;
  return Math.max(1, Math.min(cores, byStreams, byWork, maxThreads(), MAX_THREADS));
}

/**
 * Checks a number of threads that a user has chosen, and returns it.
 *
 * @throws {InputError} If it is not a whole number from 1 to 64.
 */
export function checkThreadCount(threads: number): number {
  if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS) {
    throw new InputError(
      `Cannot train: "threads" must be a whole number from 1 to ${MAX_THREADS}, not ${
        quote(threads)
      }`,
      { option: "threads" },
    );
  }
  return threads;
}
