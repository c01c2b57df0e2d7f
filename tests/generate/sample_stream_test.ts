import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { sample, sampleStream } from "../../src/generate/sampler.ts";
import { modelOf, overflowingModelOf } from "./models.ts";

const model = modelOf("the cat sat on the mat 🌧.\n");

Deno.test("sampleStream() yields the characters of sample() one by one", async () => {
  for (
    const options of [
      { length: 60 },
      { prompt: "the", length: 60, temperature: 1.5, topK: 5, topP: 0.9, seed: 8 },
      { prompt: "cat", length: 40, greedy: true },
      { length: 200, stop: "🌧", seed: 2 },
      { length: 0 },
    ]
  ) {
    const characters = await Array.fromAsync(sampleStream(model, options));
    assert(characters.every((character) => [...character].length === 1));
    assertEquals(characters.join(""), sample(model, options));
  }
});

Deno.test("sampleStream() yields to the event loop, and stops at a break", async () => {
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  for await (const _ of sampleStream(model, { length: Number.MAX_SAFE_INTEGER })) {
    if (turns === 3) break;
  }
  clearInterval(timer);
});

Deno.test("sampleStream() rejects wrong options at the call", () => {
  assertThrows(() => sampleStream(model, { temperature: 0 }), InputError, '"temperature"');
  assertThrows(() => sampleStream(model, { prompt: "☃" }), InputError, "U+2603");
});

Deno.test("sampleStream() rejects with a RangeError for logits that are not finite", async () => {
  const overflowing = overflowingModelOf("the cat sat on the mat.\n");
  await assertRejects(() => Array.fromAsync(sampleStream(overflowing)), RangeError, "not finite");
});
