import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  formatNetwork,
  listNetworks,
  networkNames,
  selectNetworks,
  speedConfig,
} from "../../../bench/comparisons/networks.ts";
import { InputError } from "../../../src/errors.ts";
import { autoConfig, corpusFromText, resolveConfig } from "../../../src/mod.ts";

const corpus = corpusFromText("to be or not to be. ".repeat(2000));
const configOf = (name: string, minutes?: number) =>
  listNetworks(corpus, minutes === undefined ? {} : { minutes })
    .find((network) => network.name === name)!.config;

Deno.test("listNetworks() has the automatic configuration of the text, and char-rnn's preset", () => {
  assertEquals(listNetworks(corpus).map(({ name }) => name), networkNames);
  assertEquals(configOf("defaults"), autoConfig(corpus).config);
  assertEquals(configOf("defaults", 60), autoConfig(corpus, {}, { minutes: 60 }).config);
  const chars = corpus.length;
  assertEquals(configOf("char-rnn"), resolveConfig({ preset: "char-rnn" }, { chars }));
});

Deno.test("listNetworks() has every cell", () => {
  const cells = new Set(listNetworks(corpus).map(({ config: { cell } }) => cell));
  assertEquals([...cells].toSorted(), ["gru", "lstm", "rnn"]);
});

Deno.test("selectNetworks() takes the named networks, and refuses other names", () => {
  const networks = listNetworks(corpus);
  assertEquals(selectNetworks(networks, undefined), networks);
  const names = selectNetworks(networks, "char-rnn, rnn-100").map(({ name }) => name);
  assertEquals(names, ["rnn-100", "char-rnn"]);
  const error = assertThrows(() => selectNetworks(networks, "defaults,gru"), InputError, '"gru"');
  assertEquals(error.option, "networks");
});

Deno.test("speedConfig() leaves out schedules, dropout and parts that are held out", () => {
  const config = resolveConfig({
    ...{ cell: "gru", layers: 2, optimizer: "adamw", dropout: 0.1, dropoutFrom: 0.5 },
    ...{ lrSchedule: "inverse-sqrt", warmup: 9, cooldown: 0.2, resetEvery: 7, holdout: "streams" },
    confidencePenalty: 0.1,
  });
  const plain = speedConfig(config);
  // It is a configuration that a user could write.
  assertEquals(resolveConfig(plain), plain);
  for (
    const key of [
      "warmup",
      "cooldown",
      "resetEvery",
      "dropout",
      "confidencePenalty",
      "valFraction",
    ] as const
  ) {
    assertEquals(plain[key], 0, key);
  }
  assertEquals(plain.lrSchedule, "constant");
  assert(plain.layers === 2 && plain.optimizer === "adamw" && plain.weightDecay > 0);
});

Deno.test("formatNetwork() prints cell, sizes and optimizer", () => {
  assertEquals(formatNetwork(configOf("char-rnn")), "LSTM, H 2 × 128, T 50, B 50, rmsprop");
  assertEquals(formatNetwork(configOf("rnn-100")), "RNN, H 100, T 25, B 1, adagrad");
});
