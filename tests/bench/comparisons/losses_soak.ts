/** Trainings of compared programs that take long to start, or train larger networks. */
import { listNetworks, speedConfig } from "../../../bench/comparisons/networks.ts";
import { listPrograms, torchProgram } from "../../../bench/comparisons/programs.ts";
import { readCorpus } from "../../../src/files/read_corpus.ts";
import { resolveConfig } from "../../../src/model/resolve_config.ts";
import { autoConfig } from "../../../src/train/auto_config.ts";
import {
  assertLosses,
  isMissing,
  lossesOf,
  lossesOfUnroll,
  size,
  STEPS,
  TENSORFLOW_TOLERANCE,
  TEXT,
  TOLERANCE,
  trainings,
} from "./losses.ts";

for (const program of listPrograms(1).filter(({ library }) => library === "tfjs")) {
  const ignore = await isMissing(program);
  for (const input of trainings) {
    const { cell, optimizer = "adagrad" } = input;
    Deno.test({
      name: `${program.name}: ${cell} with ${optimizer} has the losses of unroll ` +
        "(needs TensorFlow.js from npm)",
      ignore,
      async fn() {
        const config = resolveConfig(input);
        const losses = await lossesOf(program, config);
        assertLosses(losses, await lossesOfUnroll(config), TENSORFLOW_TOLERANCE);
      },
    });
  }
}

const torch = torchProgram(1);
const withoutTorch = await isMissing(torch);

for (const lrSchedule of ["linear", "cosine", "inverse-sqrt", "step"] as const) {
  Deno.test({
    name:
      `PyTorch trains with the schedule ${lrSchedule}, state resets and averages of unroll, and ` +
      "validates the same part (needs PyTorch)",
    ignore: withoutTorch,
    async fn() {
      const config = resolveConfig({
        ...{ ...size, cell: "gru", layers: 2, optimizer: "adamw", init: "orthogonal" },
        ...{ lrSchedule, warmup: 3, cooldown: 0.2, resetEvery: 3, weightAverage: 0.3 },
        confidencePenalty: lrSchedule === "inverse-sqrt" ? 0.2 : 0,
        ...lrSchedule === "step" ? { lrDecayAfter: 1, lrDecay: 0.5 } : {},
        // Epochs of few steps, so that streams begin again.
        ...{ valFraction: 0.03, testFraction: 0.96 },
      }, { chars: (await readCorpus(TEXT)).length });
      const run = { steps: STEPS + 1 };
      assertLosses(
        await lossesOf(torch, config, { run, validates: true }),
        await lossesOfUnroll(config, { run, validates: true }),
      );
    },
  });
}

Deno.test({
  name: "PyTorch trains the automatic configuration and char-rnn's with the losses of unroll " +
    "(needs PyTorch)",
  ignore: withoutTorch,
  async fn() {
    const corpus = await readCorpus(TEXT);
    // Each program drops other units.
    const { config } = autoConfig(corpus, {}, { minutes: 1 });
    const defaults = { ...config, dropout: 0, dropoutFrom: 0, dropoutUntil: 1 };
    const charRnn = listNetworks(corpus).find(({ name }) => name === "char-rnn")!.config;
    const run = { steps: STEPS + 1 };
    for (const config of [defaults, charRnn]) {
      const options = { run: config === defaults ? run : {}, validates: true };
      // More units, whose rounding errors add up.
      assertLosses(
        await lossesOf(torch, config, options),
        await lossesOfUnroll(config, options),
        10 * TOLERANCE,
      );
    }
  },
});

Deno.test({
  name: "PyTorch computes the losses of unroll with the networks whose speed is compared " +
    "(needs PyTorch)",
  ignore: withoutTorch,
  async fn() {
    const gru = listNetworks(await readCorpus(TEXT)).find(({ name }) => name === "gru-192")!;
    const config = speedConfig(gru.config);
    assertLosses(await lossesOf(torch, config), await lossesOfUnroll(config));
  },
});
