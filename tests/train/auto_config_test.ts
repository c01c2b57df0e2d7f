import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { corpusFromText } from "../../src/text/corpus.ts";
import { resolveConfig } from "../../src/model/config.ts";
import { splitCorpus } from "../../src/text/split.ts";
import type { LimitOptions } from "../../src/train/limits.ts";
import { autoConfig } from "../../src/train/auto_config.ts";
import { train } from "../../src/train/train.ts";
import { createTrainer } from "../trainers.ts";

Deno.test("a longer text, and more time, choose a larger network", () => {
  const sizeOf = (chars: number, minutes?: number) => {
    const { layers, hidden } =
      autoConfig(chars, {}, minutes === undefined ? {} : { minutes }).config;
    return layers * hidden;
  };
  const lengths = [1e3, 29_999, 30_000, 299_999, 300_000, 1e6, 1e8];
  assertEquals(lengths.map((chars) => sizeOf(chars)), [64, 64, 128, 128, 192, 192, 192]);
  assertEquals([1, 2, 3, 60].map((minutes) => sizeOf(1e6, minutes)), [192, 192, 512, 512]);
  assertEquals(sizeOf(1e4, 600), 64);
});

Deno.test("what is given wins, and what goes with it comes along", () => {
  const configOf = (given: Parameters<typeof autoConfig>[1]) => autoConfig(1e6, given).config;
  assertEquals(configOf({ hidden: 7, cell: "lstm" }).cell, "lstm");
  assertEquals(configOf({ hidden: 7 }).hidden, 7);
  const droppingOf = (given: Parameters<typeof autoConfig>[1], minutes = 10) => {
    const { dropout, dropoutFrom, dropoutUntil } = autoConfig(1e6, given, { minutes }).config;
    return [dropout, dropoutFrom, dropoutUntil];
  };
  assertEquals(droppingOf({}), [0.1, 0.7, 0.85]);
  // Read a few times only, or not by the network that would learn it by heart.
  assertEquals(droppingOf({}, 5), [0, 0, 1]);
  for (const given of [{ layers: 1 }, { layers: 2 }, { dropout: 0 }]) {
    assertEquals(droppingOf(given), [0, 0, 1]);
  }
  assertEquals(droppingOf({ dropout: 0.3 }), [0.3, 0, 0.85]);
  assertEquals(droppingOf({ dropoutUntil: 0.4 }), [0.1, 0, 0.4]);
  assertEquals(droppingOf({ dropoutFrom: 0.9 }), [0.1, 0.9, 1]);
  const [network, , rule] = autoConfig(1e6, {}, { minutes: 10 }).choices;
  assertEquals(
    network!.what,
    "gru, 2 layers of 256 hidden units, dropout 0.1 from 0.7 to 0.85 of the run",
  );
  assertEquals(rule!.what, "adamw, lr 0.012, inverse-sqrt, cooldown 0.2, average 0.1");
  const cooldownOf = (given: Parameters<typeof autoConfig>[1], minutes: number) =>
    autoConfig(1e6, given, { minutes }).config.cooldown;
  assertEquals([1, 10].map((minutes) => cooldownOf({}, minutes)), [0, 0.2]);
  assertEquals(cooldownOf({ lrSchedule: "constant" }, 10), 0);
  // A higher rate is for what it was tried with.
  const rateOf = (given: Parameters<typeof autoConfig>[1], minutes = 10) =>
    autoConfig(1e6, given, { minutes }).config.lr;
  assertEquals([rateOf({}), rateOf({ hidden: 512 }), rateOf({}, 5)], [0.012, 0.006, 0.006]);
  assertEquals([rateOf({ layers: 1 }), rateOf({ lrSchedule: "constant" })], [0.006, 0.006]);
  assertEquals([rateOf({ cell: "lstm" }), rateOf({ cell: "rnn" })], [0.01, 0.004]);
  const { lrSchedule, weightAverage, lr } = configOf({ optimizer: "adagrad" });
  assertEquals([lrSchedule, weightAverage, lr], ["constant", 0, 0.05]);
  assertEquals(configOf({ optimizer: "adam" }).weightDecay, 0);
  // A rate that falls from its warm-up has no place without one, or beside another schedule.
  for (const given of [{ warmup: 0 }, { lrSchedule: "constant" }] as const) {
    const { lrSchedule, warmup } = configOf(given);
    assertEquals([lrSchedule, warmup], ["constant", 0]);
  }
  assertEquals([512, 513].map((hidden) => configOf({ hidden }).init), ["orthogonal", "xavier"]);
  assertEquals(autoConfig(1e6, { preset: "min-char-rnn" }).choices, []);
  assertEquals(configOf({ preset: "min-char-rnn" }).hidden, 100);
});

Deno.test("of a long text at most a million characters are held out, unless a share is given", () => {
  const heldOut = (chars: number, given: Parameters<typeof autoConfig>[1] = {}) =>
    splitCorpus(chars, autoConfig(chars, given).config, 2).validation.map(([a, b]) => b - a);
  assertEquals([1e6, 2e7].map((chars) => heldOut(chars)), [[5e4], [1e6]]);
  assertEquals([4e7, 2 ** 31].map((chars) => heldOut(chars)), [[1e6], [1e6]]);
  assertEquals(heldOut(4e7, { preset: "min-char-rnn" }), [1e6]);
  assertEquals(heldOut(4e7, { preset: "torch-rnn" }), [4e6]);
  assertEquals(heldOut(4e7, { valFraction: 0.05 }), [2e6]);
  assertEquals(resolveConfig().valFraction, 0.05);
});

Deno.test("steps and epochs choose nothing, so that limits can be changed on the way", () => {
  const limits: LimitOptions[] = [{}, { steps: 3 }, { epochs: 0.5 }, { steps: 1e6, epochs: 9 }];
  const [first, ...others] = limits.map((limits) => autoConfig(1e6, {}, limits).config);
  for (const other of others) assertEquals(other, first);
});

Deno.test("every text of three characters or more can be trained with what is chosen", () => {
  fc.assert(fc.property(fc.integer({ min: 3, max: 100_000 }), (length) => {
    const text = "abc".repeat(length).slice(0, length);
    const corpus = corpusFromText(text);
    using trainer = createTrainer(corpus, autoConfig(length, { hidden: 4 }).config, { threads: 1 });
    assert(Number.isFinite(trainer.step()));
  }));
});

Deno.test("what is chosen learns a short text", async () => {
  const corpus = corpusFromText("she sells sea shells by the sea shore. ".repeat(60));
  const { config, choices } = autoConfig(corpus.length);
  assertEquals(choices.length, 3);
  const { progress } = await train(corpus, { config, steps: 600, threads: 1 });
  assert(progress.validationLoss! < 0.15, `${progress.validationLoss}`);
});
