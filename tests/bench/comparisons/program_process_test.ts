import { assert, assertEquals, assertRejects } from "@std/assert";
import { ProgramProcess } from "../../../bench/comparisons/program_process.ts";
import { unrollProgram } from "../../../bench/comparisons/programs.ts";
import { writeTask } from "../../../bench/comparisons/task.ts";
import { UnrollLoss } from "../../../bench/comparisons/unroll_loss.ts";
import { resolveConfig } from "../../../src/model/resolve_config.ts";
import { readCorpus } from "../../../src/files/read_corpus.ts";

const permissions = ["read", "write", "run"] as const;
const ignore = permissions.some((name) => Deno.permissions.querySync({ name }).state !== "granted");
const needs = "(needs --allow-read, --allow-write and --allow-run)";
const text = "examples/alice.txt";

Deno.test({
  name: `ProgramProcess trains unroll, with the losses of UnrollLoss ${needs}`,
  ignore,
  async fn() {
    const corpus = await readCorpus(text);
    const config = resolveConfig({ hidden: 8, seqLength: 5, batchSize: 2 });
    const folder = await Deno.makeTempDir();
    try {
      const task = await writeTask(corpus, { config, folder });
      const commandOf = await unrollProgram(1).prepare({ folder, pythons: [] });
      await using process = await ProgramProcess.start(commandOf(task));
      const first = await process.train(0.01);
      const second = await process.train(0.000001);
      const third = await process.takeSteps(7);
      assertEquals(first.chars % 10, 0);
      assertEquals(second.chars, 10); // However short the time, one step is trained.
      assertEquals(third.chars, 70);
      assert(await process.validate() < Math.log(corpus.vocabulary.size));
      using loss = new UnrollLoss(corpus, config);
      assert(Math.abs(loss.mean(first.chars) - first.loss) < 1e-9);
      assert(loss.mean(10) > loss.mean(5000));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
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
