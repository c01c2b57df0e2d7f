import { InputError } from "../errors.ts";
import { gateCounts } from "../model/parameters.ts";
import { type EngineOptions, MAX_THREADS } from "./options.ts";
import { canStartThreads } from "./thread_pool.ts";

/**
 * Operations of one step that are worth a thread of its own. Below, the cores wait for each other's
 * data longer than they compute; docs/benchmarks.md has the measurement.
 */
const LEAST_WORK = 1.6e6;

/** Weights in Whh from which several threads share a single stream, in assembly/recurrence.ts. */
const LEAST_SHARED = 1 << 16;

/** What decides how much there is to do in one step. */
export type StepSizes = Pick<
  EngineOptions,
  "cell" | "hidden" | "outputs" | "seqLength" | "batchSize"
>;

/** Multiplications and additions that a training step on characters needs: 6·T·B·(H² + H·V). */
export function flopPerStep({ hidden, outputs, seqLength, batchSize }: StepSizes): number {
  return 6 * seqLength * batchSize * hidden * (hidden + outputs);
}

/**
 * How many threads compute fastest: the cores there are, but no more than there are streams, unless
 * the layers are so large that they share a single one, and fewer when there is too little work for
 * so many; one where none can be started. The results do not depend on it.
 *
 * @param cores Default: those of this machine.
 */
export function defaultThreadCount(
  sizes: StepSizes,
  cores: number = navigator.hardwareConcurrency,
): number {
  const { cell = "rnn", hidden, batchSize } = sizes;
  const isShared = batchSize > 1 || gateCounts[cell] * hidden * hidden >= LEAST_SHARED;
  if (!isShared || !canStartThreads()) return 1;
  const enough = Math.floor(flopPerStep(sizes) / LEAST_WORK);
  const most = batchSize > 1 ? batchSize : MAX_THREADS;
  return Math.max(1, Math.min(cores, most, enough, MAX_THREADS));
}

/**
 * Checks a number of threads that a user gave.
 * @throws {InputError} when it is not a whole number from 1 to 64.
 */
export function checkThreadCount(threads: number): number {
  if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS) {
    throw new InputError(
      `Cannot train: "threads" must be a whole number from 1 to ${MAX_THREADS}, not ${threads}`,
    );
  }
  return threads;
}
