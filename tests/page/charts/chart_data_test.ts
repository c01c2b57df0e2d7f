import { assert, assertEquals } from "@std/assert";
import {
  align,
  type Point,
  rowsOf,
  thin,
  TICK_DISTANCES,
  valueAt,
} from "../../../page/charts/chart_data.ts";

Deno.test("thin() keeps the ends, and the lowest and highest points", () => {
  const points: Point[] = Array.from({ length: 100_000 }, (_, i) => [i, Math.sin(i)]);
  points[54_321] = [54_321, -9];
  points[77_777] = [77_777, 9];
  points[33_333] = [33_333, null];
  const thinned = thin(points, 500);
  assert(thinned.length <= 500);
  assertEquals([thinned[0], thinned.at(-1)], [points[0], points.at(-1)]);
  for (const i of [54_321, 77_777]) assert(thinned.includes(points[i]!));
  assertEquals(thinned.map(([x]) => x), thinned.map(([x]) => x).toSorted((a, b) => a - b));
  assertEquals(thin(points.slice(0, 9), 9), points.slice(0, 9));
});

Deno.test("align() puts lines over one axis", () => {
  assertEquals(
    align([{ points: [[1, 5], [3, null]] }, { points: [[2, 7], [3, 8]] }]),
    [[1, 2, 3], [5, undefined, null], [undefined, 7, 8]],
  );
  assertEquals(align([]), [[]]);
});

Deno.test("valueAt() gives the last value up to a point", () => {
  const line = { points: [[1, 5], [3, 6], [4, null]] } as const;
  assertEquals([0, 1, 2, 3, 4, 9].map((x) => valueAt(line, x)), [null, 5, 5, 6, 6, 6]);
});

Deno.test("rowsOf() shows some rows of long lines, the last among them", () => {
  const points: Point[] = Array.from({ length: 1000 }, (_, i) => [i, i]);
  const rows = rowsOf([{ points }], 10);
  assertEquals([rows.length, rows[0], rows.at(-1)], [10, { x: 0, values: [0] }, {
    x: 999,
    values: [999],
  }]);
  assertEquals(rowsOf([{ points: points.slice(0, 1) }]), [{ x: 0, values: [0] }]);
  assertEquals(rowsOf([{ points: [] }]), []);
});

Deno.test("TICK_DISTANCES are whole and ascend", () => {
  assert(TICK_DISTANCES.every(Number.isSafeInteger));
  assertEquals(TICK_DISTANCES, TICK_DISTANCES.toSorted((a, b) => a - b));
  assertEquals(TICK_DISTANCES.slice(0, 4), [1, 2, 5, 10]);
});
