import { assert, assertEquals, assertMatch } from "@std/assert";
import { notebooksCommand } from "../../examples/notebooks/main.ts";
import { assertOneLine, runInside, succeed, testProgram } from "./program.ts";

testProgram("notebooks runs all of them, with the permissions of its task", async (f) => {
  const all = await succeed(f, "notebooks");
  const names = [...all.matchAll(/^([a-z-]+): .* \(\d+\.\d\d s\)$/gm)].map(([, name]) => name);
  assertEquals(names, ["implement-rnn", "hope", "alphabet", "hello", "class"]);
});

const notebooks = (...args: string[]) => runInside(["notebooks", ...args], [notebooksCommand]);

Deno.test("notebooks runs the one that is named, from a seed", async () => {
  const figures = async (...args: string[]) => {
    const { code, out, err } = await notebooks("hello", ...args);
    assertEquals([code, err], [0, ""]);
    return out.replace(/\(.* s\)/, "");
  };
  const one = await figures("--seed", "7");
  assertMatch(one, /^hello: [^]*in band\nuntrained loss, 100 seeds/);
  assertEquals(await figures("--seed=7"), one);
  assert(await figures("--seed", "8") !== one);
  assertMatch(await figures("--full"), / 20 of 20 /);
  assertMatch((await notebooks("--help")).out, /^ {2}implement-rnn .*/m);
});

Deno.test("notebooks rejects an unknown notebook, option or seed", async () => {
  for (
    const [args, line] of [
      [["poem"], /^Cannot run the notebook "poem": the notebooks are implement-rnn, hope, /],
      [["hope", "hello"], /^Cannot run notebooks: it takes \[name\]; given: "hope" "hello"/],
      [["--seed", "-1"], /^Cannot run the notebooks: --seed must be a whole number from 0/],
      [["--quick"], /^Cannot run notebooks with --quick: there is no such option/],
    ] as const
  ) assertOneLine(await notebooks(...args), 2, line, args);
});
