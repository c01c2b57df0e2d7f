import { assertEquals, assertRejects } from "@std/assert";
import { writeTask } from "../../../bench/comparisons/task.ts";
import { piecesOf } from "../../../src/evaluate/pieces.ts";
import { InputError } from "../../../src/errors.ts";
import { corpusFromText, resolveConfig, Trainer } from "../../../src/mod.ts";

const ignore = ["read", "write"].some((name) =>
  Deno.permissions.querySync({ name: name as "read" }).state !== "granted"
);
const corpus = corpusFromText("abcdefghij".repeat(100));

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test({
  name: "writeTask() writes ids and the trainer's initial weights (needs --allow-write)",
  ignore,
  fn: () =>
    inFolder(async (folder) => {
      const config = resolveConfig({ cell: "gru", hidden: 4, seqLength: 5, batchSize: 2 });
      const { task, path } = await writeTask(corpus, { config, folder, run: { seconds: 9 } });
      assertEquals(JSON.parse(await Deno.readTextFile(path)), JSON.parse(JSON.stringify(task)));
      const ids = new Uint32Array((await Deno.readFile(task.ids)).buffer);
      assertEquals(ids, corpus.read(0, corpus.length));
      using trainer = Trainer.create(corpus, config);
      const { parameters } = trainer.model();
      const weights = Object.values(parameters).flatMap((array) => Array.from(array));
      assertEquals([...new Float32Array((await Deno.readFile(task.weights)).buffer)], weights);
      assertEquals(task.parameters.map(([name]) => name), Object.keys(parameters));
      assertEquals(task.run, { seconds: 9 });
    }),
});

Deno.test({
  name: "writeTask() writes where streams and validation part are (needs --allow-write)",
  ignore,
  fn: () =>
    inFolder(async (folder) => {
      const options = { hidden: 4, seqLength: 5, batchSize: 2, valFraction: 0.1 };
      const end = await writeTask(corpus, { config: resolveConfig(options), folder });
      assertEquals(end.task.streams, { starts: [0, 450], length: 450 });
      assertEquals(end.task.validation, [{ start: 900, from: 900, end: 1000 }]);
      const config = resolveConfig({ ...options, holdout: "streams" });
      const streams = await writeTask(corpus, { config, folder });
      assertEquals(streams.task.streams, { starts: [0, 500], length: 450 });
      assertEquals(streams.task.validation, [...piecesOf([[450, 500], [950, 1000]])]);
    }),
});

Deno.test({
  name: "writeTask() refuses a training of lines (needs --allow-write)",
  ignore,
  fn: () =>
    inFolder(async (folder) => {
      const config = resolveConfig({ holdout: "lines" });
      const writing = writeTask(corpusFromText("ab\ncd\n".repeat(99)), { config, folder });
      const error = await assertRejects(() => writing, InputError);
      assertEquals(error.option, "holdout");
    }),
});
