/**
 * `deno task bench-mpi` under a launcher: measures the network and training steps, and compares the
 * steps with what the cost model predicts from the network and the arithmetic.
 */
import { printLine } from "../../src/cli/output.ts";
import { RankEngine } from "../../src/engine/rank_engine.ts";
import type { Exchange, Slice } from "../../src/exchange.ts";
import { openLibrary } from "../../src/mpi/library.ts";
import { Mpi } from "../../src/mpi/mpi.ts";
import { gatherValues } from "../../src/mpi/ranks.ts";
import { median } from "../statistics.ts";
import { randomWorkload } from "../workload.ts";
import { stepSizeOf } from "./command.ts";
import { exchangeSeconds, type Network, type StepSize } from "./cost_model.ts";

/** Messages of which the shortest long one is the one that takes most longer than the one before. */
const MESSAGE_BYTES = [2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072] as const;
/** Long messages whose times determine bandwidth and setup. */
const LONG_BYTES = [2 ** 18, 2 ** 20] as const;
/** Pairs of calls that are timed, and those before. */
const PAIRS = 60;
const WARMUP_PAIRS = 20;
/** Seconds that steps of one size are measured, and those before, until windows of TCP are as large as they get. */
const SECONDS = 4;
const WARMUP_SECONDS = 1;
const SEQ_LENGTH = 50;
const BATCH_SIZE = 64;

/**
 * The median seconds of a call that all ranks make again and again. They are timed in pairs: after a
 * call that waited for the other rank, the message of the next may already be there, so that it takes
 * no time at all.
 */
function secondsOfCall(mpi: Mpi, call: () => void): number {
  mpi.barrier();
  for (let i = 0; i < 2 * WARMUP_PAIRS; i++) call();
  const times = Array.from({ length: PAIRS }, () => {
    const begin = performance.now();
    call();
    call();
    return (performance.now() - begin) / 2000;
  });
  return median(times);
}

/** Measures the network between all ranks. */
function measureNetwork(mpi: Mpi): Network {
  const { rank, size } = mpi;
  const words = new Int32Array(size);
  const each = (length: number): Slice[] =>
    Array.from({ length: size }, (_, i) => ({ start: i * length, length }));
  const gather = () => mpi.allGather(words, each(1));
  const gatherSeconds = secondsOfCall(mpi, gather);
  const latency = gatherSeconds / Math.ceil(Math.log2(size));
  /**
   * The seconds of a message to each other rank beyond those of one of a few bytes. As in a step, a
   * short message follows, which waits until the long one has arrived everywhere.
   */
  const secondsOf = (bytes: number): number => {
    const length = bytes / 4;
    const [send, receive] = [new Float32Array(size * length), new Float32Array(size * length)];
    const others = each(length).map((slice, i) => i === rank ? { start: 0, length: 0 } : slice);
    const seconds = secondsOfCall(mpi, () => {
      mpi.allToAll({ send, sent: others, receive, received: others });
      gather();
    });
    return seconds - gatherSeconds - (size - 1) * latency;
  };
  const [fewer, more] = LONG_BYTES;
  const short = secondsOf(fewer);
  const bandwidth = (size - 1) * (more - fewer) / (secondsOf(more) - short);
  const setup = Math.max(0, short - (size - 1) * fewer / bandwidth);
  const times = MESSAGE_BYTES.map((bytes) => secondsOf(bytes) - (size - 1) * bytes / bandwidth);
  const rises = times.map((seconds, i) => i === 0 ? 0 : seconds - times[i - 1]!);
  const longBytes = MESSAGE_BYTES[rises.indexOf(Math.max(...rises))]!;
  return { name: "measured", latency, bandwidth, setup, longBytes };
}

/** An exchange that exchanges nothing, to measure the arithmetic of a rank. */
function silentExchange({ rank, size, host }: Exchange): Exchange {
  const ignore = () => {};
  return {
    rank,
    size,
    host,
    allToAll: ignore,
    allGather: ignore,
    broadcast: ignore,
    barrier: ignore,
  };
}

/** The median seconds of a step. */
function measureSteps(
  mpi: Mpi,
  exchange: Exchange,
  { hidden, seqLength, batchSize }: StepSize,
): number {
  const workload = randomWorkload({ hidden, seqLength, batchSize });
  const shape = { ...workload.sizes, precision: "f32" as const, seqLength, batchSize };
  using network = new RankEngine({ ...shape, stateSlots: 2, threads: 1 }, exchange);
  const { engine, streams } = network;
  network.loadParameters(workload.parameters);
  for (let t = 0; t < seqLength; t++) {
    const from = t * batchSize + streams.start;
    const row = t * streams.length;
    engine.inputIds.set(workload.inputIds.subarray(from, from + streams.length), row);
    engine.targetIds.set(workload.targetIds.subarray(from, from + streams.length), row);
  }
  const job = new Uint8Array(512);
  const update = {
    optimizer: "adam" as const,
    lr: 1e-6,
    gradClip: 5,
    gradClipMode: "value" as const,
  };
  const rest = { momentum: 0, beta1: 0.9, beta2: 0.999, weightDecay: 0, weightAverage: 0 };
  let step = 0;
  const times: number[] = [];
  const takeStep = () => {
    const begin = performance.now();
    exchange.broadcast(job, { isIdle: true });
    network.forward();
    network.backward();
    network.gatherLoss([0, 0]);
    exchange.broadcast(job, { isIdle: true });
    network.update({ ...update, ...rest, step: ++step });
    times.push((performance.now() - begin) / 1000);
  };
  takeStep();
  takeStep();
  // All ranks take as many steps.
  const [seconds] = gatherValues(mpi, times.at(-1)!) as [number];
  for (let i = 0; i < WARMUP_SECONDS / seconds; i++) takeStep();
  const from = times.length;
  for (let i = 0; i < SECONDS / seconds; i++) takeStep();
  return median(times.slice(from));
}

const milliseconds = (seconds: number) => `${(1000 * seconds).toFixed(2)} ms`;
/** Measures on all ranks, and prints on rank 0; returns the exit code. */
export async function measure(path: string): Promise<number> {
  const mpi = await Mpi.join(openLibrary(path));
  const print = (line: string) => {
    if (mpi.rank === 0) printLine(line);
  };
  if (mpi.size === 1) {
    print("There is nothing to measure on one rank");
    mpi.finalize();
    return 2;
  }
  const [network] = gatherValues(mpi, measureNetwork(mpi)) as [Network];
  print(
    `${mpi.size} ranks: latency ${(1e6 * network.latency).toFixed(1)} µs, bandwidth ` +
      `${(network.bandwidth / 1e6).toFixed(0)} MB/s, setup of messages from ` +
      `${network.longBytes / 1024} KiB on ${(1e6 * network.setup).toFixed(0)} µs`,
  );
  for (const hidden of [128, 256, 512]) {
    const size = stepSizeOf(hidden, SEQ_LENGTH, BATCH_SIZE);
    const arithmetic = Math.max(...gatherValues(mpi, measureSteps(mpi, silentExchange(mpi), size)));
    const step = measureSteps(mpi, mpi, size);
    const exchange = exchangeSeconds(mpi.size, size, network);
    const predicted = arithmetic + exchange;
    print(
      `H ${hidden}, T ${SEQ_LENGTH}, B ${BATCH_SIZE}: arithmetic ${milliseconds(arithmetic)}, ` +
        `exchange ${milliseconds(exchange)}; predicted ${milliseconds(predicted)}, measured ` +
        `${milliseconds(step)} (${(100 * (predicted / step - 1)).toFixed(0)} %)`,
    );
  }
  mpi.finalize();
  return 0;
}
