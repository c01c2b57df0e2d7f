import { assertEquals, assertRejects } from "@std/assert";
import { type LaunchContext, listPrograms } from "../../../bench/comparisons/programs.ts";

const context: LaunchContext = {
  text: "text.txt",
  ids: "ids",
  vocabulary: 65,
  folder: "folder",
  pythons: ["no-such-python"],
};
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
  name: "Program.prepare() names the interpreters that it tried (needs --allow-run)",
  ignore: Deno.permissions.querySync({ name: "run" }).state !== "granted",
  async fn() {
    const numpy = listPrograms(1).find(({ name }) => name.startsWith("NumPy"))!;
    await assertRejects(() => numpy.prepare(context), Error, "no-such-python");
  },
});
