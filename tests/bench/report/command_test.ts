import { assertEquals, assertThrows } from "@std/assert";
import { readThreadCounts, reportCommand } from "../../../bench/report/command.ts";
import { readCommandLine } from "../../../src/cli/args.ts";
import { InputError } from "../../../src/errors.ts";

const read = (cores: number, ...args: string[]) =>
  readThreadCounts(readCommandLine(reportCommand, args), cores);

Deno.test("readThreadCounts() is 1, and 2 or --threads if there are as many cores", () => {
  assertEquals(read(1), [1]);
  assertEquals(read(2), [1, 2]);
  assertEquals(read(8), [1, 2]);
  assertEquals(read(8, "--threads", "6"), [1, 6]);
  assertEquals(read(8, "--threads", "1"), [1]);
});

Deno.test("readThreadCounts() rejects more threads than cores, and fractions", () => {
  for (const threads of ["0", "3", "1.5"]) {
    const error = assertThrows(() => read(2, "--threads", threads), InputError, "from 1 to 2");
    assertEquals(error.option, "threads");
  }
});

Deno.test("reportCommand has no other spelling of --threads", () => {
  assertThrows(() => read(2, "--thread", "1"), InputError, "--thread");
});
