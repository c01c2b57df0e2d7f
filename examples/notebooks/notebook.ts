/**
 * What the notebooks have in common: how they are run, and how results are compared.
 *
 * @module
 */

/** A quantity that the notebook published, and its value in this run. */
export interface Result {
  /** What is measured. */
  readonly quantity: string;
  /** What the notebook printed, or the range that its algorithm gives in NumPy over several seeds. */
  readonly notebook: string;
  /** The value in this run. */
  readonly ours: string;
  /** Whether the value is where it is expected; `null` if there is nothing to compare it with. */
  readonly inBand: boolean | null;
}

/** How a notebook is run. */
export interface NotebookOptions {
  /** Seed of the first network. Further networks take the seeds after it. */
  readonly seed: number;
  /** Train as long as the notebook does, instead of a shorter time that shows the same. */
  readonly full: boolean;
}

/** A notebook. */
export interface Notebook {
  /** Its name on the command line. */
  readonly name: string;
  /** What it is, in one line. */
  readonly summary: string;
  /** Runs the experiment. */
  run(options: NotebookOptions): readonly Result[];
}

/** Consecutive seeds. */
export function seedsFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}

/** The range of values as text, `min–max`. */
export function formatRange(values: readonly number[], digits: number): string {
  const [min, max] = [Math.min(...values).toFixed(digits), Math.max(...values).toFixed(digits)];
  return min === max ? min : `${min}–${max}`;
}

/** Whether all values are from `min` to `max`. */
export function areWithin(values: readonly number[], min: number, max: number): boolean {
  return values.every((value) => value >= min && value <= max);
}
