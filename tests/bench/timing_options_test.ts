import { assertEquals, assertThrows } from "@std/assert";
import { readTimingOptions, timingOptions } from "../../bench/timing_options.ts";
import { type Command, readCommandLine } from "../../src/cli/args.ts";
import { InputError } from "../../src/errors.ts";

const defaults = { rounds: 5, seconds: 0.5 };
const command: Command = {
  name: "test",
  summary: "",
  operands: [],
  options: timingOptions(defaults),
  notes: [],
  run: () => 0,
};
const read = (...args: string[]) => readTimingOptions(readCommandLine(command, args), defaults);

Deno.test("rounds and seconds come from the options, or from the defaults", () => {
  assertEquals(read(), defaults);
  assertEquals(read("--rounds", "3", "--seconds=0.25"), { rounds: 3, seconds: 0.25 });
});

Deno.test("rounds and seconds out of range are refused", () => {
  for (const rounds of ["0", "1.5", "-2", "10001"]) {
    assertThrows(() => read("--rounds", rounds), InputError, `not ${rounds}`);
  }
  for (const seconds of ["0", "-1", "3601", "Infinity"]) {
    assertThrows(() => read("--seconds", seconds), InputError, `not ${seconds}`);
  }
});
