/**
 * How often `deno bench` repeats what plain TypeScript does in so many multiply-adds, about a
 * nanosecond each: as usual if it takes milliseconds, a few times if it takes seconds.
 */
export function iterationsFor(work: number): { readonly n?: number; readonly warmup?: number } {
  if (work < 20e6) return {};
  return work < 400e6 ? { n: 3, warmup: 1 } : { n: 1, warmup: 0 };
}
