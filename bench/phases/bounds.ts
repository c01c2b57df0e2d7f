/**
 * The least time that each phase of a training step can take: that of the unit of the processor that it
 * keeps busiest.
 */
import { VOCABULARY_SIZE } from "../workload.ts";
import type { NetworkSize } from "./timed_network.ts";

/** The unit of the processor that limits a phase. */
export type Unit = "multiply-add" | "store" | "load" | "divider";

/** The least work of a phase, in cycles of one core. */
export interface Bound {
  readonly unit: Unit;
  readonly cycles: number;
}

/** Vectors of 128 bits that a core multiplies and adds, or loads, in a cycle; it stores one. */
const PER_CYCLE = 2;
/** Numbers of f32 in a vector. */
const LANES = 4;
/** Cycles for which a division or square root of a vector occupies the divider of current processors. */
const DIVIDER_CYCLES = 3;

/** Multiplications and multiply-adds of one vector of each function of assembly/math.ts. */
const SIGMOID = 11, TANH = 11, EXP = 13;

/** Multiplications and multiply-adds of one vector of units, forward; assembly/cells/. */
const FORWARD = {
  rnn: TANH,
  gru: 2 * SIGMOID + TANH + 2,
  lstm: 3 * SIGMOID + 2 * TANH + 3,
} as const;
/** Stores of one vector of units, backward. */
const BACKWARD_STORES = { rnn: 1, gru: 5, lstm: 5 } as const;
/** G. */
export const GATES = { rnn: 1, gru: 3, lstm: 4 } as const;

/** The bounds of all phases that have one, by the names of assembly/phases.ts. */
export function boundsOf(
  { cell, layers, hidden, seqLength, batchSize }: NetworkSize,
): ReadonlyMap<string, Bound> {
  const gates = GATES[cell];
  const rows = seqLength * batchSize;
  const vectors = Math.ceil(VOCABULARY_SIZE / LANES);
  const square = gates * hidden * hidden;
  const head = hidden * vectors * LANES;
  const squares = 2 * layers - 1; // Whh of every layer, Wxh of all but the first
  const input = VOCABULARY_SIZE * gates * hidden;
  const weights = input + squares * square + head;
  const multiplyAdd = (scalars: number): Bound => ({
    unit: "multiply-add",
    cycles: scalars / LANES / PER_CYCLE,
  });
  const store = (scalars: number): Bound => ({ unit: "store", cycles: scalars / LANES });
  const packsSteps = batchSize > 1 ? 1 : 0;
  const packedWeights = (squares - layers + packsSteps * layers + squares) * square + 2 * head;
  const packedRows = packsSteps * layers * (1 + gates) + (layers - 1) * (1 + gates) + 1;
  return new Map<string, Bound>([
    ["packWeights", store(packedWeights)],
    ["packRows", store(rows * (packedRows * hidden + vectors * LANES))],
    ["packGradients", store(rows * ((2 * layers + layers * gates) * hidden + vectors * LANES))],
    ["inputs", store(rows * (layers * gates * hidden + vectors * LANES))],
    ["forwardProducts", multiplyAdd(rows * (squares * square + head))],
    ["forwardCell", multiplyAdd(rows * layers * hidden * FORWARD[cell])],
    [
      "backwardProducts",
      multiplyAdd(rows * (squares * square + head) - batchSize * layers * square),
    ],
    ["backwardCell", store(rows * layers * hidden * BACKWARD_STORES[cell])],
    ["gradientProducts", multiplyAdd(rows * (squares * square + head))],
    ["biasGradients", {
      unit: "load",
      cycles: cell === "gru" ? rows * hidden / LANES / PER_CYCLE : 0,
    }],
    ["scatter", store(rows * gates * hidden)],
    ["softmax", multiplyAdd(rows * vectors * LANES * (EXP + 1))],
    // A square root and a division for each vector of parameters.
    ["update", { unit: "divider", cycles: 2 * DIVIDER_CYCLES * weights / LANES }],
  ]);
}

/** Useful operations of a training step, as docs/benchmarks.md counts them. */
export function flopOf({ cell, layers, hidden, seqLength, batchSize }: NetworkSize): number {
  const square = GATES[cell] * hidden * hidden;
  return 6 * seqLength * batchSize * ((2 * layers - 1) * square + hidden * VOCABULARY_SIZE);
}
