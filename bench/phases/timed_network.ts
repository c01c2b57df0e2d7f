/** A network whose kernels report the phases of a training step to the host. */
import { Worker } from "node:worker_threads";
import { Disposables } from "../../src/disposables.ts";
import { KernelMemory } from "../../src/engine/kernel_memory.ts";
import { type Instance, instantiate } from "../../src/engine/kernels/instance.ts";
import type { Cell } from "../../src/model/cells.ts";
import { initialParameters } from "../../src/model/initialization.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { VOCABULARY_SIZE, type WorkloadSize } from "../workload.ts";

/** The size of a network of any cell. */
export interface NetworkSize extends WorkloadSize {
  readonly cell: Cell;
  /** L. */
  readonly layers: number;
}

/** The phases of a step: milliseconds of worker 0, by name. */
export type PhaseTimes = ReadonlyMap<string, number>;

/** What a thread is started with. */
interface Task {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly worker: number;
  /** The index of a word of the memory that the thread sets when it is ready. */
  readonly ready: number;
}

/** How long a thread may take to start; it takes milliseconds. */
const START_TIMEOUT_MS = 10_000;

/** Measures which phase the time of worker 0 belongs to, while kernels begin and end them. */
class Stopwatch {
  /** Milliseconds of each phase, by its number. */
  readonly times = new Float64Array(64);
  /** How often each phase was begun, or continued after another within it. */
  readonly visits = new Float64Array(64);
  readonly #stack = new Int32Array(16);
  #depth = 0;
  #since = 0;

  start(): void {
    this.times.fill(0);
    this.visits.fill(0);
    this.#depth = 0;
    this.#stack[0] = 0;
    this.#since = performance.now();
  }

  readonly begin = (phase: number): void => {
    this.#count();
    this.#stack[++this.#depth] = phase;
  };

  readonly end = (): void => {
    this.#count();
    this.#depth--;
  };

  #count(): void {
    const now = performance.now();
    const phase = this.#stack[this.#depth]!;
    this.times[phase]! += now - this.#since;
    this.visits[phase]!++;
    this.#since = now;
  }
}

/** A network of one size with a batch; disposing of it ends its threads. */
export class TimedNetwork {
  readonly #instance: Instance;
  readonly #names: readonly string[];
  readonly #stopwatch = new Stopwatch();
  readonly #size: NetworkSize;
  readonly #threads = new Disposables();
  /** Milliseconds that the stopwatch itself takes for each visit of a phase. */
  readonly #overhead: number;

  /** @param bytes The module of `compilePhases`. */
  constructor(
    size: NetworkSize,
    { bytes, threads }: { readonly bytes: Uint8Array<ArrayBuffer>; readonly threads: number },
  ) {
    const { cell, layers, hidden, seqLength, batchSize } = size;
    const sizes = { cell, layers, hidden, inputs: VOCABULARY_SIZE, outputs: VOCABULARY_SIZE };
    const module = new WebAssembly.Module(bytes);
    const imports = { beginPhase: this.#stopwatch.begin, endPhase: this.#stopwatch.end };
    const plan = {
      ...sizes,
      ...{ seqLength, batchSize, training: true, stateSlots: 2, workers: threads },
    };
    const instance = instantiate("f32", plan, { module, imports });
    const { kernels, layout, constants, memory } = instance;
    this.#size = size;
    this.#instance = instance;
    const { Phase } = constants as unknown as { readonly Phase: Record<string, number> };
    this.#names = Object.entries(Phase).sort(([, a], [, b]) => a - b).map(([name]) => name);

    const random = new Xoshiro128(1);
    new KernelMemory(instance, { ...sizes, precision: "f32" }).writeParameters(
      initialParameters(sizes, { init: "xavier", precision: "f64", random }),
    );
    const rows = seqLength * batchSize;
    for (const address of [layout.inputIds, layout.targetIds]) {
      const ids = new Uint32Array(memory.buffer, address, rows);
      for (let row = 0; row < rows; row++) ids[row] = random.nextUint32() % VOCABULARY_SIZE;
    }
    const hyperparams = { lr: 1e-6, gradLimit: 5, gradScale: 1, beta1: 0.9, beta2: 0.999 };
    const others = { epsilon: 1e-8, correctedLr: 1e-6, correction2: 1, weightDecay: 0 };
    const places = new Float64Array(memory.buffer, layout.hyperparams);
    for (const [name, value] of Object.entries({ ...hyperparams, ...others })) {
      places[constants.Hyperparam[name as keyof typeof constants.Hyperparam]] = value;
    }

    const words = new Int32Array(memory.buffer);
    for (let worker = 1; worker < threads; worker++) {
      const code = `(${runThread})(require("node:worker_threads").workerData)`;
      const ready = (layout.bells + worker * constants.CACHE_LINE + constants.BELL_READY) / 4;
      const workerData: Task = { module, memory, worker, ready };
      const thread = new Worker(code, { eval: true, workerData });
      thread.unref();
      this.#threads.use({ [Symbol.dispose]: () => void thread.terminate() });
      Atomics.wait(words, ready, 0, START_TIMEOUT_MS);
    }
    this.#threads.use({ [Symbol.dispose]: () => kernels.stop(threads) });
    kernels.useWorkers(threads);
    this.#overhead = this.#measureOverhead();
  }

  /**
   * Runs training steps for some seconds and returns the milliseconds of each phase of a step: the tenth
   * percentile, because other programs only ever make a phase slower.
   */
  measure(seconds: number): PhaseTimes {
    const samples: Float64Array[] = [];
    const begin = performance.now();
    do {
      this.#stopwatch.start();
      this.#runStep();
      const { times, visits } = this.#stopwatch;
      samples.push(times.map((time, i) => Math.max(0, time - this.#overhead * visits[i]!)));
    } while (performance.now() - begin < 1000 * seconds);
    const tenth = (i: number) => {
      const sorted = samples.map((times) => times[i]!).sort((a, b) => a - b);
      return sorted[Math.floor(sorted.length / 10)]!;
    };
    return new Map(this.#names.map((name, i) => [name, tenth(i)]));
  }

  [Symbol.dispose](): void {
    this.#threads[Symbol.dispose]();
  }

  #runStep(): void {
    const { kernels, constants } = this.#instance;
    const { cell, seqLength, batchSize } = this.#size;
    kernels.forward(seqLength, false, 0, 0);
    kernels.crossEntropyOfIds(seqLength, 1 / batchSize, 0);
    kernels.backward(seqLength, false);
    kernels.update(constants.UpdateRule[cell === "rnn" ? "adagrad" : "adamw"]);
    kernels.carryHiddenState(seqLength);
  }

  /** Milliseconds of a visit without any work, at least; the calls from the kernels are not included. */
  #measureOverhead(): number {
    const visits = 20_000;
    const begin = performance.now();
    for (let i = 0; i < visits / 2; i++) {
      this.#stopwatch.begin(0);
      this.#stopwatch.end();
    }
    return (performance.now() - begin) / visits;
  }
}

/** The code of a thread. It is passed as text, so it must not refer to anything outside of it. */
function runThread({ module, memory, worker, ready }: Task): void {
  const nothing = () => {};
  const env = { memory, beginPhase: nothing, endPhase: nothing };
  const { exports } = new WebAssembly.Instance(module, { env });
  const kernels = exports as unknown as Instance["kernels"];
  kernels.plan();
  kernels.initWorker(worker);
  const words = new Int32Array(memory.buffer);
  Atomics.store(words, ready, 1);
  Atomics.notify(words, ready);
  kernels.workerLoop();
}
