/**
 * The recurrent cells: what parameters, checkpoints and the engine need of each. Their equations
 * are kernels, in assembly/cells/.
 */

/** The recurrent cell: a tanh layer, a gated recurrent unit, or a long short-term memory. */
export type Cell = "rnn" | "gru" | "lstm";

/**
 * The gates of a GRU: reset `r`, update `z` and candidate state `n`; and of an LSTM: input `i`,
 * forget `f`, candidate `g` and output `o`.
 */
export type GateName = "r" | "z" | "n" | "i" | "f" | "g" | "o";

/** What is particular to a cell. */
export interface CellSpec {
  /** Gates, G; the candidate state counts as one. */
  readonly gates: number;
  /** The names of the gates, in PyTorch's order; none if the hidden state is all that there is. */
  readonly gateNames: readonly GateName[];
  /** Whether the cell carries a cell state c besides the hidden state. */
  readonly hasCellState: boolean;
  /** Whether the recurrent part of the candidate state has a bias of its own, bhn. */
  readonly hasCandidateBias: boolean;
}

/** Every cell, by its name. */
export const cells: Readonly<Record<Cell, CellSpec>> = Object.freeze({
  rnn: { gates: 1, gateNames: [], hasCellState: false, hasCandidateBias: false },
  gru: { gates: 3, gateNames: ["r", "z", "n"], hasCellState: false, hasCandidateBias: true },
  lstm: { gates: 4, gateNames: ["i", "f", "g", "o"], hasCellState: true, hasCandidateBias: false },
});

/** The names of all cells. */
export const cellNames: readonly Cell[] = Object.keys(cells) as Cell[];
