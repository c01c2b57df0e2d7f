import { assertEquals, assertRejects } from "@std/assert";
import {
  type LaunchContext,
  listPrograms,
  torchProgram,
} from "../../../bench/comparisons/programs.ts";

const context: LaunchContext = { folder: "folder", pythons: ["no-such-python", "nor-this"] };
const namesOf = (cores: number) => listPrograms(cores).map(({ name }) => name);

Deno.test("listPrograms() has multi-threaded programs only if there are several cores", () => {
  assertEquals(namesOf(1).filter((name) => /unroll|PyTorch/.test(name)), [
    "unroll, 1 thread",
    "PyTorch, 1 thread",
  ]);
  assertEquals(namesOf(4).filter((name) => name.startsWith("unroll")), [
    "unroll, 1 thread",
    "unroll, 4 threads",
  ]);
});

Deno.test({
  name: "Program.prepare() names the interpreters that it tried, and what to install " +
    "(needs --allow-run)",
  ignore: Deno.permissions.querySync({ name: "run" }).state !== "granted",
  async fn() {
    const numpy = listPrograms(1).find(({ library }) => library === "numpy")!;
    await assertRejects(
      () => numpy.prepare(context),
      Error,
      '"no-such-python" or "nor-this" cannot import numpy; install it with "pip install numpy", or ' +
        'in Debian with "apt install python3-numpy"',
    );
    await assertRejects(() => torchProgram(1).prepare(context), Error, "python3-torch");
  },
});
