/** Threads: failures, disposal, and a process that always ends. */
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { prepareThreads } from "../../src/engine/threads.ts";
import { InputError } from "../../src/errors.ts";
import { instantiate } from "../../src/engine/kernels/instance.ts";
import { threadRange } from "../../src/engine/thread_count.ts";
import { ThreadPool } from "../../src/engine/thread_pool.ts";
import { parameterNames } from "../../src/model/parameters.ts";
import { oneHot, referenceGradients } from "../reference/network.ts";
import { randomEngine, VOCABULARY } from "./thread_bits.ts";

for (const batchSize of [16, 23, 24, 32, 53]) {
  Deno.test(`Engine.backward() with partial sums equals the reference, B ${batchSize}`, () => {
    const [hidden, seqLength] = [6, 9];
    const sizes = { inputs: VOCABULARY, hidden, outputs: VOCABULARY };
    for (const threads of [1, 3]) {
      using engine = randomEngine({ precision: "f64", hidden, seqLength, batchSize, threads });
      engine.forward();
      const loss = engine.crossEntropy();
      engine.backward();
      const expected = referenceGradients(sizes, engine.readParameters(), {
        seqLength,
        batchSize,
        inputs: oneHot(engine.inputIds, VOCABULARY),
        targets: oneHot(engine.targetIds, VOCABULARY),
        hiddenState: new Float64Array(batchSize * hidden),
      });
      assert(Math.abs(loss - expected.loss) < 1e-12 * expected.loss);
      const gradients = engine.readGradients();
      for (const name of parameterNames) {
        let largest = 0;
        for (const g of expected.gradients[name]) largest = Math.max(largest, Math.abs(g));
        expected.gradients[name].forEach((value, i) => {
          const error = Math.abs(gradients[name][i]! - value);
          assert(error <= 1e-12 * largest, `${name}[${i}] is off by ${error}`);
        });
      }
    }
  });
}

Deno.test("Engine rejects a number of threads that is not from 1 to 64", () => {
  const options = { precision: "f32", hidden: 4, seqLength: 1, batchSize: 1 } as const;
  for (const threads of [0, -1, 1.5, 65, NaN]) {
    assertThrows(() => randomEngine({ ...options, threads }), RangeError, '"threads" must be');
  }
});

Deno.test("Engine can be disposed of twice, and only be read afterwards", () => {
  for (const threads of [1, 2]) {
    const options = { precision: "f32", hidden: 4, seqLength: 1, batchSize: 1 } as const;
    const engine = randomEngine({ ...options, threads });
    engine.forward();
    engine[Symbol.dispose]();
    engine[Symbol.dispose]();
    assertThrows(() => engine.forward(), Error, "was disposed of");
    assertEquals(engine.readOutputs().length, VOCABULARY);
  }
});

Deno.test("ThreadPool.failure names the worker and its error, and no thread keeps waiting", () => {
  const sizes = { inputs: 3, hidden: 4, outputs: 3, seqLength: 1, batchSize: 30 };
  const instance = instantiate("f32", { ...sizes, workers: 3 });
  const { kernels, layout, memory } = instance;
  using threads = new ThreadPool(instance, 3);
  threads.start(3);
  threads.waitUntilReady();
  kernels.useWorkers(3);
  assertEquals(threads.failure, undefined);
  kernels.forward(1, false, 0, 0);
  // An id that an engine would reject, in a row of the second worker, far beyond the memory.
  new Uint32Array(memory.buffer, layout.inputIds)[12] = 3 * 2 ** 26;
  assertThrows(() => kernels.forward(1, false, 0, 0), WebAssembly.RuntimeError);
  const { message } = threads.failure!;
  assertMatch(message, /^Cannot compute: worker 2 failed: RuntimeError: [^\n]+$/);
});

Deno.test("Engine computes with one thread where none can be started, and rejects more", () => {
  const { process } = globalThis;
  const options = { precision: "f32", hidden: 4, seqLength: 1, batchSize: 1 } as const;
  const large = {
    precision: "f32",
    hidden: 512,
    outputs: 65,
    seqLength: 50,
    batchSize: 64,
  } as const;
  try {
    Reflect.set(globalThis, "process", undefined);
    randomEngine({ ...options, threads: 1 }).forward();
    assertEquals(threadRange(large, 8), { first: 1, most: 1 });
    randomEngine({ ...large, threads: "auto" }).forward();
    assertThrows(() => randomEngine({ ...options, threads: 2 }), InputError, "prepareThreads(2)");
  } finally {
    Reflect.set(globalThis, "process", process);
  }
});

Deno.test("prepareThreads() returns the number where nothing has to be prepared, and checks it", async () => {
  assertEquals(await prepareThreads(3), 3);
  for (const threads of [0, 1.5, 65, NaN, "2" as unknown as number]) {
    await assertRejects(() => prepareThreads(threads), RangeError, "from 1 to 64");
  }
});

const canRun = Deno.permissions.querySync({ name: "run" }).state === "granted";
for (
  const [how, code, last] of [
    ["ends by itself", 0, ""],
    ["calls Deno.exit()", 3, "Deno.exit(3);"],
    ["throws", 1, 'throw new Error("on purpose");'],
    ["disposes of the engine", 0, "engine[Symbol.dispose]();"],
    ["waits", 0, "await new Promise((resolve) => setTimeout(resolve, 300));"],
  ] as const
) {
  Deno.test({
    name: `ThreadPool does not keep a process alive that ${how} (needs --allow-run)`,
    ignore: !canRun,
    async fn() {
      const program = `
        import { Engine } from ${JSON.stringify(import.meta.resolve("../../src/engine/mod.ts"))};
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
