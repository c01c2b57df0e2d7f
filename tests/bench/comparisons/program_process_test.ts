import { assert, assertEquals, assertRejects } from "@std/assert";
import { ProgramProcess } from "../../../bench/comparisons/program_process.ts";
import { UnrollLoss } from "../../../bench/comparisons/unroll_loss.ts";
import { readCorpus } from "../../../src/files/read_corpus.ts";

const permissions = ["read", "run"] as const;
const ignore = permissions.some((name) => Deno.permissions.querySync({ name }).state !== "granted");
const needs = "(needs --allow-read and --allow-run)";
const text = "examples/alice.txt";

Deno.test({
  name: `ProgramProcess trains unroll, with the losses of UnrollLoss ${needs}`,
  ignore,
  async fn() {
    const program = "bench/comparisons/programs/unroll_rnn.ts";
    const args = ["run", "--allow-read", program, text, "8", "5", "2", "1"];
    await using process = await ProgramProcess.start({ command: Deno.execPath(), args });
    const first = await process.train(0.01);
    const second = await process.train(0.000001);
    assertEquals(first.chars % 10, 0);
    assertEquals(second.chars, 10); // However short the time, one step is trained.
    using loss = new UnrollLoss(await readCorpus(text), { hidden: 8, seqLength: 5, batchSize: 2 });
    assert(Math.abs(loss.mean(first.chars) - first.loss) < 1e-9);
    assert(loss.mean(10) > loss.mean(5000));
  },
});

for (
  const { behavior, code, message } of [
    { behavior: "reports the last line of standard error", code: "throw 'oops'", message: "oops" },
    { behavior: "quotes an unexpected line", code: "console.log('hello')", message: "hello" },
  ]
) {
  Deno.test({
    name: `ProgramProcess.start() ${behavior} ${needs}`,
    ignore,
    async fn() {
      const start = ProgramProcess.start({ command: Deno.execPath(), args: ["eval", code] });
      await assertRejects(() => start, Error, message);
    },
  });
}
