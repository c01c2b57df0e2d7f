import { InputError } from "../errors.ts";
import { quote } from "../json.ts";
import { cells } from "../model/cells.ts";
import { unitsAreShared } from "./kernels/instance.ts";
import { type EngineOptions, MAX_THREADS } from "./options.ts";
import { maxThreads } from "./threads.ts";

/**
 * Operations of a round of kernels per thread. With fewer, cores wait for each other's data longer
 * than they compute; docs/benchmarks.md has the measurement.
 */
const MIN_FLOP_PER_THREAD = 0.8e6;
/** Operations of a round that take one thread so long that starting all threads takes less. */
const LARGE_ROUND = 5e9;

/** The sizes that determine the work of a round of kernels. */
export type RoundSizes =
  & Pick<EngineOptions, "cell" | "layers" | "hidden" | "outputs">
  & Pick<EngineOptions, "seqLength" | "batchSize" | "training">;

/**
 * The multiplications and additions of all kernels from one forward pass to the next, on characters:
 * T·B·(H·(G·H·(2·L − 1) + V)) multiply-adds forward, and twice as many backward.
 */
export function flopPerRound(sizes: RoundSizes): number {
  const { cell = "rnn", layers = 1, hidden, outputs, seqLength, batchSize } = sizes;
  const passes = sizes.training === false ? 1 : 3;
  const products = cells[cell].gates * hidden * (2 * layers - 1) + outputs;
  return 2 * passes * seqLength * batchSize * hidden * products;
}

/** The numbers of threads that are tried. */
export interface ThreadRange {
  /** The number of the first round. */
  readonly first: number;
  /** The largest number. */
  readonly most: number;
}

/**
 * The numbers of threads among which the fastest may be.
 *
 * There are at most as many threads as cores. A single stream can have several only if its layers are
 * so large that the kernels split their units, or if it is trained. Small rounds have fewer threads. Where threads cannot be started, there is one. The first round is computed by one
 * thread, so that it does not wait for others, unless it is large.
 *
 * @param cores Default: the cores of this machine; 1 where the runtime does not report it.
 */
export function threadRange(
  sizes: RoundSizes & Pick<EngineOptions, "precision">,
  cores: number = globalThis.navigator?.hardwareConcurrency ?? 1,
): ThreadRange {
  const { cell = "rnn", precision, hidden, batchSize, training = true } = sizes;
  const flop = flopPerRound(sizes);
  const isShared = batchSize > 1 || training || unitsAreShared({ precision, cell, hidden });
  const byWork = Math.floor(flop / MIN_FLOP_PER_THREAD);
  const most = Math.max(1, Math.min(isShared ? cores : 1, byWork, maxThreads(), MAX_THREADS));
  return { first: flop < LARGE_ROUND ? 1 : most, most };
}

/**
 * Checks a number of threads that a user has chosen, and returns it.
 *
 * @throws {InputError} If it is neither `auto` nor a whole number from 1 to 64.
 */
export function checkThreads(threads: number | "auto"): number | "auto" {
  const isCount = Number.isInteger(threads) && Number(threads) >= 1 &&
    Number(threads) <= MAX_THREADS;
  if (threads === "auto" || typeof threads === "number" && isCount) return threads;
  throw new InputError(
    `Cannot train: "threads" must be auto or a whole number from 1 to ${MAX_THREADS}, not ${
      quote(threads)
    }`,
    { option: "threads" },
  );
}
