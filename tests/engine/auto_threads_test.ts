/** Engines that choose their number of threads while they compute. */
import { assert, assertEquals } from "@std/assert";
import type { Engine } from "../../src/engine/engine.ts";
import { instantiate } from "../../src/engine/kernels/instance.ts";
import { ThreadPool } from "../../src/engine/thread_pool.ts";
import { randomEngine, VOCABULARY } from "./thread_bits.ts";

const sizes = { precision: "f32", cell: "gru", hidden: 48, seqLength: 20, batchSize: 16 } as const;

/** Trains until `isDone`, and returns the number of steps. */
function train(engine: Engine, isDone: (steps: number) => boolean): number {
  let steps = 0;
  while (!isDone(steps)) {
    engine.forward();
    engine.crossEntropy();
    engine.backward();
    engine.update({ optimizer: "adagrad", lr: 0.01, gradClip: 5 });
    engine.carryHiddenState();
    steps++;
  }
  return steps;
}

Deno.test("Engine with threads auto computes the same bits as with 1 thread", () => {
  using auto = randomEngine({ ...sizes, threads: "auto" });
  const isChoosing = auto.isChoosingThreads;
  assertEquals(isChoosing, navigator.hardwareConcurrency > 1);
  assertEquals(auto.threads, 1);
  const end = performance.now() + 30_000;
  const steps = train(auto, () => !auto.isChoosingThreads || performance.now() > end);
  assertEquals(auto.isChoosingThreads, false);
  assert(auto.threads >= 1 && auto.threads <= navigator.hardwareConcurrency);
  const more = train(auto, (n) => n === 200);
  using one = randomEngine({ ...sizes, threads: 1 });
  train(one, (n) => n === steps + more);
  assertEquals(auto.readParameters(), one.readParameters());
  assertEquals(auto.readHiddenState(), one.readHiddenState());
});

Deno.test("Engine with threads auto has one thread if the work is small", () => {
  using engine = randomEngine({ ...sizes, hidden: 4, seqLength: 2, batchSize: 2, threads: "auto" });
  assertEquals([engine.threads, engine.isChoosingThreads], [1, false]);
  assertEquals(engine.options.threads, "auto");
});

/** More workers than cores: the most, all of them, and numbers that share the work unevenly. */
const workerCounts = [2, 16, 1, 5, 8];

for (const [cell, batchSize] of [["rnn", 50], ["gru", 12], ["lstm", 16]] as const) {
  Deno.test(`useWorkers() changes nothing but the speed between kernels, ${cell}, B ${batchSize}`, () => {
    const sizes = { inputs: VOCABULARY, hidden: 24, outputs: VOCABULARY, seqLength: 6, layers: 2 };
    const plan = { ...sizes, cell, batchSize, training: true, workers: 16 };
    const instance = instantiate("f32", plan);
    const { kernels, layout, memory } = instance;
    const numbers = new Float32Array(memory.buffer);
    for (let i = 0; i < layout.parameterBytes / 4; i++) {
      numbers[layout.parameters / 4 + i] = 0.1 * Math.sin(i);
    }
    const gradients = () => {
      kernels.forward(6, false, 0, 0);
      kernels.crossEntropyOfIds(6, 1 / batchSize, 0);
      kernels.backward(6, false);
      const start = (layout.parameters + layout.toGradient) / 4;
      return numbers.slice(start, start + layout.parameterBytes / 4);
    };
    const expected = gradients();
    using pool = new ThreadPool(instance, 16);
    assertEquals([pool.started, pool.ready], [1, 1]);
    for (const workers of workerCounts) {
      pool.start(workers);
      pool.waitUntilReady();
      assert(pool.ready >= workers);
      kernels.useWorkers(workers);
      for (let round = 0; round < 2; round++) assertEquals(gradients(), expected);
    }
    assertEquals(pool.started, 16);
  });
}

Deno.test("ThreadPool[Symbol.dispose]() ends threads that have not started yet", () => {
  const shape = { inputs: 3, hidden: 4, outputs: 3, seqLength: 1, batchSize: 8 };
  for (let i = 0; i < 5; i++) {
    using pool = new ThreadPool(instantiate("f32", { ...shape, workers: 3 }), 3);
    pool.start(3);
  }
});
