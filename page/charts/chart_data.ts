/** The data of a chart: lines with points of their own, aligned to one axis. */

/** A point; a gap where `y` is `null`. */
export type Point = readonly [x: number, y: number | null];

/** A line of a chart. */
export interface Line {
  readonly label: string;
  readonly points: readonly Point[];
  /** The custom property of its color, for example `--line-0`. */
  readonly color: string;
  /** Lengths of dashes and gaps; solid if missing. */
  readonly dash?: readonly number[];
  /** Width in pixels. Default: 2. */
  readonly width?: number;
  /** Whether each point has a dot. Default: one alone has. */
  readonly hasDots?: boolean;
}

/** A line at a constant height. */
export interface Reference {
  readonly label: string;
  readonly y: number;
}

/** The color of a line by its number, from 0 to 5. */
export function colorOf(line: number): string {
  return `--line-${line}`;
}

/** Points of a line that are drawn: more than a screen has columns. */
export const MAX_POINTS = 1500;

/** Points that stand for all: the first, the last, and the lowest and highest of each part. */
export function thin(points: readonly Point[], max: number = MAX_POINTS): readonly Point[] {
  if (points.length <= max) return points;
  const kept: Point[] = [points[0]!];
  const parts = Math.floor((max - 2) / 2);
  const inner = points.length - 2;
  for (let part = 0; part < parts; part++) {
    const begin = 1 + Math.floor(part * inner / parts);
    const end = 1 + Math.floor((part + 1) * inner / parts);
    let low = begin;
    let high = begin;
    for (let i = begin; i < end; i++) {
      const y = points[i]![1] ?? NaN;
      if (y < (points[low]![1] ?? Infinity)) low = i;
      if (y > (points[high]![1] ?? -Infinity)) high = i;
    }
    const [first, second] = low < high ? [low, high] : [high, low];
    kept.push(points[first]!);
    if (second !== first) kept.push(points[second]!);
  }
  kept.push(points.at(-1)!);
  return kept;
}

/** Columns for a chart: all x in order, and for each line y at x, `undefined` where it has no point. */
export function align(
  lines: readonly Pick<Line, "points">[],
): [xs: number[], ...ys: (number | null | undefined)[][]] {
  const indices = new Map<number, number>();
  const xs = [...new Set(lines.flatMap(({ points }) => points.map(([x]) => x)))]
    .toSorted((a, b) => a - b);
  xs.forEach((x, i) => indices.set(x, i));
  const columns = lines.map(({ points }) => {
    const column = new Array<number | null | undefined>(xs.length).fill(undefined);
    for (const [x, y] of points) column[indices.get(x)!] = y;
    return column;
  });
  return [xs, ...columns];
}

/** The y of a line at an x or before it; `null` if it begins later. */
export function valueAt({ points }: Pick<Line, "points">, x: number): number | null {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle]![0] <= x) low = middle + 1;
    else high = middle;
  }
  for (let i = low - 1; i >= 0; i--) {
    if (points[i]![1] !== null) return points[i]![1];
  }
  return null;
}

/** Rows of a table with so many rows at most: each x, and the value of each line there. */
export function rowsOf(
  lines: readonly Pick<Line, "points">[],
  max = 25,
): { readonly x: number; readonly values: readonly (number | null)[] }[] {
  const [xs] = align(lines);
  const step = Math.max(1, (xs.length - 1) / (max - 1));
  const count = Math.min(max, xs.length);
  const chosen = Array.from(
    { length: count },
    (_, i) => xs[i === count - 1 ? xs.length - 1 : Math.round(i * step)]!,
  );
  return chosen.map((x) => ({ x, values: lines.map((line) => valueAt(line, x)) }));
}

/**
 * Distances of ticks of the horizontal axis: whole numbers, as steps, characters and the labels of
 * seconds are; with others a label would be there twice.
 */
export const TICK_DISTANCES: readonly number[] = Array.from(
  { length: 13 },
  (_, exponent) => [1, 2, 5].map((digit) => digit * 10 ** exponent),
).flat();
