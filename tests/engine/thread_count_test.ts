import { assertEquals, assertThrows } from "@std/assert";
import { instantiate, unitsAreShared } from "../../src/engine/kernels/instance.ts";
import {
  checkThreadCount,
  defaultThreadCount,
  flopPerStep,
} from "../../src/engine/thread_count.ts";
import { InputError } from "../../src/errors.ts";
import { precisions } from "../assembly/module.ts";

const large = { precision: "f32", hidden: 512, outputs: 65, seqLength: 50, batchSize: 64 } as const;

Deno.test("flopPerStep() counts 6·T·B·H·(H + V)", () => {
  assertEquals(flopPerStep({ hidden: 100, outputs: 65, seqLength: 25, batchSize: 1 }), 2_475_000);
});

Deno.test("defaultThreadCount() is limited by cores, streams and work", () => {
  assertEquals([1, 2, 8, 1000].map((cores) => defaultThreadCount(large, cores)), [1, 2, 8, 64]);
  assertEquals(defaultThreadCount({ ...large, batchSize: 3 }, 8), 3);
  assertEquals(defaultThreadCount({ ...large, hidden: 32, seqLength: 25, batchSize: 4 }, 8), 1);
});

// The smallest layers whose units are shared: 65,536 weights of Whh, with H padded to whole vectors.
const smallestShared = [
  ["f32", "rnn", 253],
  ["f32", "gru", 145],
  ["f32", "lstm", 125],
  ["f64", "rnn", 255],
  ["f64", "gru", 147],
  ["f64", "lstm", 127],
] as const;

for (const [precision, cell, hidden] of smallestShared) {
  Deno.test(`defaultThreadCount() agrees with the kernels at H ${hidden}, ${cell}, ${precision}`, () => {
    const sizes = { ...large, precision, cell, batchSize: 1 };
    assertEquals(defaultThreadCount({ ...sizes, hidden: hidden - 1 }, 2), 1);
    assertEquals(defaultThreadCount({ ...sizes, hidden }, 2), 2);
    assertEquals(defaultThreadCount({ ...sizes, hidden: hidden + 3 }, 2), 2);
    assertEquals(unitsAreShared({ precision, cell, hidden: hidden - 1 }), false);
    assertEquals(unitsAreShared({ precision, cell, hidden }), true);
  });
}

for (const precision of precisions) {
  Deno.test(`unitsAreShared() does not disturb another instance, ${precision}`, () => {
    const sizes = { inputs: 3, hidden: 5, outputs: 3, seqLength: 2, batchSize: 1 };
    const { kernels, layout } = instantiate(precision, sizes);
    const before = { states: kernels.hiddenStates(0), layout: { ...layout } };
    unitsAreShared({ precision, cell: "lstm", hidden: 900 });
    assertEquals({ states: kernels.hiddenStates(0), layout }, before);
  });
}

Deno.test("checkThreadCount() rejects numbers that are not from 1 to 64", () => {
  assertEquals(checkThreadCount(64), 64);
  for (const threads of [0, -1, 1.5, 65, NaN]) {
    const error = assertThrows(() => checkThreadCount(threads), InputError, "from 1 to 64");
    assertEquals(error.option, "threads");
  }
});
