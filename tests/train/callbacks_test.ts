/** Whom `train` tells what, in which order, and that it waits for them. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { resolveConfig } from "../../src/model/resolve_config.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import type { TrainOptions } from "../../src/train/options.ts";
import { train } from "../../src/train/train.ts";
import { countChars } from "../../src/text/split.ts";
import { createTrainer } from "../trainers.ts";

const corpus = corpusFromText("she sells sea shells by the sea shore. ".repeat(30));
const config = resolveConfig({ hidden: 8, seqLength: 10, batchSize: 2 });

/** Notes every call but the live ones, and pretends that each takes its time. */
function listener(): { calls: string[]; options: TrainOptions } {
  const calls: string[] = [];
  let busy = false;
  const note = async (call: string) => {
    assert(!busy, `${call} while another call was not done`);
    busy = true;
    await new Promise((resolve) => setTimeout(resolve, 1));
    calls.push(call);
    busy = false;
  };
  return {
    calls,
    options: {
      onStart: (trainer, schedule) => note(`start ${trainer.steps} of ${schedule.steps}`),
      onLog: ({ step, validationLoss }) =>
        note(`report ${step}${validationLoss === null ? "" : " val"}`),
      onSample: (_, step) => note(`sample ${step}`),
      onCheckpoint: ({ progress }, kind) => note(`${kind} ${progress.step}`),
    },
  };
}

Deno.test("calls come one at a time: start, reports, samples, the best, and the latest", async () => {
  const { calls, options } = listener();
  await train(corpus, { config, steps: 5, logEvery: 2, sampleEvery: 4, ...options });
  assertEquals(calls, [
    "start 0 of 5",
    "report 1",
    "report 2",
    "report 4",
    "sample 4",
    "report 5 val",
    "best 5",
    "latest 5",
  ]);
});

Deno.test("a text is validated about once a pass, and only a better model is called the best", async () => {
  const { calls, options } = listener();
  const losses: number[] = [];
  await train(corpus, {
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
  const wanted = Array.from({ length: Math.floor(400 / every) }, (_, i) => (i + 1) * every);
  if (wanted.at(-1) !== 400) wanted.push(400);
  assertEquals(
    calls.filter((call) => call.startsWith("validated")),
    wanted.map((step) => `validated ${step}`),
  );
  const best = wanted.filter((_, i) => losses[i]! < Math.min(Infinity, ...losses.slice(0, i)));
  assert(best.length < wanted.length, "the text must be overlearnt for this test");
  assertEquals(
    calls.filter((call) => call.startsWith("best")),
    best.map((step) => `best ${step}`),
  );
});

Deno.test("a run that is over before it begins tells its start and its end", async () => {
  const { calls, options } = listener();
  const aborted = { ...options, signal: AbortSignal.abort() };
  const { parameters, progress } = await train(corpus, { config, steps: 9, ...aborted });
  assertEquals(calls, ["start 0 of 9", "report 0", "latest 0"]);
  assertEquals(progress.step, 0);
  assertEquals(parameters, createTrainer(corpus, config).model().parameters);
});

Deno.test("a timer can abort a run: steps let the event loop have its turn", async () => {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), 50);
  const { calls, options } = listener();
  const { progress } = await train(corpus, {
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

Deno.test("what a listener throws ends the run", async () => {
  for (const name of ["onStart", "onLog", "onSample", "onCheckpoint", "onStatus"] as const) {
    const failing = () => {
      throw new Error(`${name} failed`);
    };
    const options = { config, steps: 3, sampleEvery: 1, [name]: failing };
    await assertRejects(() => train(corpus, options), Error, `${name} failed`);
  }
});
