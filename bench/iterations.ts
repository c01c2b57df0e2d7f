/** How many times `Deno.bench` runs a function; without `n`, it decides by the clock. */
export interface Iterations {
  readonly n?: number;
  readonly warmup?: number;
}

/**
 * Limits the iterations of slow scalar code, so that `deno bench` ends within minutes.
 *
 * Code that takes milliseconds is left to `Deno.bench`; code that takes tenths of a second runs 3
 * times, and code that takes seconds runs once.
 *
 * @param multiplyAdds Multiply-adds of one run; plain TypeScript takes about a nanosecond for each.
 */
export function iterationsFor(multiplyAdds: number): Iterations {
  if (multiplyAdds < 20e6) return {};
  return multiplyAdds < 400e6 ? { n: 3, warmup: 1 } : { n: 1, warmup: 0 };
}
