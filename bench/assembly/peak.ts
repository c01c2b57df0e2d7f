/**
 * Peak throughput of one core in WebAssembly: multiply-adds of vectors in registers, and nothing else.
 * Compiled like the kernels.
 */
import { add, madd, splat, hsum } from "../../assembly/simd";

/** Multiply-adds of vectors per round. */
export const MADDS_PER_ROUND: i32 = 48;

/**
 * Runs `rounds` rounds of multiply-adds and returns a sum of their results, so that none is eliminated.
 *
 * Twelve independent sums more than hide a latency of four cycles at two instructions per cycle; with
 * the two factors they fill 14 of the 16 registers. They start with different values, so that the
 * compiler cannot merge them. Call it often with few rounds: V8 optimizes a function between calls,
 * not inside a long loop.
 */
export function peak(rounds: i32, x: Real, y: Real): Real {
  const a = splat(x);
  const b = splat(y);
  let s0 = splat(0), s1 = splat(1), s2 = splat(2), s3 = splat(3), s4 = splat(4), s5 = splat(5);
  let s6 = splat(6), s7 = splat(7), s8 = splat(8), s9 = splat(9), s10 = splat(10), s11 = splat(11);
  do {
    // Unrolled four times, so that the instructions of the loop itself do not count.
    s0 = madd(a, b, s0);
    s1 = madd(a, b, s1);
    s2 = madd(a, b, s2);
    s3 = madd(a, b, s3);
    s4 = madd(a, b, s4);
    s5 = madd(a, b, s5);
    s6 = madd(a, b, s6);
    s7 = madd(a, b, s7);
    s8 = madd(a, b, s8);
    s9 = madd(a, b, s9);
    s10 = madd(a, b, s10);
    s11 = madd(a, b, s11);
    //
    s0 = madd(a, b, s0);
    s1 = madd(a, b, s1);
    s2 = madd(a, b, s2);
    s3 = madd(a, b, s3);
    s4 = madd(a, b, s4);
    s5 = madd(a, b, s5);
    s6 = madd(a, b, s6);
    s7 = madd(a, b, s7);
    s8 = madd(a, b, s8);
    s9 = madd(a, b, s9);
    s10 = madd(a, b, s10);
    s11 = madd(a, b, s11);
    //
    s0 = madd(a, b, s0);
    s1 = madd(a, b, s1);
    s2 = madd(a, b, s2);
    s3 = madd(a, b, s3);
    s4 = madd(a, b, s4);
    s5 = madd(a, b, s5);
    s6 = madd(a, b, s6);
    s7 = madd(a, b, s7);
    s8 = madd(a, b, s8);
    s9 = madd(a, b, s9);
    s10 = madd(a, b, s10);
    s11 = madd(a, b, s11);
    //
    s0 = madd(a, b, s0);
    s1 = madd(a, b, s1);
    s2 = madd(a, b, s2);
    s3 = madd(a, b, s3);
    s4 = madd(a, b, s4);
    s5 = madd(a, b, s5);
    s6 = madd(a, b, s6);
    s7 = madd(a, b, s7);
    s8 = madd(a, b, s8);
    s9 = madd(a, b, s9);
    s10 = madd(a, b, s10);
    s11 = madd(a, b, s11);
  } while (--rounds > 0);
  s0 = add(add(add(s0, s1), add(s2, s3)), add(add(s4, s5), add(s6, s7)));
  return hsum(add(s0, add(add(s8, s9), add(s10, s11))));
}
