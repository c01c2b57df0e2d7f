/**
 * Gradients of the first layer's Wxh for character ids, made of partial sums (partial_sums.ts). Workers
 * share the vectors of columns, of all branches of the tree.
 */
import { batchSize, gatesPadded, inputIds, inputsPadded, scatterBytes, Wxh } from "./layout";
import { ceilDiv, splitLength, splitStart } from "./packing";
import {
  addRows,
  addTo,
  branch,
  branchLength,
  completedBy,
  nextBranch,
  rowAt,
  runCount,
  runLength,
  slotAddress,
  slotOf,
  startBranches,
  streamOf,
  toBranch,
} from "./partial_sums";
import { begin, end, Phase } from "./phases";
import { LANES, REAL, VECTOR } from "./simd";
import { partials } from "./sum_tree";
import { shareLength, shareStart } from "./workers";

/**
 * This worker's share of the gradient of the first layer's Wxh for character ids: each row of da is
 * added to the row of its character.
 *
 * @param column The first of `columns` columns.
 * @param from da of these columns: [R][columns] with a stride of `fromStride` bytes.
 */
export function scatterGradients(
  column: usize,
  columns: usize,
  seqLength: usize,
  from: usize,
  fromStride: usize,
): void {
  begin(Phase.scatter);
  const vectors = columns / LANES;
  const shareFirst = shareStart(vectors * partials);
  const shareEnd = shareFirst + shareLength(vectors * partials);
  let before: usize = 0;
  startBranches();
  while (nextBranch()) {
    const first = rowAt(shareFirst, before, branchLength, vectors);
    const count = rowAt(shareEnd, before, branchLength, vectors) - first;
    before += vectors * branchLength;
    const chunks = ceilDiv(count * VECTOR, scatterBytes);
    for (let chunk: usize = 0; chunk < chunks; chunk++) {
      const offset = (first + splitStart(count, chunks, chunk)) * VECTOR;
      const bytes = splitLength(count, chunks, chunk) * VECTOR;
      scatterChunk(Wxh(0) + column * REAL + offset, bytes, seqLength, from + offset, fromStride);
    }
  }
  end();
}

/** The same for `bytes` bytes of each row, of the current branch. */
function scatterChunk(
  weights: usize,
  bytes: usize,
  seqLength: usize,
  from: usize,
  fromStride: usize,
): void {
  const stride = gatesPadded * REAL;
  const sums = weights + toBranch;
  for (let leaf: usize = 0; leaf < branchLength; leaf++) {
    let slot = slotOf(leaf);
    const to = slot == 0 ? sums : slotAddress(slot);
    const toStride = slot == 0 ? stride : bytes;
    scatterPartial(branch + leaf, to, toStride, bytes, seqLength, from, fromStride);
    for (let i = completedBy(leaf); i > 0; i--, slot--) {
      if (slot == 1) addRows(sums, stride, slotAddress(1), bytes, inputsPadded, bytes);
      else addTo(slotAddress(slot - 1), slotAddress(slot), inputsPadded * bytes);
    }
  }
}

/** The partial sum of such a chunk. */
function scatterPartial(
  partial: usize,
  sums: usize,
  stride: usize,
  bytes: usize,
  seqLength: usize,
  from: usize,
  fromStride: usize,
): void {
  if (bytes == stride) memory.fill(sums, 0, inputsPadded * stride);
  else {
    for (let input: usize = 0; input < inputsPadded; input++) {
      memory.fill(sums + input * stride, 0, bytes);
    }
  }
  const stream = streamOf(partial);
  const length = runLength(partial, seqLength);
  for (let run: usize = 0; run < runCount(seqLength); run++) {
    let row = run * batchSize + stream;
    for (const endRow = row + length; row < endRow; row++) {
      const id = <usize>load<u32>(inputIds + row * sizeof<u32>());
      addTo(sums + id * stride, from + row * fromStride, bytes);
    }
  }
}
