/**
 * An estimate of training steps with many threads, from the rules by which the kernels split work.
 *
 * It shows limits that follow from sizes alone: workers with more streams or pieces than others, tiles
 * that are not full, barriers, and rows that another core has written. It is no measurement.
 */
import { table } from "../../src/cli/format.ts";
import { recurrenceGrid } from "../../src/engine/kernels/instance.ts";
import { cells } from "../../src/model/cells.ts";
import { formatNetwork, type Network, networks } from "./networks.ts";

// Constants of the kernels: assembly/packing.ts, simd.ts, grid.ts and sum_tree.ts.
const MR = 6;
const NR = 2;
const LANES = 4;
const MIN_STREAMS_PER_WORKER = 12;
const STREAMS_PER_PARTIAL = 8;
const MAX_PARTIALS = 64;

/**
 * Cycles per step of a tile of so many rows × 2 vectors, from the shares of the peak in
 * docs/benchmarks.md and docs/experiments.md: a row has 2 multiply-adds, which take a cycle. Odd heights
 * below 5 compute a row that is not stored.
 */
const TILE_CYCLES = [0, 3.2, 3.2, 4 / 0.8, 4 / 0.8, 5 / 0.88, 6];
// The same for the short tile of up to 4 rows × 3 vectors.
const SHORT_MR = 4;
const SHORT_NR = 3;
const SHORT_TILE_CYCLES = 6 / 0.9;
/** Cycles per vector of the other work: a cell's gate, softmax, a gathered row, an update. */
const GATE_CYCLES = 14;
const SOFTMAX_CYCLES = 12;
const COPY_CYCLES = 1.5;
const UPDATE_CYCLES = 8;
const CYCLES_PER_US = 2600;
/** A barrier of two workers, and what each further one adds: an arrival at a contended counter. */
const BARRIER_US = 0.28;
const ARRIVAL_US = 0.1;
/** A cache line that another core has written. */
const LINE_US = 0.01;
const LINE_NUMBERS = 16;

/** How workers share the recurrence: assembly/grid.ts. */
export type Grid = ReturnType<typeof recurrenceGrid>;

/** What a training step consists of, for the worker with the most work. */
export interface StepEstimate {
  /** Microseconds of the products of the recurrence, which has few rows, and of all others. */
  readonly recurrence: number;
  readonly products: number;
  /** Microseconds of other work, of barriers, and of reading what other cores wrote. */
  readonly others: number;
  readonly barriers: number;
  readonly traffic: number;
}

/** The largest of `count` even shares of `n`. */
function share(n: number, count: number): number {
  return Math.ceil(n / count);
}

/** Microseconds of a product of `rows` rows on one worker. */
function product(rows: number, columns: number, depth: number): number {
  const panels = Math.ceil(rows / MR);
  // Heights differ by at most one row.
  const high = Math.ceil(rows / panels);
  const lower = high * panels - rows;
  const cycles = (panels - lower) * TILE_CYCLES[high]! + lower * TILE_CYCLES[high - 1]!;
  return Math.ceil(columns / (NR * LANES)) * depth * cycles / CYCLES_PER_US;
}

/** The same for a step of the recurrence, which has a short tile for some numbers of rows. */
function stepProduct(rows: number, columns: number, depth: number): number {
  if (![3, 4, 7, 8].includes(rows)) return product(rows, columns, depth);
  const tiles = Math.ceil(rows / SHORT_MR) * Math.ceil(columns / (SHORT_NR * LANES));
  return tiles * depth * SHORT_TILE_CYCLES / CYCLES_PER_US;
}

/** Microseconds of `numbers` numbers, a vector of which takes `cycles`. */
function elementwise(numbers: number, cycles: number): number {
  return numbers / LANES * cycles / CYCLES_PER_US;
}

/** The grid that the kernels choose. */
function chosenGrid({ cell, hidden, batchSize: streams }: Network, workers: number): Grid {
  return recurrenceGrid({ precision: "f32", cell, hidden, streams, workers });
}

/** The grid in which workers share streams alone. */
export function streamGrid({ batchSize }: Network, workers: number): Grid {
  return { teams: Math.min(batchSize, workers), members: 1 };
}

/**
 * Estimates a training step with `workers` threads.
 *
 * @param division The grid of the recurrence, and the copies of the gradients if workers share the rows
 * of copies instead of parts of all gradients. Default: what the kernels choose.
 */
export function estimateStep(
  network: Network,
  workers: number,
  { teams, members, copies }: Grid & { readonly copies?: number } = chosenGrid(network, workers),
): StepEstimate {
  const { cell, layers, seqLength: T, batchSize: B } = network;
  const G = cells[cell].gates;
  const H = Math.ceil(network.hidden / LANES) * LANES;
  const V = Math.ceil(network.outputs / LANES) * LANES;
  const R = T * B;
  const weights = H * G * H;
  const sharesUnits = members > 1;
  const byStreams = workers > 1 && B >= workers * MIN_STREAMS_PER_WORKER && !sharesUnits;
  const isSingle = B === 1;
  const rows = byStreams ? T * share(B, workers) : share(R, workers);
  const perRows = (columns: number, depth: number) =>
    byStreams ? T * product(share(B, workers), columns, depth) : product(rows, columns, depth);
  const streams = share(B, teams);
  const units = Math.min(share(H, members * LINE_NUMBERS) * LINE_NUMBERS, H);
  const perStep = (columns: number, depth: number) => T * stepProduct(streams, columns, depth);
  const parameters = layers * weights * 2 + H * V;
  const groups = Math.max(1, Math.min(Math.floor(B / STREAMS_PER_PARTIAL), MAX_PARTIALS));
  const partials = 2 ** Math.floor(Math.log2(groups));
  // The rows of a gradient form a line, or one for each worker's branch; a worker has a share of it.
  const branches = copies ?? (byStreams ? Math.min(workers, partials) : 1);
  const gradient = (columns: number) =>
    product(share(branches * H, workers), columns, R / branches);

  let [recurrence, products, others] = [0, 2 * perRows(V, H) + gradient(V), 0];
  let barriers = 5 + 2 + (byStreams ? 0 : 1);
  let teamBarriers = 0;
  // Rows that are split differently from the phase before, by far the most of them written elsewhere.
  let lines = 0;
  const crosses = (numbers: number, among = workers) =>
    lines += numbers * (1 - 1 / among) / LINE_NUMBERS;
  for (let layer = 0; layer < layers; layer++) {
    recurrence += perStep(G * units, H) + perStep(units, G * H);
    products += gradient(G * H);
    if (layer > 0) products += perRows(G * H, H) + perRows(H, G * H) + gradient(G * H);
    others += elementwise(rows * G * H, layer === 0 ? COPY_CYCLES : COPY_CYCLES / 2);
    others += 2 * elementwise(T * streams * G * units, GATE_CYCLES);
    others += elementwise(share((layer === 0 ? 2 : 4) * weights, workers), COPY_CYCLES);
    barriers += 2 + (layer > 0 ? 2 : 0) + (byStreams ? 0 : 2);
    if (sharesUnits) teamBarriers += 2 * (T - 1);
    if (!byStreams && !isSingle) crosses(rows * (G * H + 2 * H));
    // A part of a gradient needs its rows of h and its columns of da, of all streams of its branch.
    if (workers > branches || !byStreams) {
      const each = Math.max(1, workers / branches);
      const chunks = copies ? 1 : Math.max(1, Math.round(Math.sqrt(each * G)));
      crosses(share(R, Math.min(branches, workers)) * (G * H / chunks + H * chunks / each));
    }
    if (sharesUnits) crosses(T * streams * (H + G * H), members);
  }
  others += elementwise(rows * V, SOFTMAX_CYCLES);
  others += elementwise(share(parameters, workers), UPDATE_CYCLES + (branches - 1) * COPY_CYCLES);
  if (workers === 1) return { recurrence, products, others, barriers: 0, traffic: 0 };
  crosses(share(branches * parameters, workers));
  return {
    recurrence,
    products,
    others,
    barriers: barriers * barrierTime(workers) + teamBarriers * barrierTime(members),
    traffic: lines * LINE_US,
  };
}

/** The microseconds of a barrier. */
function barrierTime(workers: number): number {
  return BARRIER_US + (workers - 2) * ARRIVAL_US;
}

/** The microseconds of a step. */
export function totalOf(step: StepEstimate): number {
  return step.recurrence + step.products + step.others + step.barriers + step.traffic;
}

const THREADS = [1, 2, 4, 8, 12, 16];

/** Networks whose estimates are printed: those that are measured, and larger ones. */
const modeled: readonly Network[] = [
  ...networks.filter(({ batchSize }) => batchSize > 1),
  { ...networks[1]!, hidden: 512, batchSize: 64 },
  { ...networks[4]!, batchSize: 64 },
  { ...networks[5]!, hidden: 512, batchSize: 64 },
];

/**
 * The estimates as a table: speed over that of one thread, in parentheses if threads share streams
 * alone, and what 16 threads spend their time on.
 */
export function modelTable(): string {
  const percent = (part: number, all: number) => `${Math.round(100 * part / all)} %`;
  return table([
    [
      "speed ÷ one thread",
      ...THREADS.slice(1).map(String),
      ...["recurrence", "products", "others", "barriers", "traffic"],
    ],
    ...modeled.map((network) => {
      const steps = THREADS.map((threads) => estimateStep(network, threads));
      const byStreams = THREADS.map((threads) =>
        totalOf(estimateStep(network, threads, streamGrid(network, threads)))
      );
      const totals = steps.map(totalOf);
      const [last, total] = [steps.at(-1)!, totals.at(-1)!];
      const { recurrence, products, others, barriers, traffic } = last;
      return [
        formatNetwork(network),
        ...totals.map((time, i) => {
          const chosen = (totals[0]! / time).toFixed(1);
          const streams = (totals[0]! / byStreams[i]!).toFixed(1);
          return chosen === streams ? chosen : `${chosen} (${streams})`;
        }).slice(1),
        ...[recurrence, products, others, barriers, traffic].map((part) => percent(part, total)),
      ];
    }),
  ], { rightFrom: 1 });
}
