/**
 * Packing of A: copies of blocks of rows, or of columns of a transposed matrix, in the order in which
 * the register tiles of tiles.ts read them.
 *
 *     panel of A     k = 0: MR numbers, one of each row │ k = 1: MR numbers │ …
 *
 * Rows are cut into panels evenly: 25 rows are five panels of 5, 8 rows are two of 4. The copies are
 * exact; tests/assembly compares the products made of them with plain loops.
 */
import {
  A_STEP,
  ceilDiv,
  min,
  MR,
  SHORT_A_STEP,
  splitLength,
  stepBytes,
} from "./packing";
import { LANES, REAL, VECTOR } from "./simd";

/**
 * Packs a matrix [rows][depth] into even panels of A of at most `panelRows` rows; depth must be a
 * multiple of LANES.
 */
export function packA(
  to: usize,
  from: usize,
  stride: usize,
  rows: usize,
  depth: usize,
  panelRows: usize,
): void {
  const panels = ceilDiv(rows, panelRows);
  for (let panel: usize = 0; panel < panels; panel++) {
    const height = splitLength(rows, panels, panel);
    if (height > 4) packAPanel(to, from, stride, height, depth);
    else packShortAPanel(to, from, stride, height, depth);
    to += depth * stepBytes(height);
    from += height * stride;
  }
}

/** Packs a panel of 5 or 6 rows, transposed in registers. A missing row repeats the last one. */
function packAPanel(
  to: usize,
  from: usize,
  stride: usize,
  height: usize,
  depth: usize,
): void {
  const end = from + depth * REAL;
  const row5 = (height - 1) * stride;
  for (; from < end; from += VECTOR) {
    const r0 = v128.load(from);
    const r1 = v128.load(from + stride);
    const r2 = v128.load(from + 2 * stride);
    const r3 = v128.load(from + 3 * stride);
    const r4 = v128.load(from + 4 * stride);
    const r5 = v128.load(from + row5);
    if (REAL == 4) {
      const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
      const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
      const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
      const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
      const low45 = v128.shuffle<f32>(r4, r5, 0, 4, 1, 5);
      const high45 = v128.shuffle<f32>(r4, r5, 2, 6, 3, 7);
      // 4 columns of 6 numbers are exactly 6 vectors.
      v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
      v128.store(to + 16, v128.shuffle<f32>(low45, low01, 0, 1, 6, 7));
      v128.store(to + 32, v128.shuffle<f32>(low23, low45, 2, 3, 6, 7));
      v128.store(to + 48, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
      v128.store(to + 64, v128.shuffle<f32>(high45, high01, 0, 1, 6, 7));
      v128.store(to + 80, v128.shuffle<f32>(high23, high45, 2, 3, 6, 7));
    } else {
      v128.store(to, v128.shuffle<f64>(r0, r1, 0, 2));
      v128.store(to + 16, v128.shuffle<f64>(r2, r3, 0, 2));
      v128.store(to + 32, v128.shuffle<f64>(r4, r5, 0, 2));
      v128.store(to + 48, v128.shuffle<f64>(r0, r1, 1, 3));
      v128.store(to + 64, v128.shuffle<f64>(r2, r3, 1, 3));
      v128.store(to + 80, v128.shuffle<f64>(r4, r5, 1, 3));
    }
    to += LANES * A_STEP;
  }
}

/** Packs a panel of at most 4 rows in the same way. */
function packShortAPanel(
  to: usize,
  from: usize,
  stride: usize,
  height: usize,
  depth: usize,
): void {
  const end = from + depth * REAL;
  const last = height - 1;
  const row1 = min(1, last) * stride;
  const row2 = min(2, last) * stride;
  const row3 = last * stride;
  for (; from < end; from += VECTOR) {
    const r0 = v128.load(from);
    const r1 = v128.load(from + row1);
    const r2 = v128.load(from + row2);
    const r3 = v128.load(from + row3);
    if (REAL == 4) {
      const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
      const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
      const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
      const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
      v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
      v128.store(to + 16, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
      v128.store(to + 32, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
      v128.store(to + 48, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
    } else {
      v128.store(to, v128.shuffle<f64>(r0, r1, 0, 2));
      v128.store(to + 16, v128.shuffle<f64>(r2, r3, 0, 2));
      v128.store(to + 32, v128.shuffle<f64>(r0, r1, 1, 3));
      v128.store(to + 48, v128.shuffle<f64>(r2, r3, 1, 3));
    }
    to += LANES * SHORT_A_STEP;
  }
}

/**
 * Packs the transpose of a matrix into even panels of A: `columns` columns of the rows that `packB`
 * takes. A step has 4 or MR numbers whatever the height of a panel, so up to three numbers behind the last
 * one are read.
 */
export function packATransposed(
  to: usize,
  from: usize,
  stride: usize,
  columns: usize,
  runs: usize,
  runLength: usize,
  runStride: usize,
): void {
  const panels = ceilDiv(columns, MR);
  for (let panel: usize = 0; panel < panels; panel++) {
    const height = splitLength(columns, panels, panel);
    const step = stepBytes(height);
    for (let r: usize = 0; r < runs; r++) {
      let source = from + r * runStride;
      const end = source + runLength * stride;
      for (; source < end; source += stride) {
        v128.store(to, v128.load(source));
        if (REAL == 8) v128.store(to + VECTOR, v128.load(source + VECTOR));
        if (height > 4) {
          if (REAL == 4) store<u64>(to + VECTOR, load<u64>(source + VECTOR));
          else v128.store(to + 2 * VECTOR, v128.load(source + 2 * VECTOR));
        }
        to += step;
      }
    }
    from += height * REAL;
  }
}
