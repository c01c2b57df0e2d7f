import { assert, assertEquals, assertRejects } from "@std/assert";
import { UnrollLoss } from "../../../bench/comparisons/unroll_loss.ts";
import { ProgramProcess } from "../../../bench/comparisons/program_process.ts";
import { readCorpus } from "../../../src/text/corpus.ts";

const permissions = ["read", "run"] as const;
const ignore = permissions.some((name) => Deno.permissions.querySync({ name }).state !== "granted");
const needs = "(needs --allow-read and --allow-run)";
const text = "examples/alice.txt";

Deno.test({
  name: `unroll as a program learns what the comparison of losses expects ${needs}`,
  ignore,
  async fn() {
    const args = [
      "run",
      "--allow-read",
      "bench/comparisons/programs/unroll_rnn.ts",
      text,
      "8",
      "5",
      "2",
      "1",
    ];
    const [program] = await ProgramProcess.start({ command: Deno.execPath(), args });
    const first = await program.round(0.01);
    const second = await program.round(0.000001);
    await program.close();
    assertEquals(first.chars % 10, 0);
    assertEquals(second.chars, 10); // A step at least, and no more.
    using losses = new UnrollLoss(await readCorpus(text), {
      hidden: 8,
      seqLength: 5,
      batchSize: 2,
    });
    assert(Math.abs(losses.mean(first.chars) - first.loss) < 1e-9);
    assert(losses.mean(10) > first.loss || first.chars === 10);
  },
});

Deno.test({
  name: `of a program that fails, the last line that it wrote is told ${needs}`,
  ignore,
  async fn() {
    const start = { command: Deno.execPath(), args: ["eval", "throw 'no luck'"] };
    await assertRejects(() => ProgramProcess.start(start), Error, "no luck");
  },
});
