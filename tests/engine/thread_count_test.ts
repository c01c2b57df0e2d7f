import { assertEquals, assertThrows } from "@std/assert";
import { instantiate, unitsAreShared } from "../../src/engine/kernels/instance.ts";
import { checkThreads, flopPerRound, threadRange } from "../../src/engine/thread_count.ts";
import { InputError } from "../../src/errors.ts";
import { precisions } from "../assembly/module.ts";

const large = { precision: "f32", hidden: 512, outputs: 65, seqLength: 50, batchSize: 64 } as const;

Deno.test("flopPerRound() counts six operations per weight and character, two without training", () => {
  const rnn = { hidden: 100, outputs: 65, seqLength: 25, batchSize: 1 };
  assertEquals(flopPerRound(rnn), 6 * 25 * 100 * (100 + 65));
  assertEquals(flopPerRound({ ...rnn, training: false }), 2 * 25 * 100 * (100 + 65));
  const lstm = { ...rnn, cell: "lstm", layers: 2, batchSize: 3 } as const;
  assertEquals(flopPerRound(lstm), 6 * 75 * 100 * (3 * 4 * 100 + 65));
});

Deno.test("threadRange() is limited by cores and work, and begins large rounds with all", () => {
  const most = [1, 2, 8, 1000].map((cores) => threadRange(large, cores).most);
  assertEquals(most, [1, 2, 8, 64]);
  assertEquals(threadRange(large, 8).first, 8);
  assertEquals(threadRange({ ...large, hidden: 128 }, 8), { first: 1, most: 8 });
  assertEquals(threadRange({ ...large, batchSize: 3 }, 8).most, 8);
  const small = { ...large, hidden: 16, seqLength: 25, batchSize: 2 };
  assertEquals(threadRange(small, 8).most, 1);
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
  Deno.test(`threadRange() agrees with the kernels at H ${hidden}, ${cell}, ${precision}`, () => {
    const sizes = { ...large, precision, cell, batchSize: 1, training: false };
    assertEquals(threadRange({ ...sizes, hidden: hidden - 1 }, 2).most, 1);
    assertEquals(threadRange({ ...sizes, hidden }, 2).most, 2);
    assertEquals(threadRange({ ...sizes, hidden: hidden + 3 }, 2).most, 2);
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

Deno.test("checkThreads() rejects what is neither auto nor a whole number from 1 to 64", () => {
  assertEquals(checkThreads(64), 64);
  assertEquals(checkThreads("auto"), "auto");
  for (const threads of [0, -1, 1.5, 65, NaN, "2" as "auto"]) {
    const error = assertThrows(() => checkThreads(threads), InputError, "from 1 to 64");
    assertEquals(error.option, "threads");
  }
});
