import { assert, assertEquals } from "@std/assert";
import { measureCurves, validationTimes } from "../../../bench/comparisons/loss_curves.ts";
import type { PreparedProgram } from "../../../bench/comparisons/measure.ts";
import { writeTask } from "../../../bench/comparisons/task.ts";
import { corpusFromText, resolveConfig } from "../../../src/mod.ts";

Deno.test("validationTimes() end with the run, and are closer to each other at its start", () => {
  const times = validationTimes(60);
  const gaps = times.map((time, i) => time - (times[i - 1] ?? 0));
  assertEquals(times.at(-1), 60);
  assert(gaps.every((gap, i) => i === 0 || gap > gaps[i - 1]!));
});

/** A program that trains half a second longer than it is asked to, and counts its validations. */
const code = `
console.log('{"ready": "1"}');
let validations = 0;
for await (const chunk of Deno.stdin.readable) {
  const [command, value] = new TextDecoder().decode(chunk).trim().split(" ");
  console.log(JSON.stringify(command === "validate"
    ? { validation_loss: 5 - validations++ }
    : { chars: 10, seconds: Number(value) + 0.5, loss: 1 }));
}`;

Deno.test({
  name: "measureCurves() validates each program after each part of the time (needs --allow-run)",
  ignore: ["run", "write", "read"].some((name) =>
    Deno.permissions.querySync({ name: name as "run" }).state !== "granted"
  ),
  async fn() {
    const corpus = corpusFromText("to be or not to be. ".repeat(50));
    const config = resolveConfig({ hidden: 4, seqLength: 5, batchSize: 2 });
    const folder = await Deno.makeTempDir();
    try {
      const task = await writeTask(corpus, { config, folder });
      const program: PreparedProgram = {
        ...{ name: "fake", isUnroll: false },
        commandOf: () => ({ command: Deno.execPath(), args: ["eval", code] }),
      };
      const rounds: number[] = [];
      const [first, second] = await measureCurves([program, program], {
        ...{ task, seconds: 100, onRound: (round: number) => rounds.push(round) },
      });
      assertEquals(first, second);
      assertEquals(rounds.length, validationTimes(100).length);
      assertEquals(first!.points.map(({ loss }) => loss), rounds.map((round) => 6 - round));
      // What a round took too long, the next one trains less.
      for (const [i, time] of validationTimes(100).entries()) {
        assert(Math.abs(first!.points[i]!.seconds - time - 0.5) < 1e-9);
        assertEquals(first!.points[i]!.chars, 10 * (i + 1));
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
