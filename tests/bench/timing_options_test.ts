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

Deno.test("readTimingOptions() takes numbers from the options, or from the defaults", () => {
  assertEquals(read(), defaults);
  assertEquals(read("--rounds", "3", "--seconds=0.25"), { rounds: 3, seconds: 0.25 });
});

Deno.test("readTimingOptions() rejects numbers out of range and names the option", () => {
  const wrong = {
    rounds: ["0", "1.5", "-2", "10001"],
    seconds: ["0", "-1", "3601", "Infinity"],
  };
  for (const [option, values] of Object.entries(wrong)) {
    for (const value of values) {
      const error = assertThrows(() => read(`--${option}`, value), InputError, `not ${value}`);
      assertEquals(error.option, option);
    }
  }
});
