import { InputError } from "../../errors.ts";
import type { Optimizer } from "../../model/optimizers.ts";
import type { Cell } from "../../model/cells.ts";
import type { Precision } from "../../model/parameters.ts";
import { modules } from "./modules.ts";

/** An address in bytes in the memory of the kernels. */
type Pointer = number;

/**
 * The functions that every module exports; assembly/ documents each. Strides are in bytes, counts in
 * numbers.
 */
export interface Kernels {
  plan(): number;
  Wxh(layer: number): Pointer;
  Whh(layer: number): Pointer;
  bh(layer: number): Pointer;
  bhn(layer: number): Pointer;
  hiddenStates(layer: number): Pointer;
  cellStates(layer: number): Pointer;
  gateValues(layer: number): Pointer;
  unitsAreShared(cell: number, hidden: number): number;
  teamCount(cell: number, hidden: number, streams: number, workers: number): number;
  teamSize(cell: number, hidden: number, streams: number, workers: number): number;
  initWorker(worker: number): void;
  workerLoop(): void;
  useWorkers(count: number): void;
  stop(count: number): void;
  forward(seqLength: number, denseInputs: boolean, dropout: number, dropoutSeed: number): void;
  backward(seqLength: number, denseInputs: boolean): void;
  carryHiddenState(seqLength: number): void;
  softmax(seqLength: number): void;
  crossEntropyOfIds(seqLength: number, scale: number, penalty: number): void;
  crossEntropyOfVectors(seqLength: number, scale: number, penalty: number): void;
  sumReceived(): void;
  squareSums(): void;
  update(rule: number): void;
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
    width: number,
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
    width: number,
  ): void;
  multiplyTransposed(
    c: Pointer,
    cStride: number,
    rows: number,
    columns: number,
    runs: number,
    runLength: number,
    runStride: number,
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

/** The globals that `plan` sets, and that the host reads. */
const layoutNames = [
  "bells",
  "stopWord",
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
  "toSums",
  "slice",
  "sliceBytes",
  "received",
  "receivedSums",
  "allPartials",
  "partials",
  "batchSize",
  "firstStream",
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

/** The addresses of buffers, and padded sizes; assembly/layout.ts describes them. */
export type Layout = Readonly<Record<typeof layoutNames[number], number>>;

/** The update rules of the kernels: one per optimizer, and `momentum`, which is `sgd` with it. */
export type UpdateRule = Optimizer | "momentum";

/** The hyperparameters of an update that the kernels read; assembly/optimizers.ts describes them. */
export type Hyperparam =
  | "lr"
  | "gradLimit"
  | "gradScale"
  | "weightDecay"
  | "beta1"
  | "beta2"
  | "epsilon"
  | "correctedLr"
  | "correction2";

/** Constants and enumerations of the kernels, read from the module's exports. */
export interface Constants {
  /** Bytes of a cache line. */
  readonly CACHE_LINE: number;
  /** Bytes from a worker's bell to the word that is set when the worker waits for it. */
  readonly BELL_READY: number;
  /** Bytes of the space for a worker's failure. */
  readonly FAILURE_BYTES: number;
  /** Bytes of gradients whose squares are summed into one number. */
  readonly NORM_BLOCK_BYTES: number;
  /** Depth of a packed block. */
  readonly KC: number;
  /** Columns of the register tile and of the short tile, in vectors. */
  readonly NR: number;
  readonly SHORT_NR: number;
  /** Bytes of a packed block of A. */
  readonly PACKED_A_BYTES: number;
  /** The number of each cell. */
  readonly Cell: Readonly<Record<Cell, number>>;
  /** The index of each field of the plan, in words of 32 bits from `planFields` on. */
  readonly PlanField: Readonly<Record<keyof Plan, number>>;
  /** The index of each hyperparameter, in f64 numbers from `hyperparams` on. */
  readonly Hyperparam: Readonly<Record<Hyperparam, number>>;
  /** The number of each update rule. */
  readonly UpdateRule: Readonly<Record<UpdateRule, number>>;
}

/** What a memory is planned for. The names are those of the kernels' `PlanField`. */
export interface Plan {
  /** The cell. Default: `rnn`. */
  readonly cell?: Cell;
  /** Layers, L. Default: 1. */
  readonly layers?: number;
  /** Length of an input vector, or number of characters, I. */
  readonly inputs: number;
  /** Hidden units of a layer, H. */
  readonly hidden: number;
  /** Vocabulary size, V. */
  readonly outputs: number;
  /** The most steps of one sequence, T. */
  readonly seqLength: number;
  /** Batch size, B, of all ranks together. */
  readonly batchSize: number;
  /** Reserve space for input vectors beside character ids. Default: false. */
  readonly denseInputs?: boolean;
  /** Reserve space for target distributions beside character ids. Default: false. */
  readonly denseTargets?: boolean;
  /** Reserve space for gradients and optimizer state. Default: false. */
  readonly training?: boolean;
  /** Reserve space for the states after dropout. Default: false. */
  readonly dropout?: boolean;
  /** State slots of the optimizer, 0 to 2. Default: 1. */
  readonly stateSlots?: number;
  /** Reserve space for the weight average. Default: false. */
  readonly weightAverage?: boolean;
  /** The most workers that share the memory. Default: 1. */
  readonly workers?: number;
  /** This process, from 0, of `ranks`. Default: 0. */
  readonly rank?: number;
  /** Processes that share the streams and the parameters. Default: 1. */
  readonly ranks?: number;
}

const planDefaults = {
  cell: "rnn",
  layers: 1,
  denseInputs: false,
  denseTargets: false,
  training: false,
  dropout: false,
  stateSlots: 1,
  weightAverage: false,
  workers: 1,
  rank: 0,
  ranks: 1,
} as const;

/** An instance of a module on a memory. */
interface BareInstance {
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
  readonly exports: WebAssembly.Exports;
  readonly constants: Constants;
}

/** Worker 0 of a module, with its memory laid out. */
export interface Instance {
  readonly kernels: Kernels;
  readonly constants: Constants;
  readonly layout: Layout;
  readonly memory: WebAssembly.Memory;
  /** The module, from which other workers make instances on the same memory. */
  readonly module: WebAssembly.Module;
}

/** What {@linkcode instantiate} instantiates. */
export interface InstantiateOptions {
  /** The kernels of that precision, compiled in another way. Default: the module of the project. */
  readonly module?: WebAssembly.Module;
  /** What the module imports beside its memory. Default: nothing. */
  readonly imports?: WebAssembly.ModuleImports;
}

const PAGE_BYTES = 65536;
/** The pages that a 32-bit address can reach: 4 GiB. */
const MAX_PAGES = 65536;

/** An instance per precision in one page of memory, for what can be computed without a layout. */
const probes = new Map<Precision, BareInstance>();

/**
 * Instantiates the module of a precision in a memory of exactly the planned size.
 *
 * The module computes the plan, so it is first asked for the size in an instance with one page of
 * memory. The memory of the second instance never grows, because views of it would become detached.
 *
 * @throws {InputError} If the plan takes more than 4 GiB.
 *
 * @example
 * ```ts
 * import { instantiate } from "./instance.ts";
 *
 * const sizes = { inputs: 3, hidden: 4, outputs: 3, seqLength: 2, batchSize: 1 };
 * const { layout } = instantiate("f32", { ...sizes, training: true });
 * console.log(layout.toGradient === layout.parameterBytes); // true
 * ```
 */
export function instantiate(
  precision: Precision,
  plan: Plan,
  { module = modules.kernelModule(precision), imports = {} }: InstantiateOptions = {},
): Instance {
  const bytes = runPlan(probe(precision), plan);
  const pages = Math.ceil(bytes / PAGE_BYTES);
  if (pages > MAX_PAGES) {
    const size = (bytes / 2 ** 30).toFixed(1);
    throw new InputError(
      `Cannot allocate memory for ${plan.hidden} hidden units, ${plan.seqLength} steps and ` +
        `${plan.batchSize} streams: it takes ${size} GiB, and at most 4 fit; ` +
        `use fewer hidden units, steps or streams`,
    );
  }
  const instance = start(module, pages, imports);
  runPlan(instance, plan);
  const { kernels, constants, memory, exports } = instance;
  // Addresses are unsigned, but WebAssembly returns signed numbers.
  const layout = Object.fromEntries(
    layoutNames.map((name) => [name, valueOf(exports, name) >>> 0]),
  ) as Layout;
  return { kernels, constants, layout, memory, module };
}

/**
 * Whether several workers split the units of a single stream in a layer of this size, as the kernels
 * decide it.
 */
export function unitsAreShared(
  { precision, cell, hidden }: {
    readonly precision: Precision;
    readonly cell: Cell;
    readonly hidden: number;
  },
): boolean {
  const { kernels, constants } = probe(precision);
  return kernels.unitsAreShared(constants.Cell[cell], hidden) !== 0;
}

/**
 * How workers share the recurrence of a batch, as the kernels decide it: the streams among teams, and
 * the units among the `members` workers of each; those that are left over are idle.
 */
export function recurrenceGrid(
  { precision, cell, hidden, streams, workers }: {
    readonly precision: Precision;
    readonly cell: Cell;
    readonly hidden: number;
    readonly streams: number;
    readonly workers: number;
  },
): { readonly teams: number; readonly members: number } {
  const { kernels, constants } = probe(precision);
  const sizes = [constants.Cell[cell], hidden, streams, workers] as const;
  return { teams: kernels.teamCount(...sizes), members: kernels.teamSize(...sizes) };
}

function probe(precision: Precision): BareInstance {
  const instance = probes.get(precision) ?? start(modules.kernelModule(precision), 1);
  probes.set(precision, instance);
  return instance;
}

function start(
  module: WebAssembly.Module,
  pages: number,
  imports: WebAssembly.ModuleImports = {},
): BareInstance {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const { exports } = new WebAssembly.Instance(module, { env: { ...imports, memory } });
  const kernels = exports as unknown as Kernels;
  return { kernels, memory, exports, constants: readConstants(exports) };
}

/** The exported globals; the members of an enumeration are exported as `Name.member`. */
function readConstants(exports: WebAssembly.Exports): Constants {
  const constants: Record<string, number | Record<string, number>> = {};
  for (const name of Object.keys(exports)) {
    if (!(exports[name] instanceof WebAssembly.Global)) continue;
    const [outer, member] = name.split(".") as [string, string?];
    const value = valueOf(exports, name);
    if (member === undefined) constants[outer] = value;
    else constants[outer] = { ...constants[outer] as Record<string, number>, [member]: value };
  }
  return constants as unknown as Constants;
}

function valueOf(exports: WebAssembly.Exports, name: string): number {
  return (exports[name] as WebAssembly.Global).value;
}

/** Writes a plan into memory, computes the layout, and returns the bytes that it takes. */
function runPlan({ kernels, constants, memory, exports }: BareInstance, plan: Plan): number {
  const values: Required<Plan> = { ...planDefaults, ...plan };
  const words = new Uint32Array(memory.buffer, valueOf(exports, "planFields"));
  for (const [name, index] of Object.entries(constants.PlanField)) {
    const field = name as keyof Plan;
    words[index] = field === "cell" ? constants.Cell[values.cell] : Number(values[field]);
  }
  return kernels.plan();
}
