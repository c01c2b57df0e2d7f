/** The weights of a model in the order and direction of the nodes of ONNX graphs. */

import type { RealArray } from "../model/parameters.ts";

/**
 * The blocks of gates in another order.
 *
 * @param data The rows of all gates, one gate after the other.
 * @param gates The index in `data` of each gate of the result.
 */
export function gateBlocks(data: RealArray, gates: readonly number[]): RealArray {
  const block = data.length / gates.length;
  const result = data.slice();
  gates.forEach((gate, i) =>
    result.set(data.subarray(gate * block, (gate + 1) * block), i * block)
  );
  return result;
}

/** A matrix of rows of so many columns, transposed. */
export function transposed(data: RealArray, columns: number): RealArray {
  const rows = data.length / columns;
  const result = data.slice();
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) result[j * rows + i] = data[i * columns + j]!;
  }
  return result;
}
