import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { parseRunConfig, withChange } from "../../src/run/run_config.ts";
import { runConfigOf } from "./runs.ts";

const runConfig = runConfigOf();

Deno.test("withChange() appends what differs to the history", () => {
  assert(withChange(runConfig, { step: 3, to: runConfig }) === runConfig);
  const limits = { minutes: 2, logEvery: 2 };
  const config = { ...runConfig.config, lr: 0.5 };
  const to = { config, limits, corpus: { ...runConfig.corpus, path: "moved.txt" } };
  const once = withChange(runConfig, { step: 3, to });
  assertEquals(once, {
    ...to,
    history: [{
      step: 3,
      changed: {
        lr: { from: 0.05, to: 0.5 },
        steps: { from: 7, to: null },
        minutes: { from: null, to: 2 },
        corpus: { from: "text", to: "moved.txt" },
      },
    }],
  });
  const diverged = { step: 9, reason: "the loss is NaN" };
  const lower = { ...once, config: { ...once.config, lr: 0.25 } };
  const twice = withChange(once, { step: 8, to: lower, diverged });
  assertEquals(twice.history.slice(1), [
    { step: 8, changed: { lr: { from: 0.5, to: 0.25 } }, diverged },
  ]);
  assertEquals(parseRunConfig(JSON.stringify(twice)), twice);
});

Deno.test("parseRunConfig() accepts a file without history", () => {
  const { history: _, ...first } = runConfig;
  assertEquals(parseRunConfig(JSON.stringify(first)), runConfig);
});

Deno.test("parseRunConfig() rejects a path that is not that of the reading", () => {
  const corpus = { ...runConfig.corpus, path: "a.txt and 1 more" };
  const parse = (paths: readonly string[]) =>
    parseRunConfig(JSON.stringify({ ...runConfig, corpus: { ...corpus, reading: { paths } } }));
  assertEquals(parse(["a.txt", "b.txt"]).corpus.reading, { paths: ["a.txt", "b.txt"] });
  assertThrows(() => parse(["a.txt"]), InputError, '"corpus.path" must');
});

Deno.test("withChange() keeps a history of thousands of changes short and readable", () => {
  let changed = runConfig;
  // Everything that can change at once, with a long path that JSON escapes.
  for (let step = 1; step <= 2000; step++) {
    const config = { ...changed.config, lr: 1 / step, gradClip: step, resetEvery: step };
    const limits = { ...changed.limits, steps: step, logEvery: step, patience: step };
    const corpus = { ...changed.corpus, path: `${"\u0001".repeat(10)}${step}` };
    changed = withChange(changed, { step, to: { config, limits, corpus } });
    if (step % 500 === 0) {
      const text = JSON.stringify(changed, null, 2);
      assert(text.length < 2 ** 22, String(text.length));
      assertEquals(parseRunConfig(text), changed);
    }
  }
  const { history } = changed;
  assert(history.length > 500, String(history.length));
  // The first change stands for all that were removed; the newest are there one by one.
  assertEquals(history[0]!.changed.lr, { from: 0.05, to: 1 / history[0]!.step });
  assertEquals(
    history.slice(-500).map(({ step }) => step),
    Array.from({ length: 500 }, (_, i) => 1501 + i),
  );
  const steps = history.map(({ step }) => step);
  assertEquals(steps, steps.toSorted((a, b) => a - b));
});

Deno.test("withChange() bounds the history even when each change is large", () => {
  let changed = runConfig;
  for (let step = 1; step <= 200; step++) {
    const corpus = { ...changed.corpus, path: "\u0001".repeat(4000) + step };
    changed = withChange(changed, { step, to: { ...changed, corpus } });
  }
  assert(JSON.stringify(changed).length < 2 ** 21);
  assertEquals(parseRunConfig(JSON.stringify(changed)), changed);
});
