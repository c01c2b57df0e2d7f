/** The cost model of distributed training (docs/design/distributed.md) by hand, and against an engine. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { stepSizeOf } from "../../../bench/mpi/command.ts";
import {
  exchangeSeconds,
  messagesOf,
  type Network,
  type StepSize,
} from "../../../bench/mpi/cost_model.ts";
import { RankEngine } from "../../../src/engine/rank_engine.ts";
import type { Exchange } from "../../../src/exchange.ts";

/** A network that only takes time until messages arrive. */
const delay: Network = {
  name: "delay",
  latency: 1,
  bandwidth: Infinity,
  setup: 0,
  longBytes: Infinity,
};

/** 20 blocks of parameters, of which two ranks have 10 each. */
const step: StepSize = {
  ...{ hidden: 512, vocabulary: 65, seqLength: 50, batchSize: 64 },
  ...{ partials: 8, parameterBytes: 20 * 65_536 },
};

Deno.test("exchangeSeconds() is 0 on one rank", () => {
  assertEquals(exchangeSeconds(1, step, delay), 0);
});

Deno.test("exchangeSeconds() counts four latencies on two ranks, which wait for each other", () => {
  // Rank 1 waits for: the job, the loss, the update, the flag; rank 0 for: the sums, the parameters.
  //            job  sums  losses  job  parameters  flag
  //   rank 0    0    2      2      2       4         4
  //   rank 1    1    1      3      3       3         5
  assertEquals(exchangeSeconds(2, step, delay), 4);
});

Deno.test("exchangeSeconds() adds the bytes of both long messages, and their setup", () => {
  const slow = { ...delay, latency: 0, bandwidth: 1 };
  const long = 2 * 10 * 65_536;
  const short = exchangeSeconds(2, { ...step, parameterBytes: 4 }, slow);
  assert(short < 20_000);
  // But for a job, which arrives meanwhile.
  assertAlmostEquals(exchangeSeconds(2, step, slow), long + short, 520);
  // A request arrives before what is long.
  const asking = { ...delay, setup: 10, longBytes: 65_536 };
  assertEquals(exchangeSeconds(2, step, asking), 4 + 2 * 10);
  assertEquals(exchangeSeconds(2, { ...step, parameterBytes: 65_536 }, asking), 4 + 2 * 10);
});

Deno.test("exchangeSeconds() grows with the number of ranks once all have work", () => {
  const times = [8, 16, 64, 256].map((size) => exchangeSeconds(size, step, delay));
  assert(times.every((time, i) => i === 0 || time > times[i - 1]!), String(times));
});

Deno.test("messagesOf() has the messages that an engine exchanges in a step", () => {
  for (const [ranks, hidden] of [[2, 16], [2, 256], [3, 256], [4, 128]] as const) {
    const sent: unknown[] = [];
    const exchange: Exchange = {
      ...{ rank: 0, size: ranks, host: "test" },
      allToAll: ({ send, sent: slices }) => {
        const bytes = slices.map(({ length }) => length * send.BYTES_PER_ELEMENT);
        sent.push(["allToAll", bytes.slice(1)]);
      },
      allGather: (values, slices) => {
        sent.push(["allGather", slices.map(({ length }) => length * values.BYTES_PER_ELEMENT)]);
      },
      broadcast: () => {},
      barrier: () => {},
    };
    const size = stepSizeOf(hidden, 5, 64);
    const { vocabulary, seqLength, batchSize } = size;
    using network = new RankEngine({
      ...{ inputs: vocabulary, hidden, outputs: vocabulary, seqLength, batchSize },
      ...{ precision: "f32", threads: 1 },
    }, exchange);
    network.forward();
    network.backward();
    network.gatherLoss([0, 0]);
    network.update({ optimizer: "sgd", lr: 0, gradClip: 0 });
    const expected = messagesOf(ranks, size).flatMap((message): unknown[] => {
      if (message.name === "broadcast") return [];
      if (message.name === "allGather") return [[message.name, message.bytes]];
      const { name, bytes } = message;
      return [[name, Array.from({ length: ranks - 1 }, (_, i) => bytes(0, i + 1))]];
    });
    // The binding makes an all-to-all of a long all-gather.
    const asBinding = sent.map((message) => {
      const [name, bytes] = message as [string, number[]];
      const isLong = name === "allGather" && bytes.reduce((sum, each) => sum + each, 0) >= 2 ** 18;
      return isLong ? ["allToAll", bytes.slice(1).map(() => bytes[0])] : message;
    });
    assertEquals(asBinding, expected);
  }
});
