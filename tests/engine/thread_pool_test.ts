/** Several threads on one memory: the same bits, clean failures, and a process that always ends. */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { Engine } from "../../src/engine/engine.ts";
import type { EngineOptions } from "../../src/engine/options.ts";
import { instantiate } from "../../src/engine/kernels/instance.ts";
import {
  checkThreadCount,
  defaultThreadCount,
  flopPerStep,
} from "../../src/engine/thread_count.ts";
import { ThreadPool } from "../../src/engine/thread_pool.ts";
import { InputError } from "../../src/errors.ts";
import { parameterNames } from "../../src/model/parameters.ts";
import type { Cell } from "../../src/model/types.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { oneHot, referenceGradients } from "../reference/network.ts";

const precisions = ["f32", "f32-strict", "f64"] as const;
const vocabulary = 11;

/** An engine with random weights, inputs and targets, the same for any number of threads. */
function prepare(options: Omit<EngineOptions, "inputs" | "outputs">): Engine {
  const engine = new Engine({ inputs: vocabulary, outputs: vocabulary, ...options });
  const random = new Xoshiro128(5);
  const parameters = engine.readParameters();
  for (const weights of Object.values(parameters)) {
    for (let i = 0; i < weights.length; i++) weights[i] = 0.3 * random.normal();
  }
  engine.writeParameters(parameters);
  const rows = options.seqLength * options.batchSize;
  const vectors = () => Float64Array.from({ length: rows * vocabulary }, () => random.uniform());
  if (options.denseInputs) engine.writeInputVectors(vectors());
  if (options.denseTargets) engine.writeTargetVectors(vectors());
  for (let row = 0; row < rows; row++) {
    engine.inputIds[row] = random.nextUint32() % vocabulary;
    engine.targetIds[row] = random.nextUint32() % vocabulary;
  }
  return engine;
}

/** Everything that some updates leave behind. */
function train(engine: Engine, drop?: { probability: number; seed: number }): unknown {
  const { seqLength } = engine.options;
  const losses: number[] = [];
  // Fewer steps than there is room for are shared otherwise.
  for (const some of [seqLength, Math.ceil(seqLength / 2), seqLength]) {
    engine.forward(some, drop);
    losses.push(engine.crossEntropy(some));
    engine.backward(some);
    engine.update({ optimizer: some === seqLength ? "adagrad" : "sgd", lr: 0.05, gradClip: 0.5 });
    engine.carryHiddenState(some);
  }
  engine.forward();
  const logits = engine.readOutputs();
  engine.softmax();
  return {
    losses,
    logits,
    probabilities: engine.readOutputs(),
    states: engine.readHiddenStates(),
    gradients: engine.readGradients(),
    parameters: engine.readParameters(),
    sums: engine.readOptimizerState(),
  };
}

for (const precision of precisions) {
  for (const [denseInputs, denseTargets] of [[false, false], [true, true]] as const) {
    const kind = denseInputs ? "vectors" : "characters";
    Deno.test(`${precision}: ${kind} give the same bits with 1, 2, 3 and 4 threads`, () => {
      // Fewer streams than threads; streams shared by rows, and by streams; one, two and four parts
      // of the gradients, which three threads cannot share evenly; more than a block of 256 rows.
      for (
        const [hidden, seqLength, batchSize] of [
          [7, 5, 1],
          [10, 3, 2],
          [33, 4, 13],
          [12, 6, 24],
          [16, 7, 37],
          [5, 2, 50],
          [9, 2, 1100],
        ] as const
      ) {
        const options = { precision, hidden, seqLength, batchSize, denseInputs, denseTargets };
        const [one, ...others] = [1, 2, 3, 4].map((threads) => {
          using engine = prepare({ ...options, threads });
          return train(engine);
        });
        others.forEach((other, i) => assertEquals(other, one, `${i + 2} threads, B ${batchSize}`));
      }
    });
  }
}

for (const precision of precisions) {
  for (const [cell, hidden] of [["rnn", 257], ["gru", 149], ["lstm", 131]] as const) {
    Deno.test(`${precision}: the units of one large ${cell} stream, shared, give the same bits`, () => {
      // Padded to 260, 152 and 132 units: vectors that not all of the counts share evenly.
      const options = {
        precision,
        cell,
        hidden,
        layers: 2,
        seqLength: 4,
        batchSize: 1,
        dropout: true,
      };
      const [one, ...others] = [1, 2, 3, 4].map((threads) => {
        using engine = prepare({ ...options, threads });
        return train(engine, { probability: 0.3, seed: 7 });
      });
      others.forEach((other, i) => assertEquals(other, one, `${i + 2} threads`));
    });
  }
}

for (const batchSize of [16, 23, 24, 32, 53]) {
  Deno.test(`f64: gradients of ${batchSize} streams, in parts, are the reference's`, () => {
    const [hidden, seqLength] = [6, 9];
    const sizes = { inputs: vocabulary, hidden, outputs: vocabulary };
    for (const threads of [1, 3]) {
      using engine = prepare({ precision: "f64", hidden, seqLength, batchSize, threads });
      engine.forward();
      const loss = engine.crossEntropy();
      engine.backward();
      const expected = referenceGradients(sizes, engine.readParameters(), {
        seqLength,
        batchSize,
        inputs: oneHot(engine.inputIds, vocabulary),
        targets: oneHot(engine.targetIds, vocabulary),
        hiddenState: new Float64Array(batchSize * hidden),
      });
      assert(Math.abs(loss - expected.loss) < 1e-12 * expected.loss);
      const gradients = engine.readGradients();
      for (const name of parameterNames) {
        let largest = 0;
        for (const g of expected.gradients[name]) largest = Math.max(largest, Math.abs(g));
        expected.gradients[name].forEach((wanted, i) => {
          const error = Math.abs(gradients[name][i]! - wanted);
          assert(error <= 1e-12 * largest, `${name}[${i}] is off by ${error}`);
        });
      }
    }
  });
}

Deno.test("a number of threads that is none is refused", () => {
  const options = { precision: "f32", hidden: 4, seqLength: 1, batchSize: 1 } as const;
  for (const threads of [0, -1, 1.5, 65, NaN]) {
    assertThrows(() => prepare({ ...options, threads }), RangeError, "from 1 to 64");
    assertThrows(() => checkThreadCount(threads), InputError, "from 1 to 64");
  }
});

Deno.test("an engine that was closed says so, and may be closed again", () => {
  for (const threads of [1, 2]) {
    const engine = prepare({ precision: "f32", hidden: 4, seqLength: 1, batchSize: 1, threads });
    engine.forward();
    engine[Symbol.dispose]();
    engine[Symbol.dispose]();
    assertThrows(() => engine.forward(), Error, "was disposed of");
    assertEquals(engine.readOutputs().length, vocabulary);
  }
});

Deno.test("a thread's failure ends the job, says which and why, and leaves nobody waiting", () => {
  const plan = { inputs: 3, hidden: 4, outputs: 3, seqLength: 1, batchSize: 30, workers: 3 };
  const choices = { denseInputs: false, denseTargets: false, training: false };
  const instance = instantiate("f32", { ...plan, ...choices });
  const { kernels, layout, memory } = instance;
  const workers = new ThreadPool(instance, 3);
  assertEquals(workers.failure, undefined);
  kernels.forward(1, false, 0, 0);
  // The engine would refuse such an id; the row is the second worker's, and far beyond its memory.
  new Uint32Array(memory.buffer, layout.inputIds)[12] = 3 * 2 ** 26;
  assertThrows(() => kernels.forward(1, false, 0, 0), WebAssembly.RuntimeError);
  const { message } = workers.failure!;
  assertMatch(message, /^Cannot compute: worker 2 of 3 failed: RuntimeError: [^\n]+$/);
  workers[Symbol.dispose]();
});

Deno.test("where there are no threads, one is enough, and more are refused", () => {
  const { process } = globalThis;
  const options = { precision: "f32", hidden: 4, seqLength: 1, batchSize: 1 } as const;
  try {
    Reflect.set(globalThis, "process", undefined);
    prepare({ ...options, threads: 1 }).forward();
    assertEquals(
      defaultThreadCount({
        precision: "f32",
        hidden: 512,
        outputs: 65,
        seqLength: 50,
        batchSize: 64,
      }, 8),
      1,
    );
    assertThrows(() => prepare({ ...options, threads: 2 }), Error, "no node:worker_threads");
  } finally {
    Reflect.set(globalThis, "process", process);
  }
});

Deno.test("threads are as many as gain", () => {
  const small = { precision: "f32", hidden: 32, outputs: 65, seqLength: 25, batchSize: 4 } as const;
  assertEquals(flopPerStep({ hidden: 100, outputs: 65, seqLength: 25, batchSize: 1 }), 2_475_000);
  assertEquals(defaultThreadCount(small, 8), 1);
  const large = {
    precision: "f32",
    hidden: 512,
    outputs: 65,
    seqLength: 50,
    batchSize: 64,
  } as const;
  assertEquals([1, 2, 8, 1000].map((cores) => defaultThreadCount(large, cores)), [1, 2, 8, 64]);
  assertEquals(defaultThreadCount({ ...large, batchSize: 3 }, 8), 3);
  // A single stream is shared by its units, where Whh has 65,536 weights or more.
  assertEquals(defaultThreadCount({ ...large, batchSize: 1 }, 8), 8);
  const one = (cell: Cell, hidden: number) =>
    defaultThreadCount(
      { precision: "f32", cell, hidden, outputs: 65, seqLength: 50, batchSize: 1 },
      2,
    );
  assertEquals([252, 253, 256].map((hidden) => one("rnn", hidden)), [1, 2, 2]);
  assertEquals([144, 145, 148].map((hidden) => one("gru", hidden)), [1, 2, 2]);
  assertEquals([124, 125, 128].map((hidden) => one("lstm", hidden)), [1, 2, 2]);
});

const canRun = Deno.permissions.querySync({ name: "run" }).state === "granted";
for (
  const [how, code, last] of [
    ["ends by itself", 0, ""],
    ["exits", 3, "Deno.exit(3);"],
    ["throws", 1, 'throw new Error("on purpose");'],
    ["closes first", 0, "engine[Symbol.dispose]();"],
    ["waits a while", 0, "await new Promise((resolve) => setTimeout(resolve, 300));"],
  ] as const
) {
  Deno.test({
    name: `a process with threads that ${how} is over then (needs --allow-run)`,
    ignore: !canRun,
    async fn() {
      const program = `
        import { Engine } from ${JSON.stringify(import.meta.resolve("../../src/mod.ts"))};
        const sizes = { inputs: 4, hidden: 8, outputs: 4, seqLength: 2, batchSize: 2 };
        const engine = new Engine({ ...sizes, precision: "f32", threads: 3 });
        engine.forward();
        console.log(engine.crossEntropy().toFixed(4));
        ${last}`;
      const config = new URL("../../deno.json", import.meta.url).pathname;
      const output = await new Deno.Command(Deno.execPath(), {
        args: ["eval", "--quiet", "--no-check", "--config", config, program],
      }).output();
      assertEquals(output.code, code, new TextDecoder().decode(output.stderr));
      assertEquals(new TextDecoder().decode(output.stdout), "2.7726\n");
    },
  });
}
