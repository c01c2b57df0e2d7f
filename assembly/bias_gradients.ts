/**
 * Gradients of biases that no product sums beside its own: sums of columns, made of partial sums
 * (partial_sums.ts). Workers share the vectors of columns, of all branches of the tree.
 */
import { batchSize } from "./layout";
import {
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
import { add, LANES, splat, VECTOR } from "./simd";
import { partials } from "./sum_tree";
import { shareLength, shareStart } from "./workers";

/**
 * This worker's share of the gradient of a bias: the sum of each column.
 *
 * @param bias The parameter, [columns].
 * @param from The rows to add: [R][columns] with a stride of `stride` bytes.
 */
export function biasGradients(
  bias: usize,
  columns: usize,
  seqLength: usize,
  from: usize,
  stride: usize,
): void {
  begin(Phase.biasGradients);
  const vectors = columns / LANES;
  const shareFirst = shareStart(vectors * partials);
  const shareEnd = shareFirst + shareLength(vectors * partials);
  let before: usize = 0;
  startBranches();
  while (nextBranch()) {
    let vector = rowAt(shareFirst, before, branchLength, vectors);
    const last = rowAt(shareEnd, before, branchLength, vectors);
    before += vectors * branchLength;
    while (vector < last) {
      const isWide = vector + 8 <= last;
      const at = vector * VECTOR;
      const bytes = isWide ? 8 * VECTOR : VECTOR;
      const sums = bias + toBranch + at;
      for (let leaf: usize = 0; leaf < branchLength; leaf++) {
        let slot = slotOf(leaf);
        const to = slot == 0 ? sums : slotAddress(slot);
        if (isWide) sumColumns8(branch + leaf, to, seqLength, from + at, stride);
        else sumColumn(branch + leaf, to, seqLength, from + at, stride);
        for (let i = completedBy(leaf); i > 0; i--, slot--) {
          addTo(slot == 1 ? sums : slotAddress(slot - 1), slotAddress(slot), bytes);
        }
      }
      vector += isWide ? 8 : 1;
    }
  }
  end();
}

// One function per width, in which the code of absent columns is eliminated.

function sumColumns8(
  partial: usize,
  sums: usize,
  seqLength: usize,
  from: usize,
  stride: usize,
): void {
  sumColumns(true, partial, sums, seqLength, from, stride);
}

function sumColumn(
  partial: usize,
  sums: usize,
  seqLength: usize,
  from: usize,
  stride: usize,
): void {
  sumColumns(false, partial, sums, seqLength, from, stride);
}

/** Sums eight vectors of columns, or one, in registers over the rows of a partial sum. */
@inline
function sumColumns(
  wide: bool,
  partial: usize,
  sums: usize,
  seqLength: usize,
  from: usize,
  stride: usize,
): void {
  const zero = splat(0);
  let s0 = zero, s1 = zero, s2 = zero, s3 = zero, s4 = zero, s5 = zero, s6 = zero, s7 = zero;
  const stream = streamOf(partial);
  const length = runLength(partial, seqLength);
  for (let run: usize = 0; run < runCount(seqLength); run++) {
    let row = from + (run * batchSize + stream) * stride;
    for (const endRow = row + length * stride; row < endRow; row += stride) {
      s0 = add(s0, v128.load(row));
      if (wide) {
        s1 = add(s1, v128.load(row + VECTOR));
        s2 = add(s2, v128.load(row + 2 * VECTOR));
        s3 = add(s3, v128.load(row + 3 * VECTOR));
        s4 = add(s4, v128.load(row + 4 * VECTOR));
        s5 = add(s5, v128.load(row + 5 * VECTOR));
        s6 = add(s6, v128.load(row + 6 * VECTOR));
        s7 = add(s7, v128.load(row + 7 * VECTOR));
      }
    }
  }
  v128.store(sums, s0);
  if (wide) {
    v128.store(sums + VECTOR, s1);
    v128.store(sums + 2 * VECTOR, s2);
    v128.store(sums + 3 * VECTOR, s3);
    v128.store(sums + 4 * VECTOR, s4);
    v128.store(sums + 5 * VECTOR, s5);
    v128.store(sums + 6 * VECTOR, s6);
    v128.store(sums + 7 * VECTOR, s7);
  }
}
