/** A training that several ranks share has the bits of one. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/checkpoint/checkpoint.ts";
import { TextError } from "../../src/errors.ts";
import type { ConfigInput } from "../../src/model/resolve_config.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import type { TrainOptions } from "../../src/train/options.ts";
import type { TrainResult } from "../../src/train/result.ts";
import { prepareTraining, train } from "../../src/train/train.ts";
import { testRanks } from "../ranks/ranks.ts";
import { type FollowArgs, startFollowers } from "./follow_ranks.ts";

const words = "the quick brown fox jumps over a lazy dog while seven wizards box daftly".split(" ");
const text = Array.from({ length: 1500 }, (_, i) => words[(i * i + 3 * i) % 13 % words.length])
  .join(" ");

/** 35 streams, in four groups, of parameters in several blocks. */
const sizes: ConfigInput = { hidden: 48, batchSize: 35, seqLength: 6, valFraction: 0.05 };

interface Variant {
  readonly config: ConfigInput;
  readonly steps?: number;
}

const variants: Record<string, Variant> = {
  "rnn with adagrad, clipped by value": {
    config: { cell: "rnn", optimizer: "adagrad", gradClip: 0.01, gradClipMode: "value" },
  },
  "gru with adamw, norm, average and cooldown": {
    config: {
      ...{ cell: "gru", optimizer: "adamw", gradClip: 0.5, gradClipMode: "norm" },
      ...{ weightAverage: 0.2, weightDecay: 0.01, cooldown: 0.5, lrSchedule: "inverse-sqrt" },
    },
  },
  "two layers of lstm with dropout and state resets": {
    config: {
      ...{
        cell: "lstm",
        layers: 2,
        hidden: 32,
        dropout: 0.3,
        dropoutFrom: 0.2,
        confidencePenalty: 0.2,
      },
      ...{ resetEvery: 5, optimizer: "adam", lrSchedule: "cosine" },
    },
  },
  "sgd with momentum and held-out ends of streams": {
    config: {
      ...{ optimizer: "sgd", momentum: 0.9, holdout: "streams", lrSchedule: "plateau" },
      ...{ lrPatience: 1, valFraction: 0.1 },
    },
    steps: 40,
  },
  "rmsprop in f64": {
    config: { optimizer: "rmsprop", precision: "f64", cell: "lstm", lrSchedule: "step" },
  },
  "f32-strict": { config: { precision: "f32-strict", cell: "gru", weightAverage: 0.1 } },
};

/**
 * The bytes of a result's checkpoints as hashes, without what the clock decides. A comparison of the
 * numbers themselves would print thousands.
 */
async function hashesOf({ best, latest }: TrainResult) {
  const hash = async (checkpoint: TrainResult["best"]) => {
    const progress = { ...checkpoint.progress, elapsedSeconds: 0 };
    const bytes = await encodeCheckpoint({ ...checkpoint, progress });
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes.slice()));
    return { hash: digest.toHex(), progress };
  };
  return { best: await hash(best), latest: await hash(latest) };
}

async function trainOn(
  size: number,
  options: TrainOptions,
  args: Partial<FollowArgs> = {},
): Promise<TrainResult> {
  const corpus = corpusFromText(text);
  if (size === 1) return await train(corpus, options);
  await using others = await startFollowers(size, { text, ...args });
  return await train(corpus, { ...options, exchange: others.exchange });
}

for (const [name, { config, steps = 12 }] of Object.entries(variants)) {
  testRanks(`train() has the same bits on several ranks: ${name}`, async () => {
    const options = { config: { ...sizes, ...config }, steps, logEvery: 5 };
    const alone = await hashesOf(await trainOn(1, options));
    for (const [size, threads] of [[2, 2], [3, 1], [4, 1]] as const) {
      const shared = await trainOn(size, { ...options, threads }, { threads });
      assertEquals(await hashesOf(shared), alone, `${size} ranks`);
    }
  });
}

testRanks("train() resumes on another number of ranks with the same bits", async () => {
  const config: ConfigInput = {
    ...{ ...sizes, cell: "lstm", layers: 2, hidden: 24, dropout: 0.2, resetEvery: 3 },
    ...{ weightAverage: 0.3, optimizer: "adamw", gradClipMode: "norm" },
  };
  const options = { config, steps: 12, logEvery: 4 };
  const alone = await hashesOf(await trainOn(1, options));
  for (const sizes of [[1, 2, 3], [4, 1, 2]] as const) {
    let resume: TrainResult | undefined;
    for (const [i, size] of sizes.entries()) {
      const interruption = new AbortController();
      resume = await trainOn(size, {
        ...options,
        ...resume === undefined ? {} : { resume },
        signal: interruption.signal,
        onLog: ({ step }) => step === 4 * (i + 1) && step < 12 ? interruption.abort() : undefined,
      });
      resume = await copyOf(resume);
    }
    assertEquals((await hashesOf(resume!)).latest, alone.latest, sizes.join(", "));
  }
});

/** The result after its checkpoints were written and read. */
async function copyOf({ best, latest }: TrainResult): Promise<TrainResult> {
  const copy = async (checkpoint: TrainResult["best"]) =>
    await decodeCheckpoint(await encodeCheckpoint(checkpoint));
  return { best: await copy(best), latest: await copy(latest) };
}

testRanks("train() rolls back on several ranks as on one", async () => {
  const runs = [];
  for (const size of [1, 2]) {
    const rollbacks: unknown[] = [];
    const { latest } = await trainOn(size, {
      config: { ...sizes, optimizer: "sgd", lr: 2e38, gradClip: 0 },
      ...{ steps: 8, onDivergence: "rollback", logEvery: 1 },
      onRollback: (rollback) => void rollbacks.push(rollback),
    });
    assert(rollbacks.length > 0);
    runs.push({ rollbacks, parameters: latest.parameters });
  }
  assertEquals(runs[1], runs[0]);
});

testRanks(
  "train() stops on all ranks when one of them is stopped, with a whole state",
  async () => {
    const options: TrainOptions = {
      config: { ...sizes, weightAverage: 0.2, layers: 1, lrSchedule: "constant", weightDecay: 0.1 },
      steps: 100_000,
    };
    for (const rank of [1, 2]) {
      const fault = { rank, stopAfterMs: 300, word: 143 };
      const { latest } = await trainOn(3, options, { fault });
      const { step } = latest.progress;
      assert(step > 0 && step < 100_000, `${step}`);
      const alone = await trainOn(1, { ...options, steps: step });
      for (const key of ["parameters", "optimizerState", "hiddenState"] as const) {
        assertEquals(latest[key], alone.latest[key], key);
      }
    }
  },
);

testRanks(
  "train() ends on all ranks when one cannot read its text, after the state was saved",
  async () => {
    let saved: number | undefined;
    // Rank 0 reads its streams, the other one not all of its own.
    const fault = { rank: 1, readsBefore: 5 };
    const options: TrainOptions = {
      ...{ config: sizes, steps: 1000 },
      onCheckpoint: ({ progress }) => void (saved = progress.step),
    };
    const error = await assertRejects(() => trainOn(2, options, { fault }), TextError);
    assert(error.message.includes("it changed (on rank 1, localhost)"), error.message);
    assertEquals(saved, 0);
  },
);

testRanks("train() shares a text in the ids of another vocabulary", async () => {
  const config: ConfigInput = { ...sizes, hidden: 24 };
  // The model has characters that come before those of the text.
  const other = await train(corpusFromText(`ABC${text}`), { config, steps: 2 });
  const options: TrainOptions = { config: { batchSize: 35 }, initFrom: other.latest, steps: 4 };
  const alone = await trainOn(1, options);
  const shared = await trainOn(2, options);
  assertEquals(shared.latest.parameters, alone.latest.parameters);
});

testRanks(
  "train() shares the validation of held-out ends of streams, and can stop within it",
  async () => {
    const config: ConfigInput = { ...sizes, holdout: "streams", valFraction: 0.4, seqLength: 3 };
    const corpus = corpusFromText(text);
    await using others = await startFollowers(3, { text });
    using alone = await prepareTraining(corpus, { config, steps: 10 });
    using shared = await prepareTraining(corpus, { config, steps: 10, exchange: others.exchange });
    for (let step = 0; step < 5; step++) assertEquals(shared.trainer.step(), alone.trainer.step());
    const { broadcast } = others.exchange.calls;
    // Abandoned after its first slice.
    shared.trainer.validation.measure().next();
    assert(others.exchange.calls.broadcast > broadcast);
    assertEquals(shared.trainer.step(), alone.trainer.step());
    assertEquals(shared.trainer.validate(), alone.trainer.validate());
    assertEquals(shared.trainer.step(), alone.trainer.step());
  },
);

testRanks("train() shares the validation of one long held-out part, and of lines", async () => {
  const long = text.repeat(6).replaceAll("wizards", "wizards\n");
  for (const holdout of ["end", "lines"] as const) {
    const config: ConfigInput = { ...sizes, holdout, valFraction: 0.6 };
    const corpus = corpusFromText(long);
    await using others = await startFollowers(3, { text: long });
    using alone = await prepareTraining(corpus, { config, steps: 10 });
    using shared = await prepareTraining(corpus, { config, steps: 10, exchange: others.exchange });
    assertEquals(shared.trainer.step(), alone.trainer.step());
    const { allGather } = others.exchange.calls;
    assertEquals(shared.trainer.validate(), alone.trainer.validate());
    assert(others.exchange.calls.allGather > allGather);
    assertEquals(shared.trainer.step(), alone.trainer.step());
  }
});

testRanks("train() has the same bits on several ranks with a line for each example", async () => {
  const lines = text.replace(/((?:\S+ ){4}\S+) /g, "$1\n");
  const config: ConfigInput = {
    ...{ ...sizes, hidden: 24, seqLength: 20, holdout: "lines", valFraction: 0.1 },
  };
  const options: TrainOptions = { config, steps: 12, logEvery: 5 };
  const alone = await hashesOf(await train(corpusFromText(lines), options));
  await using others = await startFollowers(3, { text: lines });
  const shared = await train(corpusFromText(lines), { ...options, exchange: others.exchange });
  assertEquals(await hashesOf(shared), alone);
});
