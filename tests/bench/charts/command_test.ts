import { assertEquals, assertThrows } from "@std/assert";
import { plotCommand } from "../../../bench/charts/command.ts";
import { readCommandLine } from "../../../src/cli/args.ts";
import { InputError } from "../../../src/errors.ts";

const read = (...args: string[]) => readCommandLine(plotCommand, args).operands;

Deno.test("plotCommand takes a file and 1 to 4 runs", () => {
  assertEquals(read("out.svg", "a"), ["out.svg", "a"]);
  assertEquals(read("out.svg", "a", "b", "c", "d").length, 5);
  for (const args of [[], ["out.svg"], ["out.svg", "a", "b", "c", "d", "e"]]) {
    assertThrows(() => read(...args), InputError, "plot");
  }
});
