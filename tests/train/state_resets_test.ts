/** Which streams are reset before a step, and what a reset changes. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { resetStreams, streamsToReset } from "../../src/train/state_resets.ts";

Deno.test("streamsToReset() resets each stream once in resetEvery steps, spread evenly", () => {
  const sizes = fc.record({
    batchSize: fc.integer({ min: 1, max: 40 }),
    resetEvery: fc.integer({ min: 1, max: 40 }),
  });
  fc.assert(fc.property(sizes, fc.nat(1000), (config, start) => {
    const { batchSize, resetEvery } = config;
    const perStep = Array.from({ length: resetEvery }, (_, i) => streamsToReset(start + i, config));
    assertEquals(perStep.flat().toSorted((a, b) => a - b), [...Array(batchSize).keys()]);
    assert(perStep.every(({ length }) => length <= Math.ceil(batchSize / resetEvery)));
  }));
  assertEquals(streamsToReset(0, { batchSize: 3, resetEvery: 0 }), []);
});

Deno.test("resetStreams() sets the rows of the streams to zero in every layer", () => {
  const state = Float32Array.from({ length: 12 }, (_, i) => i + 1);
  resetStreams(state, [0, 2], { batchSize: 3, hidden: 2 });
  assertEquals([...state], [0, 0, 3, 4, 0, 0, 0, 0, 9, 10, 0, 0]);
});
