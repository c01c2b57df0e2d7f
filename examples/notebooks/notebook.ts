/** What a notebook's figures are, and what its file here exports. */

/** A figure of a notebook, beside ours. */
export interface Figure {
  /** What is measured. */
  readonly what: string;
  /** What the notebook printed, or what its algorithm gives in NumPy over several starts. */
  readonly notebook: string;
  /** What this run gives. */
  readonly ours: string;
  /** Whether ours is where it belongs; `null` where there is nothing to compare. */
  readonly inBand: boolean | null;
}

/** How a notebook is run. */
export interface Options {
  /** Seed of the first start; further starts take the seeds after it. */
  readonly seed: number;
  /** The notebook's whole length, instead of one that shows the same in seconds. */
  readonly full: boolean;
}

/** A notebook: its name on the command line, what it is, and its experiment. */
export interface Notebook {
  readonly name: string;
  readonly summary: string;
  run(options: Options): readonly Figure[];
}

/** `count` seeds from the first on. */
export function seedsFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}

/** The least and the greatest, as `a–b`. */
export function range(values: readonly number[], digits: number): string {
  const [low, high] = [Math.min(...values).toFixed(digits), Math.max(...values).toFixed(digits)];
  return low === high ? low : `${low}–${high}`;
}

/** Whether every value lies from `low` to `high`. */
export function within(values: readonly number[], low: number, high: number): boolean {
  return values.every((value) => value >= low && value <= high);
}
