import { Disposables } from "../../src/disposables.ts";
import { Engine } from "../../src/engine/engine.ts";
import { initialParameters } from "../../src/model/initialization.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { median } from "../statistics.ts";
import type { TimingOptions } from "../timing_options.ts";
import { trainStep } from "../training_step.ts";
import { type Network, networks } from "./networks.ts";

/** Seconds in which an engine chooses its number of threads before anything is timed. */
const CHOICE_SECONDS = 2;
const WARM_UP_SECONDS = 0.3;

/** The speed of a network with one number of threads. */
export interface ThreadSpeed {
  readonly threads: number;
  /** Median over the rounds. */
  readonly charsPerSecond: number;
}

/** The speeds of a network. */
export interface NetworkSpeeds {
  readonly network: Network;
  readonly fixed: readonly ThreadSpeed[];
  /** With the number that was measured to be the fastest, and that number at the end. */
  readonly auto: ThreadSpeed;
  /** Speed with `auto` over that with the best fixed number: the median over the rounds. */
  readonly share: number;
}

/** How {@linkcode measureThreads} measures. */
export interface ThreadsOptions extends TimingOptions {
  /** The fixed numbers of threads. */
  readonly threadCounts: readonly number[];
  /** Called before each network. */
  readonly onNetwork: (network: Network) => void;
}

/** Times training steps with fixed numbers of threads and with `auto`, in turns. */
export function measureThreads(
  { threadCounts, rounds, seconds, onNetwork }: ThreadsOptions,
): NetworkSpeeds[] {
  return networks.map((network) => {
    onNetwork(network);
    using engines = new Disposables();
    const fixed = threadCounts.map((threads) => engines.use(createEngine(network, threads)));
    const auto = engines.use(createEngine(network, "auto"));
    for (const engine of fixed) train(engine, WARM_UP_SECONDS);
    train(auto, CHOICE_SECONDS);
    const all = [...fixed, auto];
    const speeds = all.map((): number[] => []);
    for (let round = 0; round < rounds; round++) {
      // Each begins some rounds, so that none always follows the same other.
      for (let i = 0; i < all.length; i++) {
        const at = (i + round) % all.length;
        speeds[at]!.push(train(all[at]!, seconds));
      }
    }
    const medians = speeds.map(median);
    const best = medians.indexOf(Math.max(...medians.slice(0, -1)));
    return {
      network,
      fixed: threadCounts.map((threads, i) => ({ threads, charsPerSecond: medians[i]! })),
      auto: { threads: auto.threads, charsPerSecond: medians.at(-1)! },
      share: median(speeds.at(-1)!.map((speed, round) => speed / speeds[best]![round]!)),
    };
  });
}

function createEngine(network: Network, threads: number | "auto"): Engine {
  const engine = new Engine({ ...network, precision: "f32", threads });
  const random = new Xoshiro128(1);
  engine.writeParameters(
    initialParameters(network, { init: "normal:0.05", precision: "f32", random }),
  );
  for (const ids of [engine.inputIds, engine.targetIds]) {
    for (let i = 0; i < ids.length; i++) ids[i] = random.nextUint32() % network.inputs;
  }
  return engine;
}

/** Trains for some seconds, and returns the characters per second. */
function train(engine: Engine, seconds: number): number {
  const { seqLength, batchSize } = engine.options;
  // The first step wakes the threads.
  trainStep(engine);
  const begin = performance.now();
  let steps = 0;
  do {
    trainStep(engine);
    steps++;
  } while (performance.now() - begin < 1000 * seconds);
  return 1000 * steps * seqLength * batchSize / (performance.now() - begin);
}
