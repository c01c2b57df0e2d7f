import { assert, assertEquals } from "@std/assert";
import { module, PeakProbe } from "../../../bench/peak/probe.ts";

const LANES = 4;

Deno.test("peak() does MADDS_PER_ROUND multiply-adds per round", () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const peak = exports.peak as (rounds: number, x: number, y: number) => number;
  const counted = (exports.MADDS_PER_ROUND as WebAssembly.Global).value as number;
  // Each multiply-add adds x·y to every lane of a sum; the sums begin with 0, 1, … 11.
  const initialSum = LANES * 66;
  for (const rounds of [1, 2, 5]) {
    assertEquals((peak(rounds, 2, 0.5) - initialSum) / LANES, rounds * counted);
  }
});

for (const workers of [1, 2]) {
  Deno.test(`PeakProbe.measure() works repeatedly, threads ${workers}`, () => {
    using probe = new PeakProbe(workers);
    for (let time = 0; time < 3; time++) {
      const gflops = probe.measure(0.002);
      assert(gflops > 0 && Number.isFinite(gflops), `${gflops} GFLOP/s`);
    }
  });
}
