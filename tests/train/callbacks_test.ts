/** The callbacks of `train`: their order, and that each is awaited. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { resolveConfig } from "../../src/model/resolve_config.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import type { TrainOptions } from "../../src/train/options.ts";
import { countChars } from "../../src/text/split.ts";
import { createTrainer, trainLatest } from "../trainers.ts";

const corpus = corpusFromText("she sells sea shells by the sea shore. ".repeat(30));
const config = resolveConfig({ hidden: 8, seqLength: 10, batchSize: 2 });

/** Callbacks that record their calls (but those of onStatus), each of which takes a while. */
function recorder(): { calls: string[]; options: TrainOptions } {
  const calls: string[] = [];
  let busy = false;
  const record = async (call: string) => {
    assert(!busy, `${call} before another call was done`);
    busy = true;
    await new Promise((resolve) => setTimeout(resolve, 1));
    calls.push(call);
    busy = false;
  };
  return {
    calls,
    options: {
      onStart: (trainer, limits) => record(`start ${trainer.steps} of ${limits.steps}`),
      onLog: ({ step, validationLoss }) =>
        record(`log ${step}${validationLoss === null ? "" : " val"}`),
      onSample: (_, step) => record(`sample ${step}`),
      onCheckpoint: ({ progress }, kind) => record(`${kind} ${progress.step}`),
    },
  };
}

Deno.test("train() awaits its callbacks, one at a time and in order", async () => {
  const { calls, options } = recorder();
  await trainLatest(corpus, { config, steps: 5, logEvery: 2, sampleEvery: 4, ...options });
  assertEquals(calls, [
    "start 0 of 5",
    "log 1",
    "log 2",
    "log 4",
    "sample 4",
    "log 5 val",
    "best 5",
    "latest 5",
  ]);
});

Deno.test("train() validates about once an epoch, and saves only a lower loss as the best", async () => {
  const { calls, options } = recorder();
  const losses: number[] = [];
  await trainLatest(corpus, {
    config: { ...config, lr: 0.3 },
    steps: 400,
    logEvery: 1,
    sampleEvery: 0,
    ...options,
    onLog({ step, validationLoss }) {
      if (validationLoss === null) return;
      losses.push(validationLoss);
      calls.push(`validated ${step}`);
    },
  });
  const { validation } = createTrainer(corpus, config).split;
  const every = Math.ceil(20 * countChars(validation) / 20);
  const expected = Array.from({ length: Math.floor(400 / every) }, (_, i) => (i + 1) * every);
  if (expected.at(-1) !== 400) expected.push(400);
  assertEquals(
    calls.filter((call) => call.startsWith("validated")),
    expected.map((step) => `validated ${step}`),
  );
  const best = expected.filter((_, i) => losses[i]! < Math.min(Infinity, ...losses.slice(0, i)));
  assert(best.length < expected.length, "the model must overfit for this test");
  assertEquals(
    calls.filter((call) => call.startsWith("best")),
    best.map((step) => `best ${step}`),
  );
});

Deno.test("train() with an aborted signal takes no step, but calls onStart, onLog and onCheckpoint", async () => {
  const { calls, options } = recorder();
  const aborted = { ...options, signal: AbortSignal.abort() };
  const { parameters, progress } = await trainLatest(corpus, { config, steps: 9, ...aborted });
  assertEquals(calls, ["start 0 of 9", "log 0", "latest 0"]);
  assertEquals(progress.step, 0);
  assertEquals(parameters, createTrainer(corpus, config).model().parameters);
});

Deno.test("train() yields to the event loop, so that a timer can abort it", async () => {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), 50);
  const { calls, options } = recorder();
  const { progress } = await trainLatest(corpus, {
    config,
    steps: 10 ** 12,
    sampleEvery: 0,
    signal: controller.signal,
    ...options,
  });
  clearTimeout(timer);
  assert(progress.step > 0);
  assertEquals(calls.at(-1), `latest ${progress.step}`);
  assertEquals(calls.filter((call) => call.startsWith("latest")).length, 1);
});

Deno.test("train() throws what a callback throws", async () => {
  for (const name of ["onStart", "onLog", "onSample", "onCheckpoint", "onStatus"] as const) {
    const failing = () => {
      throw new Error(`${name} failed`);
    };
    const options = { config, steps: 3, sampleEvery: 1, [name]: failing };
    await assertRejects(() => trainLatest(corpus, options), Error, `${name} failed`);
  }
});
