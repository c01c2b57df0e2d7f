import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { compareCommand, readLibraries } from "../../../bench/comparisons/command.ts";
import { readCommandLine } from "../../../src/cli/args.ts";
import { InputError } from "../../../src/errors.ts";

const ignore = Deno.permissions.querySync({ name: "read" }).state !== "granted";

for (
  const [option, args] of [
    ["networks", ["--networks", "gru"]],
    ["programs", ["--programs", "jax"]],
    ["minutes", ["--minutes", "0"]],
    ["minutes", ["--minutes", "Infinity"]],
    ["chart", ["--chart", "loss.svg"]],
    ["networks", [
      ...["--minutes", "1", "--chart", "loss.svg"],
      ...["--networks", "rnn-100,rnn-128,rnn-256,gru-192,defaults"],
    ]],
    ["seconds", ["--seconds", "0"]],
  ] as const
) {
  Deno.test({
    name: `deno task compare refuses ${args.join(" ")} (needs --allow-read)`,
    ignore,
    async fn() {
      const line = readCommandLine(compareCommand, [...args]);
      const error = await assertRejects(async () => await compareCommand.run(line), InputError);
      assertEquals(error.option, option);
    },
  });
}

Deno.test("readLibraries() takes names with commas between them, or all", () => {
  assertEquals(readLibraries("numpy, c"), ["numpy", "c"]);
  assertEquals(readLibraries(undefined), ["pytorch", "numpy", "c", "tfjs"]);
  assertThrows(() => readLibraries("pytorch,"), InputError);
});
