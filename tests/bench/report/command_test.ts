import { assertEquals, assertThrows } from "@std/assert";
import { reportCommand, threadsOf } from "../../../bench/report/command.ts";
import { readCommandLine } from "../../../src/cli/args.ts";
import { InputError } from "../../../src/errors.ts";

const read = (cores: number, ...args: string[]) =>
  threadsOf(readCommandLine(reportCommand, args), cores);

Deno.test("steps are measured with one thread, and with two where there are two cores", () => {
  assertEquals(read(1), [1]);
  assertEquals(read(2), [1, 2]);
  assertEquals(read(8), [1, 2]);
  assertEquals(read(8, "--threads", "6"), [1, 6]);
  assertEquals(read(8, "--threads", "1"), [1]);
});

Deno.test("threads without a core of their own are refused, as are unknown options", () => {
  for (const threads of ["0", "3", "1.5"]) {
    assertThrows(() => read(2, "--threads", threads), InputError, "from 1 to 2");
  }
  assertThrows(() => read(2, "--thread", "1"), InputError, "--thread");
});
