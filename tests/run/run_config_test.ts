import { assert, assertEquals } from "@std/assert";
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
