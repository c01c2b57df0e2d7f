import { InputError } from "../../errors.ts";
import type { Precision } from "../../model/config.ts";
import { modules } from "./modules.js";

/** An address in a kernel's memory, or a number of elements or bytes. */
type Pointer = number;

/**
 * The functions that the modules export; assembly/ says what each does. Every pointer is in bytes,
 * every stride too, every count in numbers.
 */
export interface Kernels {
  plan(
    inputs: number,
    hidden: number,
    outputs: number,
    steps: number,
    streams: number,
    denseInputs: boolean,
    denseTargets: boolean,
    training: boolean,
  ): number;
  forward(steps: number, denseInputs: boolean): void;
  backward(steps: number, denseInputs: boolean): void;
  carryHiddenState(steps: number): void;
  softmaxRows(rows: number): void;
  crossEntropyOfIds(rows: number, scale: number): void;
  crossEntropyOfVectors(rows: number, scale: number): void;
  adagrad(rate: number, limit: number): void;
  sgd(rate: number, limit: number): void;
  allFinite(from: Pointer, bytes: number): number;
  expInPlace(data: Pointer, count: number): void;
  logInPlace(data: Pointer, count: number): void;
  tanhInPlace(data: Pointer, count: number): void;
  packWhole(
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
    depth: number,
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
  transpose(to: Pointer, from: Pointer, stride: number, size: number): void;
  columnSums(
    sums: Pointer,
    from: Pointer,
    stride: number,
    rows: number,
    columns: number,
  ): void;
}

/** The offsets and padded sizes that `plan` leaves in the module's globals. */
const layoutNames = [
  "Wxh",
  "Whh",
  "Why",
  "bh",
  "by",
  "parameterBytes",
  "toGradient",
  "toSum",
  "inputIds",
  "inputVectors",
  "targetIds",
  "targetVectors",
  "hiddenStates",
  "logits",
  "losses",
  "inputsPadded",
  "hiddenPadded",
  "outputsPadded",
] as const;

/** Where everything lies in the kernels' memory; assembly/layout.ts draws it. */
export type Layout = Readonly<Record<typeof layoutNames[number], number>>;

/** What the memory is planned for. */
export interface Plan {
  /** I, length of an input vector, or the number of characters. */
  readonly inputs: number;
  /** H, hidden units. */
  readonly hidden: number;
  /** V, length of an output vector. */
  readonly outputs: number;
  /** T, the most steps of one sequence. */
  readonly steps: number;
  /** B, streams side by side. */
  readonly streams: number;
  /** Whether there is room for input vectors beside character ids. */
  readonly denseInputs: boolean;
  /** Whether there is room for target distributions beside character ids. */
  readonly denseTargets: boolean;
  /** Whether there is room for gradients and optimizer sums. */
  readonly training: boolean;
}

/** A running module, with its memory and the plan of it. */
export interface Instance {
  readonly kernels: Kernels;
  readonly layout: Layout;
  readonly memory: WebAssembly.Memory;
}

const PAGE = 65536;
/** What a 32-bit address can reach, in pages: 4 GiB. */
const MOST_PAGES = 65536;

/**
 * Starts a module with a memory of just the size that the plan takes.
 *
 * The module computes the plan, so it is instantiated twice: once in a page of memory to ask for
 * the size, once in the memory of that size. Memory never grows, because views of it would go stale.
 *
 * @throws {InputError} when the plan takes more than 4 GiB.
 */
export function instantiate(precision: Precision, plan: Plan): Instance {
  const bytes = planIn(start(precision, 1).kernels, plan);
  const pages = Math.ceil(bytes / PAGE);
  if (pages > MOST_PAGES) {
    const size = (bytes / 2 ** 30).toFixed(1);
    throw new InputError(
      `Cannot plan the memory of ${plan.hidden} hidden units, ${plan.steps} steps and ` +
        `${plan.streams} streams: it takes ${size} GiB, and at most 4 fit; ` +
        `use fewer hidden units, steps or streams`,
    );
  }
  const { kernels, memory, exports } = start(precision, pages);
  planIn(kernels, plan);
  const layout = Object.fromEntries(
    layoutNames.map((name) => {
      // Pointers are unsigned, globals signed.
      const value = (exports[name] as WebAssembly.Global).value as number;
      return [name, value >>> 0];
    }),
  ) as Layout;
  return { kernels, layout, memory };
}

function start(precision: Precision, pages: number) {
  const memory = new WebAssembly.Memory({
    initial: pages,
    maximum: pages,
    shared: true,
  });
  const { exports } = new WebAssembly.Instance(modules[precision], {
    env: { memory },
  });
  return { kernels: exports as unknown as Kernels, memory, exports };
}

function planIn(kernels: Kernels, plan: Plan): number {
  return kernels.plan(
    plan.inputs,
    plan.hidden,
    plan.outputs,
    plan.steps,
    plan.streams,
    plan.denseInputs,
    plan.denseTargets,
    plan.training,
  );
}
