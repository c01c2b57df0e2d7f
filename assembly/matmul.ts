/**
 * Matrix products, C (+)= A·B.
 *
 * Matrices are row-major, with strides in bytes. The loops are those of BLIS (Van Zee and van de
 * Geijn, "BLIS: A Framework for Rapidly Instantiating BLAS Functionality", 2015): blocks of A and B
 * are packed into panels in the order in which the innermost loop reads them, and that loop keeps a
 * tile of C in registers (tiles.ts).
 *
 *     C       columns ──►          B block, KC × all columns, in panels of NR columns:
 *     rows    ┌──┬──┬──┐           row k of a panel = NR numbers of one row of B
 *      │      │MR│  │  │
 *      ▼      ├──┼──┼──┤           A block, MC × KC, in panels of MR rows:
 *             │  │  │  │           row k of a panel = MR numbers of one column of A
 *             └──┴──┴──┘
 *
 * The tile is MR = 6 rows × NR = 2 vectors. Rows are cut evenly, into tiles of 6, 5 and 4 rows. For
 * products with 3, 4, 7 or 8 rows at a time there is a short tile of SHORT_MR = 4 rows × SHORT_NR = 3
 * vectors.
 *
 * Each number of C is summed in ascending order of the depth, in blocks of KC, whatever the rows or
 * columns asked for, so a split of C among workers does not change its bits. An empty share of rows
 * is allowed.
 *
 * The plain versions are `product` and `addOuterProduct` of tests/reference/cells.ts; bit for bit,
 * `sumInBlocks` of tests/assembly/summation_order_test.ts.
 */
import {
  ceilDiv,
  KC,
  MC,
  min,
  NR,
  packAndSumB,
  packB,
  packPanel,
  packPanelTransposed,
  panelRows,
  SHORT_NR,
  splitLength,
  splitStart,
  stepBytes,
} from "./packing";
import { packA, packATransposed } from "./packing_rows";
import { begin, end, Phase } from "./phases";
import { LANES, REAL, VECTOR } from "./simd";
import { multiplyShortTile, multiplyTile } from "./tiles";
import { isStopped, worker, workers } from "./workers";

/**
 * C[rows × columns] (+)= A·B for one packed block of A and one of B, whose panels are `panel` vectors
 * wide: the macro-kernel of BLIS.
 */
function macroKernel(
  c: usize,
  cStride: usize,
  rows: usize,
  columns: usize,
  depth: usize,
  a: usize,
  b: usize,
  panel: usize,
  accumulate: bool,
): void {
  const isShort = panel == SHORT_NR;
  const panels = ceilDiv(rows, panelRows(panel));
  const shortHeight = rows / panels;
  const tall = rows % panels;
  const vectors = columns / LANES;
  const columnPanels = ceilDiv(vectors, panel);
  const narrow = vectors / columnPanels;
  const wide = vectors % columnPanels;
  for (let column: usize = 0; column < columnPanels; column++) {
    const width = narrow + (column < wide ? 1 : 0);
    let cTile = c;
    let aPanel = a;
    for (let rowPanel: usize = 0; rowPanel < panels; rowPanel++) {
      const height = shortHeight + (rowPanel < tall ? 1 : 0);
      if (isShort) multiplyShortTile(height, width, cTile, cStride, aPanel, b, depth, accumulate);
      else multiplyTile(height, width, cTile, cStride, aPanel, b, depth, accumulate);
      cTile += height * cStride;
      aPanel += depth * stepBytes(height);
    }
    c += width * VECTOR;
    b += depth * width * VECTOR;
  }
}

/**
 * Packs this worker's share of the panels of B for `multiplyPacked`, block after block of the depth.
 *
 * @param to Receives depth·columns numbers, from all workers together.
 * @param b B [depth][columns], or Bᵀ [columns][depth] if `transposed`.
 * @param columns A multiple of LANES; if `transposed`, the depth must be one, too.
 * @param width Vectors in a panel, NR or SHORT_NR; see `panelWidth`.
 */
export function packShare(
  to: usize,
  b: usize,
  bStride: usize,
  transposed: bool,
  columns: usize,
  depth: usize,
  width: usize,
): void {
  packRuns(to, b, bStride, transposed, columns, 1, 0, depth, width, worker, workers);
}

/**
 * Packs part `index` of `count` of the panels of B for `multiplyRuns`.
 *
 * @param columns Columns in each of the `runs` runs, which start `runStride` bytes apart; there is one
 * run if `transposed`.
 */
export function packRuns(
  to: usize,
  b: usize,
  bStride: usize,
  transposed: bool,
  columns: usize,
  runs: usize,
  runStride: usize,
  depth: usize,
  width: usize,
  index: usize,
  count: usize,
): void {
  begin(Phase.packWeights);
  const vectors = columns / LANES;
  const panels = ceilDiv(vectors, width);
  const first = splitStart(panels, count, index);
  const last = first + splitLength(panels, count, index);
  for (let k: usize = 0; k < depth; k += KC) {
    const blockDepth = min(KC, depth - k);
    let from = b;
    for (let run: usize = 0; run < runs; run++) {
      for (let panel = first; panel < last; panel++) {
        const vector = splitStart(vectors, panels, panel);
        const length = splitLength(vectors, panels, panel);
        const target = to + vector * blockDepth * VECTOR;
        if (transposed) {
          const source = from + vector * LANES * bStride + k * REAL;
          packPanelTransposed(target, source, bStride, length, blockDepth);
        } else {
          packPanel(target, from + k * bStride + vector * VECTOR, bStride, length, 1, blockDepth, 0);
        }
      }
      to += blockDepth * columns * REAL;
      from += runStride;
    }
  }
  end();
}

/**
 * C (+)= A·B, with C [rows][columns], A [rows][depth] and B as `packShare` packs it. Depth and columns
 * must be multiples of LANES.
 *
 * @param accumulate Whether the product is added to C or replaces it.
 * @param scratch Space of PACKED_A_BYTES.
 * @param width Vectors in a panel of B, as in `packShare`.
 */
export function multiplyPacked(
  c: usize,
  cStride: usize,
  rows: usize,
  columns: usize,
  depth: usize,
  a: usize,
  aStride: usize,
  b: usize,
  accumulate: bool,
  scratch: usize,
  width: usize,
): void {
  multiplyRuns(
    c, cStride, rows, columns, 1, 0, depth, a, aStride, b, accumulate, scratch, width,
  );
}

/** `multiplyPacked` for C whose columns are `runs` runs that start `runStride` bytes apart. */
export function multiplyRuns(
  c: usize,
  cStride: usize,
  rows: usize,
  columns: usize,
  runs: usize,
  runStride: usize,
  depth: usize,
  a: usize,
  aStride: usize,
  b: usize,
  accumulate: bool,
  scratch: usize,
  width: usize,
): void {
  const blocks = ceilDiv(rows, MC);
  for (let k: usize = 0; k < depth; k += KC) {
    const blockDepth = min(KC, depth - k);
    const runBytes = blockDepth * columns * REAL;
    for (let block: usize = 0, row: usize = 0; block < blocks; block++) {
      if (isStopped()) return;
      const height = splitLength(rows, blocks, block);
      begin(Phase.packRows);
      packA(
        scratch, a + row * aStride + k * REAL, aStride, height, blockDepth, panelRows(width),
      );
      end();
      for (let run: usize = 0; run < runs; run++) {
        macroKernel(
          c + row * cStride + run * runStride, cStride, height, columns, blockDepth, scratch,
          b + run * runBytes, width, accumulate || k > 0,
        );
      }
      row += height;
    }
    b += runs * runBytes;
  }
}

/**
 * `multiplyPacked` for the same rows of A, and the same scratch and width, as the call just before it:
 * where A is a single block, it is still packed.
 */
export function multiplyPackedAgain(
  c: usize,
  cStride: usize,
  rows: usize,
  columns: usize,
  depth: usize,
  a: usize,
  aStride: usize,
  b: usize,
  accumulate: bool,
  scratch: usize,
  width: usize,
): void {
  if (rows <= MC && depth <= KC) {
    // A worker may have no rows: there may be fewer streams than workers.
    if (rows == 0 || isStopped()) return;
    macroKernel(c, cStride, rows, columns, depth, scratch, b, width, accumulate);
  } else {
    multiplyPacked(
      c, cStride, rows, columns, depth, a, aStride, b, accumulate, scratch, width,
    );
  }
}

/**
 * C = Aᵀ·B, the form of every gradient of a weight matrix, with C [rows][columns], A [·][rows] and
 * B [·][columns]. The sum runs over `runs` runs of `runLength` consecutive rows of A and B, which start
 * `runStride` rows apart. Columns must be a multiple of LANES.
 *
 * @param scratchA Space of PACKED_A_BYTES.
 * @param scratchB Space for KC·columns numbers.
 */
export function multiplyTransposed(
  c: usize,
  cStride: usize,
  rows: usize,
  columns: usize,
  runs: usize,
  runLength: usize,
  runStride: usize,
  a: usize,
  aStride: usize,
  b: usize,
  bStride: usize,
  scratchA: usize,
  scratchB: usize,
): void {
  multiplyTransposedBoth(
    c, cStride, rows, columns, runs, runLength, runStride, a, aStride, b, bStride,
    0, 0, 0, 0, 0, 0, 0, 0, scratchA, scratchB,
  );
}

/**
 * The same for two products with one B, which is packed once, and for the sums of its columns.
 *
 * @param c2 The second product, [rows2][columns2] with C's stride: of the first columns of B, a
 * multiple of 2·LANES or all of them.
 * @param rows2 0 if there is none.
 * @param sums Receives the sums of the first `sumColumns` columns of B; 0 if they are not needed.
 * @param restSums Receives the sums of the other columns.
 */
export function multiplyTransposedBoth(
  c: usize,
  cStride: usize,
  rows: usize,
  columns: usize,
  runs: usize,
  runLength: usize,
  runStride: usize,
  a: usize,
  aStride: usize,
  b: usize,
  bStride: usize,
  c2: usize,
  rows2: usize,
  columns2: usize,
  a2: usize,
  a2Stride: usize,
  sums: usize,
  sumColumns: usize,
  restSums: usize,
  scratchA: usize,
  scratchB: usize,
): void {
  // A block consists of whole runs, or of a part of a long one.
  const runsPerBlock = runLength < KC ? KC / runLength : 1;
  let accumulate = false;
  for (let first: usize = 0; first < runs; first += runsPerBlock) {
    const blockRuns = min(runsPerBlock, runs - first);
    for (let row: usize = 0; row < runLength; row += KC) {
      if (isStopped()) return;
      const length = min(KC, runLength - row);
      const from = first * runStride + row;
      const source = b + from * bStride;
      const runBytes = runStride * bStride;
      begin(Phase.packGradients);
      if (sums == 0) {
        packB(scratchB, source, bStride, columns, blockRuns, length, runBytes);
      } else {
        packAndSumB(
          scratchB, source, bStride, columns, blockRuns, length, runBytes,
          sums, sumColumns, restSums, accumulate,
        );
      }
      end();
      if (rows > 0) {
        multiplyTransposedBlock(
          c, cStride, rows, columns, blockRuns, length, runStride,
          a + from * aStride, aStride, scratchA, scratchB, accumulate,
        );
      }
      if (rows2 > 0) {
        multiplyTransposedBlock(
          c2, cStride, rows2, columns2, blockRuns, length, runStride,
          a2 + from * a2Stride, a2Stride, scratchA, scratchB, accumulate,
        );
      }
      accumulate = true;
    }
  }
}

/** C (+)= Aᵀ·B for one packed block of B. */
function multiplyTransposedBlock(
  c: usize,
  cStride: usize,
  rows: usize,
  columns: usize,
  runs: usize,
  runLength: usize,
  runStride: usize,
  a: usize,
  aStride: usize,
  scratchA: usize,
  packedB: usize,
  accumulate: bool,
): void {
  const blocks = ceilDiv(rows, MC);
  for (let block: usize = 0; block < blocks; block++) {
    if (isStopped()) return;
    const height = splitLength(rows, blocks, block);
    begin(Phase.packGradients);
    packATransposed(scratchA, a, aStride, height, runs, runLength, runStride * aStride);
    end();
    macroKernel(
      c, cStride, height, columns, runs * runLength, scratchA, packedB, NR, accumulate,
    );
    c += height * cStride;
    a += height * REAL;
  }
}
