/** Dropping until a share of the run, by whatever limits it. */
import { assertEquals, assertNotEquals } from "@std/assert";
import type { Checkpoint } from "../../src/model/checkpoint.ts";
import type { ConfigInput } from "../../src/model/config.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import type { Limits } from "../../src/train/schedule.ts";
import { train } from "../../src/train/train.ts";

const corpus = corpusFromText("row, row, row your boat, gently down the stream. ".repeat(20));
const network = { layers: 2, hidden: 8, seq: 7, batch: 2, seed: 3 } as const;
const dropping: ConfigInput = { ...network, dropout: 0.4 };
const until = (dropoutUntil: number): ConfigInput => ({ ...dropping, dropoutUntil });

async function weights(config: ConfigInput, limits: Limits, resume?: Checkpoint) {
  const { parameters, progress } = await train(corpus, {
    ...limits,
    config,
    threads: 1,
    ...resume ? { resume } : {},
  });
  return { parameters, step: progress.step };
}

for (const share of [0.1, 0.5, 0.74, 0.76]) {
  Deno.test(`until ${share} of 40 steps it drops, and not from there on`, async () => {
    const first = await train(corpus, { config: dropping, steps: Math.ceil(share * 40) });
    const parts = await weights({ dropout: 0 }, { steps: 40 }, first);
    assertEquals(await weights(until(share), { steps: 40 }), parts);
    assertNotEquals(await weights(dropping, { steps: 40 }), parts);
  });
}

Deno.test("it counts passes over the text as steps, and all of a run when nothing else is said", async () => {
  const all = await train(corpus, { config: until(0.5), epochs: 1 });
  const steps = all.progress.step;
  assertEquals((await weights(until(0.5), { steps })).parameters, all.parameters);
  assertEquals(await weights(until(1), { steps }), await weights(dropping, { steps }));
});

Deno.test("by time it drops until that time has come", async () => {
  // A share so small that its time has come before the first step, and so much time that none has.
  const late = await weights(until(1e-9), { minutes: 10, steps: 2 });
  assertEquals(late, await weights(network, { steps: 2 }));
  assertNotEquals(late, await weights(dropping, { steps: 2 }));
  const early = await weights(until(0.5), { minutes: 1e6, steps: 2 });
  const one = await train(corpus, { config: dropping, steps: 1 });
  assertEquals(early, await weights({ dropout: 0 }, { steps: 2 }, one));
});

Deno.test("a later limit lets a run that had ceased to drop drop again", async () => {
  const ended = await train(corpus, { config: until(0.5), steps: 20 });
  assertEquals(ended.progress.step, 20);
  const more = await weights({}, { steps: 100 }, ended);
  const dropped = await train(corpus, { config: { dropoutUntil: 1 }, steps: 50, resume: ended });
  assertEquals(more, await weights({ dropout: 0 }, { steps: 100 }, dropped));
});
