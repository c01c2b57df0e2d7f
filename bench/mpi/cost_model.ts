/** What a training step costs on several ranks: arithmetic, and the times at which messages arrive. */
import { partsOf } from "../../src/engine/rank_parts.ts";

/** How ranks are connected. */
export interface Network {
  readonly name: string;
  /** Seconds until a message of a few bytes has arrived, calls included. */
  readonly latency: number;
  /** Bytes per second that a rank sends and receives at once. */
  readonly bandwidth: number;
  /**
   * Seconds that a long message takes besides: its sender asks the receiver first. Twice the latency
   * with Open MPI, four times with MPICH over TCP.
   */
  readonly setup: number;
  /** From how many bytes on a message is long; libraries send shorter ones at once. */
  readonly longBytes: number;
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
export type Message =
  /** Rank 0 sends so many bytes to all others. */
  | { readonly name: "broadcast"; readonly bytes: number }
  /** Each rank sends so many bytes to all others. */
  | { readonly name: "allGather"; readonly bytes: readonly number[] }
  /** What a rank sends to another. */
  | { readonly name: "allToAll"; readonly bytes: (from: number, to: number) => number };

/** Bytes of a job that rank 0 broadcasts. */
const JOB_BYTES = 512;
/** Numbers with which each rank reports that it is stopped, or has an error. */
const REPORT_BYTES = 16;
/** A block of the norm, in which parameters are shared out. */
const BLOCK_BYTES = 65_536;
/** From so many bytes on, the binding of MPI makes an all-to-all of an all-gather. */
const LONG_GATHER_BYTES = 262_144;
/** What the library and the system do for one more message: about the latency over shared memory. */
const START_SECONDS = 4e-6;
/** Steps until ranks wait for each other in the same way in each, and steps that are then timed. */
const STEPS = 8;

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
  const slices = parts.map(({ parameters }) => 4 * parameters.length);
  const counts = parts.map(({ sums }) => sums.length);
  const sums = Array.from({ length: Math.max(...counts) }, (_, k): Message => ({
    name: "allToAll",
    bytes: (from, to) => k < counts[from]! ? slices[to]! : 0,
  }));
  const parameters: Message = slices.reduce((sum, bytes) => sum + bytes, 0) < LONG_GATHER_BYTES
    ? { name: "allGather", bytes: slices }
    : { name: "allToAll", bytes: (from) => slices[from]! };
  const losses = parts.map(({ streams }) => 8 * streams.length * step.seqLength + REPORT_BYTES);
  return [
    { name: "broadcast", bytes: JOB_BYTES },
    ...sums,
    { name: "allGather", bytes: losses },
    { name: "broadcast", bytes: JOB_BYTES },
    parameters,
    { name: "allGather", bytes: parts.map(() => 4) },
  ];
}

/** When each rank has sent and received a message that it begins at `ready`, in seconds. */
function endsOf(message: Message, ready: readonly number[], network: Network): number[] {
  switch (message.name) {
    case "broadcast":
      return broadcastEnds(message.bytes, ready, network);
    case "allGather":
      return allGatherEnds(message.bytes, ready, network);
    case "allToAll":
      return allToAllEnds(message.bytes, ready, network);
  }
}

/** A tree: in each round, each rank that has the message sends it to another. */
function broadcastEnds(bytes: number, ready: readonly number[], network: Network): number[] {
  const ends = [...ready];
  const seconds = network.latency + bytes / network.bandwidth;
  for (let distance = 1; distance < ready.length; distance *= 2) {
    for (let from = 0; from < distance && from + distance < ready.length; from++) {
      const to = from + distance;
      ends[to] = Math.max(ready[to]!, ends[from]! + seconds);
    }
  }
  return ends;
}

/** log2 n rounds: in each, a rank sends to another all that it has. */
function allGatherEnds(
  bytes: readonly number[],
  ready: readonly number[],
  network: Network,
): number[] {
  const size = ready.length;
  let ends = ready;
  let held = bytes;
  for (let distance = 1; distance < size; distance *= 2) {
    const senders = ready.map((_, rank) => (rank + distance) % size);
    const isLast = 2 * distance >= size;
    // What the last round would send twice is left out.
    const part = isLast ? (size - distance) / distance : 1;
    const sent = held.map((each) => each * part);
    ends = exchangeEnds(sent, { senders, ready: ends, network });
    held = held.map((each, rank) => each + sent[senders[rank]!]!);
  }
  return [...ends];
}

/** One round of an all-gather: each rank sends to another, and receives from `senders`. */
function exchangeEnds(
  sent: readonly number[],
  { senders, ready, network }: {
    readonly senders: readonly number[];
    readonly ready: readonly number[];
    readonly network: Network;
  },
): number[] {
  const ends = [...ready];
  senders.forEach((from, to) => {
    const { received, isSent } = transfer(sent[from]!, {
      ...{ network, sends: ready[from]!, receives: ready[to]! },
    });
    ends[to] = Math.max(ends[to]!, received);
    ends[from] = Math.max(ends[from]!, isSent);
  });
  return ends;
}

/**
 * Each rank sends to each other. All messages are under way at once, and share what a rank can send
 * and receive.
 */
function allToAllEnds(
  bytes: (from: number, to: number) => number,
  ready: readonly number[],
  network: Network,
): number[] {
  const none = () => ready.map(() => ({ bytes: 0, messages: 0 }));
  const [sent, received] = [none(), none()];
  const pairs: { from: number; to: number; part: number }[] = [];
  for (let from = 0; from < ready.length; from++) {
    for (let to = 0; to < ready.length; to++) {
      const part = from === to ? 0 : bytes(from, to);
      if (part === 0) continue;
      pairs.push({ from, to, part });
      for (const all of [sent[from]!, received[to]!]) {
        all.bytes += part;
        all.messages++;
      }
    }
  }
  const ends = [...ready];
  for (const { from, to, part } of pairs) {
    const times = { network, sends: ready[from]!, receives: ready[to]! };
    const end = transfer(part, times);
    const withOthers = (seconds: number, all: { bytes: number; messages: number }) =>
      seconds + (all.bytes - part) / network.bandwidth + (all.messages - 1) * START_SECONDS;
    ends[to] = Math.max(ends[to]!, withOthers(end.received, received[to]!));
    if (end.isSent > ready[from]!) {
      ends[from] = Math.max(ends[from]!, withOthers(end.isSent, sent[from]!));
    }
  }
  return ends;
}

/**
 * When bytes have arrived, and when their sender can go on. Of a long message the request arrives
 * first; it is answered once the receiver waits for the message. The sender waits for the answer, but
 * not for the last bytes to arrive.
 */
function transfer(bytes: number, { network, sends, receives }: {
  readonly network: Network;
  readonly sends: number;
  readonly receives: number;
}): { received: number; isSent: number } {
  const { latency, bandwidth, setup, longBytes } = network;
  const arrives = Math.max(receives, sends + latency);
  if (bytes < longBytes) {
    return { received: Math.max(receives, sends + latency + bytes / bandwidth), isSent: sends };
  }
  const received = arrives + setup + bytes / bandwidth;
  return { received, isSent: Math.max(sends, received - latency) };
}

/**
 * The seconds by which the exchange lengthens a step. Ranks wait for each other, so that some
 * messages arrive while their receiver waits for another: what counts is how much later a step begins
 * than the one before.
 */
export function exchangeSeconds(size: number, step: StepSize, network: Network): number {
  if (size === 1) return 0;
  const messages = messagesOf(size, step);
  let ready: number[] = new Array(size).fill(0);
  const takeSteps = () => {
    for (let i = 0; i < STEPS; i++) {
      for (const message of messages) ready = endsOf(message, ready, network);
    }
    return ready[0]!;
  };
  const begin = takeSteps();
  return (takeSteps() - begin) / STEPS;
}
