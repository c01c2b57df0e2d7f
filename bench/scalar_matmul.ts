/**
 * Matrix products in plain TypeScript, row-major, without SIMD. The letters are those of BLAS: N
 * for a matrix as it is stored, T for one that is transposed; C is M × N, and products sum over K.
 */
import type { RealArray } from "../src/model/parameters.ts";

/** The operands of a product, and its dimensions. */
export interface MatmulOperands {
  readonly a: RealArray;
  readonly b: RealArray;
  /** Rows of C. */
  readonly m: number;
  /** Terms of each sum. */
  readonly k: number;
  /** Columns of C. */
  readonly n: number;
}

/** C += A·B, with A [M, K] and B [K, N]. */
export function addMatmul(c: RealArray, { a, b, m, k, n }: MatmulOperands): void {
  for (let row = 0; row < m; row++) {
    for (let i = 0; i < k; i++) {
      const factor = a[row * k + i]!;
      for (let column = 0; column < n; column++) {
        c[row * n + column]! += factor * b[i * n + column]!;
      }
    }
  }
}

/** C += A·Bᵀ, with A [M, K] and B [N, K]. */
export function addMatmulNT(c: RealArray, { a, b, m, k, n }: MatmulOperands): void {
  for (let row = 0; row < m; row++) {
    for (let column = 0; column < n; column++) {
      let sum = 0;
      for (let i = 0; i < k; i++) sum += a[row * k + i]! * b[column * k + i]!;
      c[row * n + column]! += sum;
    }
  }
}

/** C += Aᵀ·B, with A [K, M] and B [K, N]. */
export function addMatmulTN(c: RealArray, { a, b, m, k, n }: MatmulOperands): void {
  for (let i = 0; i < k; i++) {
    for (let row = 0; row < m; row++) {
      const factor = a[i * m + row]!;
      for (let column = 0; column < n; column++) {
        c[row * n + column]! += factor * b[i * n + column]!;
      }
    }
  }
}
