/** What a training step costs on several ranks: arithmetic, latency and bytes. */
import { partsOf } from "../../src/engine/rank_parts.ts";

/** How ranks are connected. */
export interface Network {
  readonly name: string;
  /** Seconds from a call to its return on all ranks, of a message of a few bytes between two ranks. */
  readonly latency: number;
  /** Bytes per second that a rank sends and receives at once. */
  readonly bandwidth: number;
  /** Seconds that a long message takes besides, until its receiver has agreed to it. */
  readonly setup: number;
}

/** The size of a step. */
export interface StepSize {
  readonly hidden: number;
  readonly vocabulary: number;
  readonly seqLength: number;
  readonly batchSize: number;
  /** P, the partial sums of a gradient. */
  readonly partials: number;
  /** Bytes of all parameters, padding included. */
  readonly parameterBytes: number;
}

/** A message that all ranks take part in. */
export interface Message {
  readonly name: "broadcast" | "allGather" | "allToAll";
  /** Bytes that a rank sends or receives, whichever are more, of the rank with the most. */
  readonly bytes: number;
}

/** Bytes of a job that rank 0 broadcasts. */
const JOB_BYTES = 256;
/**
 * From how many bytes on a message is long: libraries send shorter ones at once, and ask the receiver
 * before longer ones. Open MPI over TCP does from 64 KiB on.
 */
const LONG_BYTES = 65_536;
/** A block of the norm, in which parameters are shared out. */
const BLOCK_BYTES = 65_536;

/** Multiplications and additions of a step of one tanh layer: 6·T·B·H·(H + V). */
export function flopOf({ hidden, vocabulary, seqLength, batchSize }: StepSize): number {
  return 6 * seqLength * batchSize * hidden * (hidden + vocabulary);
}

/** The parts of a step on so many ranks. */
function partsFor(size: number, { batchSize, partials, parameterBytes }: StepSize) {
  const numbers = { parameters: parameterBytes / 4, block: BLOCK_BYTES / 4 };
  return partsOf({ size, partials, batchSize, ...numbers });
}

/** The largest share of the streams that a rank has: its time is that of the step. */
export function largestShare(size: number, step: StepSize): number {
  return Math.max(...partsFor(size, step).map(({ streams }) => streams.length / step.batchSize));
}

/** The messages of a step, in their order. */
export function messagesOf(size: number, step: StepSize): Message[] {
  const parts = partsFor(size, step);
  const { batchSize, seqLength, parameterBytes } = step;
  const lengths = parts.map(({ parameters }) => 4 * parameters.length);
  const counts = parts.map(({ sums }) => sums.length);
  const sums = Array.from({ length: Math.max(...counts) }, (_, k): Message => {
    const senders = counts.filter((count) => count > k).length;
    const sent = parameterBytes - Math.min(...lengths);
    const received = Math.max(...lengths) * (senders === size ? size - 1 : senders);
    return { name: "allToAll", bytes: Math.max(sent, received) };
  });
  const others = (bytes: number) => bytes * (size - 1) / size;
  return [
    { name: "broadcast", bytes: JOB_BYTES },
    { name: "allGather", bytes: others(8 * batchSize * seqLength) },
    ...sums,
    { name: "allGather", bytes: 8 },
    { name: "broadcast", bytes: JOB_BYTES },
    { name: "allGather", bytes: parameterBytes - Math.min(...lengths) },
    { name: "allGather", bytes: 4 },
  ];
}

/**
 * The seconds of a message. Short ones are passed on as in a tree, in log2 n rounds; of long ones
 * each rank sends a part to each other rank.
 */
export function secondsOf({ name, bytes }: Message, size: number, network: Network): number {
  if (size === 1) return 0;
  const rounds = name === "allToAll" ? size - 1 : Math.ceil(Math.log2(size));
  // Requests to several ranks are under way at once.
  const setup = bytes < LONG_BYTES ? 0 : network.setup;
  return rounds * network.latency + setup + bytes / network.bandwidth;
}

/** The seconds that the ranks exchange numbers in a step. */
export function exchangeSeconds(size: number, step: StepSize, network: Network): number {
  return messagesOf(size, step).reduce((sum, each) => sum + secondsOf(each, size, network), 0);
}
