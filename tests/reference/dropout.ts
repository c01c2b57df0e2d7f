/** The dropout mask, one number at a time; assembly/dropout.ts explains the function. */

/** Wellons's lowbias32. */
function lowbias32(x: number): number {
  x ^= x >>> 16;
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  return (x ^ x >>> 16) >>> 0;
}

/** The factors on a layer's hidden states, [T·B, H]: 0 where a number is dropped, else 1 / (1 − p). */
export function dropoutFactors(
  rows: number,
  hidden: number,
  layer: number,
  { probability, seed }: { readonly probability: number; readonly seed: number },
): Float64Array {
  const low = (seed >>> 0) ^ Math.imul(layer, 0x9e3779b9);
  const high = Math.floor(seed / 2 ** 32);
  const threshold = Math.floor(probability * 2 ** 32);
  return Float64Array.from({ length: rows * hidden }, (_, index) => {
    return lowbias32(lowbias32(index ^ low) ^ high) >= threshold ? 1 / (1 - probability) : 0;
  });
}
