import { InputError } from "../../errors.ts";
import type { Precision } from "../../model/types.ts";
import type { Cell } from "../../model/types.ts";
import { modules } from "./modules.js";

/** An address in a kernel's memory, or a number of elements or bytes. */
type Pointer = number;

/**
 * The functions that the modules export; assembly/ says what each does. Every pointer is in bytes,
 * every stride too, every count in numbers.
 */
export interface Kernels {
  plan(
    cell: number,
    layers: number,
    inputs: number,
    hidden: number,
    outputs: number,
    seqLength: number,
    batchSize: number,
    denseInputs: boolean,
    denseTargets: boolean,
    training: boolean,
    dropout: boolean,
    stateSlots: number,
    averaging: boolean,
    workers: number,
  ): number;
  Wxh(layer: number): Pointer;
  Whh(layer: number): Pointer;
  bh(layer: number): Pointer;
  bhn(layer: number): Pointer;
  hiddenStates(layer: number): Pointer;
  cellStates(layer: number): Pointer;
  initWorker(worker: number, workers: number): void;
  workerLoop(): void;
  stop(): void;
  forward(seqLength: number, denseInputs: boolean, dropout: number, seed: number): void;
  backward(seqLength: number, denseInputs: boolean): void;
  carryHiddenState(seqLength: number): void;
  softmax(seqLength: number): void;
  crossEntropyOfIds(seqLength: number, scale: number): void;
  crossEntropyOfVectors(seqLength: number, scale: number): void;
  squareSums(): void;
  adagrad(): void;
  sgd(): void;
  momentum(): void;
  rmsprop(): void;
  adam(): void;
  adamw(): void;
  updateWeightAverage(rate: number): void;
  allFinite(from: Pointer, bytes: number): number;
  expInPlace(data: Pointer, count: number): void;
  logInPlace(data: Pointer, count: number): void;
  sigmoidInPlace(data: Pointer, count: number): void;
  tanhInPlace(data: Pointer, count: number): void;
  packShare(
    to: Pointer,
    b: Pointer,
    bStride: number,
    transposed: boolean,
    columns: number,
    depth: number,
  ): void;
  multiplyPacked(
    c: Pointer,
    cStride: number,
    rows: number,
    columns: number,
    depth: number,
    a: Pointer,
    aStride: number,
    b: Pointer,
    accumulate: boolean,
    scratch: Pointer,
  ): void;
  multiplyTransposed(
    c: Pointer,
    cStride: number,
    rows: number,
    columns: number,
    runs: number,
    run: number,
    apart: number,
    a: Pointer,
    aStride: number,
    b: Pointer,
    bStride: number,
    scratchA: Pointer,
    scratchB: Pointer,
  ): void;
  vectorTimesMatrix(
    y: Pointer,
    x: Pointer,
    w: Pointer,
    stride: number,
    depth: number,
    columns: number,
  ): void;
  transpose(
    to: Pointer,
    toStride: number,
    from: Pointer,
    stride: number,
    rows: number,
    columns: number,
  ): void;
}

/** The offsets and padded sizes that `plan` leaves in the module's globals. */
const layoutNames = [
  "ready",
  "failed",
  "failureText",
  "parameters",
  "parameterBytes",
  "Why",
  "by",
  "toGradient",
  "toMoment1",
  "toMoment2",
  "toAverage",
  "hyperparams",
  "norms",
  "finiteFlags",
  "inputIds",
  "inputVectors",
  "targetIds",
  "targetVectors",
  "logits",
  "losses",
  "inputsPadded",
  "hiddenPadded",
  "gatesPadded",
  "outputsPadded",
] as const;

/** Where everything lies in the kernels' memory; assembly/layout.ts draws it. */
export type Layout = Readonly<
  Record<typeof layoutNames[number] | "Wxh" | "Whh" | "bh" | "hiddenStates", number>
>;

/** What the memory is planned for. */
export interface Plan {
  /** The cell. Default: `rnn`. */
  readonly cell?: Cell;
  /** L, layers. Default: 1. */
  readonly layers?: number;
  /** I, length of an input vector, or the number of characters. */
  readonly inputs: number;
  /** H, hidden units. */
  readonly hidden: number;
  /** V, length of an output vector. */
  readonly outputs: number;
  /** T, the most steps of one sequence. */
  readonly seqLength: number;
  /** B, streams side by side. */
  readonly batchSize: number;
  /** Whether there is room for input vectors beside character ids. */
  readonly denseInputs: boolean;
  /** Whether there is room for target distributions beside character ids. */
  readonly denseTargets: boolean;
  /** Whether there is room for gradients and optimizer sums. */
  readonly training: boolean;
  /** Whether there is room for what is left of states when some are dropped. Default: false. */
  readonly dropout?: boolean;
  /** How many numbers the optimizer remembers of each parameter, 0 to 2. Default: 1. */
  readonly stateSlots?: number;
  /** Whether there is room for a running average of the parameters. Default: false. */
  readonly weightAverage?: boolean;
  /** How many instances work on the memory together. Default: 1. */
  readonly workers?: number;
}

/** A running module, with its memory and the plan of it. */
export interface Instance {
  readonly kernels: Kernels;
  readonly layout: Layout;
  readonly memory: WebAssembly.Memory;
  /** What another instance must be made of to work on the same memory. */
  readonly module: WebAssembly.Module;
  /** What that instance's `plan` must be called with. */
  readonly planned: PlanArguments;
}

/** The arguments of {@linkcode Kernels.plan}. */
export type PlanArguments = Parameters<Kernels["plan"]>;

/** What the module calls the cells. */
const cellNumbers: Readonly<Record<Cell, number>> = { rnn: 0, gru: 1, lstm: 2 };
const PAGE = 65536;
/** What a 32-bit address can reach, in pages: 4 GiB. */
const MAX_PAGES = 65536;

/**
 * Starts a module with a memory of just the size that the plan takes.
 *
 * The module computes the plan, so it is instantiated twice: once in a page of memory to ask for
 * the size, once in the memory of that size. Memory never grows, because views of it would go stale.
 *
 * @throws {InputError} when the plan takes more than 4 GiB.
 */
export function instantiate(precision: Precision, plan: Plan): Instance {
  const module = modules[precision];
  const planned = argumentsOf(plan);
  const bytes = start(module, 1).kernels.plan(...planned);
  const pages = Math.ceil(bytes / PAGE);
  if (pages > MAX_PAGES) {
    const size = (bytes / 2 ** 30).toFixed(1);
    throw new InputError(
      `Cannot plan the memory of ${plan.hidden} hidden units, ${plan.seqLength} steps and ` +
        `${plan.batchSize} streams: it takes ${size} GiB, and at most 4 fit; ` +
        `use fewer hidden units, steps or streams`,
    );
  }
  const { kernels, memory, exports } = start(module, pages);
  kernels.plan(...planned);
  kernels.initWorker(0, plan.workers ?? 1);
  const globals = layoutNames.map((name) =>
    [name, (exports[name] as WebAssembly.Global).value as number] as const
  );
  // Of several layers, the first one's.
  const first = {
    Wxh: kernels.Wxh(0),
    Whh: kernels.Whh(0),
    bh: kernels.bh(0),
    hiddenStates: kernels.hiddenStates(0),
  };
  // Pointers are unsigned, what WebAssembly gives is signed.
  const layout = Object.fromEntries(
    [...globals, ...Object.entries(first)].map(([name, value]) => [name, value >>> 0]),
  ) as Layout;
  return { kernels, layout, memory, module, planned };
}

function start(module: WebAssembly.Module, pages: number) {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return { kernels: exports as unknown as Kernels, memory, exports };
}

function argumentsOf(plan: Plan): PlanArguments {
  return [
    cellNumbers[plan.cell ?? "rnn"],
    plan.layers ?? 1,
    plan.inputs,
    plan.hidden,
    plan.outputs,
    plan.seqLength,
    plan.batchSize,
    plan.denseInputs,
    plan.denseTargets,
    plan.training,
    plan.dropout ?? false,
    plan.stateSlots ?? 1,
    plan.weightAverage ?? false,
    plan.workers ?? 1,
  ];
}
