import type { EngineOptions } from "../../src/engine/options.ts";
import { VOCABULARY_SIZE } from "../workload.ts";

/** The sizes of a network and its batches. */
export type Network = Required<
  Pick<
    EngineOptions,
    "cell" | "layers" | "hidden" | "inputs" | "outputs" | "seqLength" | "batchSize"
  >
>;

function network(
  cell: Network["cell"],
  layers: number,
  [hidden, seqLength, batchSize]: readonly [number, number, number],
): Network {
  const size = { inputs: VOCABULARY_SIZE, outputs: VOCABULARY_SIZE, seqLength, batchSize };
  return { cell, layers, hidden, ...size };
}

/** From the network of the notebooks to char-rnn's: little and much work, few and many streams. */
export const networks: readonly Network[] = [
  network("rnn", 1, [100, 25, 1]),
  network("rnn", 1, [128, 50, 32]),
  network("rnn", 1, [256, 50, 64]),
  network("gru", 1, [192, 50, 16]),
  network("gru", 2, [256, 50, 12]),
  network("lstm", 2, [128, 50, 50]),
];

/** A network as text, for example `GRU, H 2×256, T 50, B 12`. */
export function formatNetwork({ cell, layers, hidden, seqLength, batchSize }: Network): string {
  const size = layers === 1 ? hidden : `${layers}×${hidden}`;
  return `${cell.toUpperCase()}, H ${size}, T ${seqLength}, B ${batchSize}`;
}
