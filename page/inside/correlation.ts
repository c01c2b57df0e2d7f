/** Below this variance a unit counts as constant: what is left is rounding of single precision. */
const MIN_VARIANCE = 1e-12;

/**
 * Pearson's correlations of many units with several features, in one pass over the activations.
 *
 * Features are known beforehand, so they are centered exactly. Activations are shifted by their first
 * values, so that the variance of a unit that hardly changes is not lost in its square.
 */
export class Correlations {
  readonly #units: number;
  /** [features] of [rows], each minus its mean. */
  readonly #centered: readonly Float64Array[];
  readonly #shifts: Float64Array;
  readonly #sums: Float64Array;
  readonly #squares: Float64Array;
  /** [features] of [units] */
  readonly #products: readonly Float64Array[];
  #rows = 0;

  /**
   * @param units Number of units.
   * @param features Arrays of one number per row.
   */
  constructor(units: number, features: readonly ArrayLike<number>[]) {
    this.#units = units;
    this.#centered = features.map(center);
    this.#shifts = new Float64Array(units);
    this.#sums = new Float64Array(units);
    this.#squares = new Float64Array(units);
    this.#products = features.map(() => new Float64Array(units));
  }

  /** Adds the next rows of activations, [rows, units]. */
  add(activations: ArrayLike<number>): void {
    const units = this.#units;
    const rows = activations.length / units;
    if (this.#rows === 0) {
      for (let u = 0; u < units; u++) this.#shifts[u] = activations[u]!;
    }
    const [shifts, sums, squares] = [this.#shifts, this.#sums, this.#squares];
    const shifted = new Float64Array(activations.length);
    for (let i = 0, row = 0; row < rows; row++) {
      for (let u = 0; u < units; u++, i++) {
        const a = activations[i]! - shifts[u]!;
        shifted[i] = a;
        sums[u]! += a;
        squares[u]! += a * a;
      }
    }
    this.#centered.forEach((feature, n) => {
      const products = this.#products[n]!;
      for (let i = 0, row = 0; row < rows; row++) {
        const f = feature[this.#rows + row]!;
        for (let u = 0; u < units; u++, i++) products[u]! += f * shifted[i]!;
      }
    });
    this.#rows += rows;
  }

  /** The correlations with a feature, [units]; 0 where a unit or the feature is constant. */
  with(feature: number): Float64Array {
    const rows = this.#rows;
    const variance = this.#centered[feature]!.reduce((sum, f) => sum + f * f, 0) / rows;
    return this.#products[feature]!.map((product, u) => {
      const mean = this.#sums[u]! / rows;
      const varianceOfUnit = this.#squares[u]! / rows - mean * mean;
      if (!(varianceOfUnit > MIN_VARIANCE && variance > 0)) return 0;
      return clamp(product / rows / Math.sqrt(variance * varianceOfUnit));
    });
  }
}

function center(feature: ArrayLike<number>): Float64Array {
  const array = Float64Array.from(feature);
  const mean = array.reduce((sum, f) => sum + f, 0) / array.length;
  return array.map((f) => f - mean);
}

/** Rounding may leave a little more than 1. */
function clamp(r: number): number {
  return Math.max(-1, Math.min(1, r));
}
