import { assert, assertEquals, assertMatch } from "@std/assert";
import { run, succeed, testProgram } from "./program.ts";

testProgram("notebooks runs all or the named one, with a seed", async (f) => {
  const all = await succeed(f, "notebooks");
  const names = [...all.matchAll(/^([a-z-]+): .* \(\d+\.\d\d s\)$/gm)].map(([, name]) => name);
  assertEquals(names, ["implement-rnn", "hope", "alphabet", "hello", "class"]);
  const resultsOf = (out: string) => out.replace(/\(.* s\)/, "");
  const one = await succeed(f, "notebooks", "hello", "--seed", "7");
  assertMatch(one, /^hello: [^]*in band\nuntrained loss, 100 seeds/);
  assertEquals(resultsOf(await succeed(f, "notebooks", "hello", "--seed=7")), resultsOf(one));
  const other = await succeed(f, "notebooks", "hello", "--seed", "8");
  assert(resultsOf(other) !== resultsOf(one));
  const full = await succeed(f, "notebooks", "hello", "--full");
  assertMatch(full, / 20 of 20 /);
  assertMatch(await succeed(f, "notebooks", "--help"), /^ {2}implement-rnn .*/m);
});

testProgram("notebooks rejects unknown names, options and seeds", async (f) => {
  for (
    const [args, line] of [
      [["poem"], /^error: Cannot run the notebook "poem": the notebooks are implement-rnn, hope, /],
      [
        ["hope", "hello"],
        /^error: Cannot run notebooks: it takes \[name\]; given: /,
      ],
      [["--seed", "-1"], /^error: Cannot run the notebooks: --seed must be a whole number from 0/],
      [["--quick"], /--quick: there is no such option/],
    ] as const
  ) {
    const { code, out, err } = await run(f, ["notebooks", ...args]);
    assertEquals([code, out], [2, ""]);
    assertMatch(err, line);
    assertEquals(err.split("\n").length, 2);
  }
});
