import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { evaluate } from "../../src/evaluate/evaluate.ts";
import { predictNext } from "../../src/generate/predict.ts";
import { sample } from "../../src/generate/sampler.ts";
import type { ConfigInput } from "../../src/model/resolve_config.ts";
import { parameterNames, type ParameterSet, zeroParameters } from "../../src/model/parameters.ts";
import { type Corpus, corpusFromText } from "../../src/text/corpus.ts";
import type { Trainer } from "../../src/train/trainer.ts";
import { createTrainer } from "../trainers.ts";
import { entropy, oneHot, referenceGradients } from "../reference/network.ts";
import { referenceUpdate } from "../reference/optimizers.ts";
import { textOf } from "../text/ids.ts";

const verse = "Hope is the thing with feathers that perches in the soul.\r\n" +
  "And sings the tune without the words – and never stops 🐦 at all. ";
const corpus = corpusFromText(verse.repeat(4));

function copy(set: ParameterSet): ParameterSet {
  const entries = parameterNames.map((name) => [name, Float64Array.from(set[name])]);
  return Object.fromEntries(entries) as ParameterSet;
}

/**
 * The notebook's training loop, generalized to any number of streams: the data pointer, the reset at
 * the end of the data, the carried state.
 */
function notebook(corpus: Corpus, trainer: Trainer, updates: number): number[] {
  const { seqLength, batchSize, lr, gradClip, hidden, optimizer } = trainer.config;
  const size = corpus.vocabulary.size;
  const sizes = { inputs: size, hidden, outputs: size };
  const [start, end] = trainer.split.train[0]!;
  const length = Math.floor((end - start) / batchSize);
  const parts = Array.from(
    { length: batchSize },
    (_, b) => [...corpus.read(start + b * length, length)],
  );
  const parameters = copy(trainer.model().parameters);
  const sums = zeroParameters(sizes, "f64");
  let state = new Float64Array(batchSize * hidden);
  let pointer = 0;
  const losses: number[] = [];
  for (let update = 0; update < updates; update++) {
    if (pointer + seqLength + 1 >= length) {
      state = new Float64Array(batchSize * hidden);
      pointer = 0;
    }
    const rows = (from: number) =>
      Array.from({ length: seqLength }, (_, t) => parts.map((part) => part[from + t]!)).flat();
    const { loss, gradients, hiddenStates } = referenceGradients(sizes, parameters, {
      seqLength,
      batchSize,
      inputs: oneHot(rows(pointer), size),
      targets: oneHot(rows(pointer + 1), size),
      hiddenState: state,
    });
    losses.push(loss / seqLength);
    referenceUpdate({ optimizer, lr, gradClip }, parameters, gradients, [sums]);
    state = hiddenStates[0]!.slice(-batchSize * hidden);
    pointer += seqLength;
  }
  return losses;
}

// Training is chaotic: rounding errors grow with the learning rate, so few updates at the notebook's own.
const runs: readonly (readonly [string, ConfigInput, number])[] = [
  ["the notebook's hyperparameters", { preset: "min-char-rnn", hidden: 12, valFraction: 0 }, 12],
  ["a lower learning rate, over several epochs", {
    preset: "min-char-rnn",
    hidden: 12,
    lr: 0.002,
    valFraction: 0,
  }, 120],
  [
    "three streams and a validation part",
    { hidden: 9, seqLength: 11, batchSize: 3, lr: 0.002 },
    60,
  ],
  ["sgd without gradient clipping", {
    hidden: 9,
    seqLength: 11,
    batchSize: 2,
    optimizer: "sgd",
    lr: 0.01,
    gradClip: 0,
  }, 60],
];

for (const [name, input, updates] of runs) {
  Deno.test(`Trainer.step() gives the losses of the notebook's loop: ${name}`, () => {
    using trainer = createTrainer(corpus, { ...input, precision: "f64" });
    const expected = notebook(corpus, trainer, updates);
    expected.forEach((loss, i) => {
      const error = Math.abs(trainer.step() - loss) / loss;
      assert(error < 1e-9, `update ${i + 1}: the loss is off by ${error}`);
    });
    assertEquals(trainer.steps, updates);
    assertEquals(trainer.chars, updates * trainer.config.seqLength * trainer.config.batchSize);
  });
}

const small: ConfigInput = { hidden: 8, seqLength: 10, batchSize: 2, lr: 0.1 };

Deno.test("Trainer.create() gives the same weights for the same seed only", () => {
  const weights = (seed: number) => {
    using trainer = createTrainer(corpus, { ...small, seed });
    for (let step = 0; step < 20; step++) trainer.step();
    return trainer.model().parameters;
  };
  assertEquals(weights(1), weights(1));
  assertNotEquals(weights(1), weights(2));
});

Deno.test("Trainer methods that read do not change the training", () => {
  for (const precision of ["f32", "f32-strict", "f64"] as const) {
    using plain = createTrainer(corpus, { ...small, precision });
    using watched = createTrainer(corpus, { ...small, precision });
    for (let step = 0; step < 40; step++) {
      plain.step();
      watched.step();
      watched.validate();
      sample(watched.model(), { length: 3, seed: step });
      watched.checkpoint();
    }
    const { progress: _, ...one } = plain.checkpoint();
    const { progress: __, ...other } = watched.checkpoint();
    assertEquals(other, one);
  }
});

Deno.test("Trainer.loss keeps 0.999 of itself every 25 characters, as in min-char-rnn", () => {
  using trainer = createTrainer(corpus, { ...small, seqLength: 25, batchSize: 2 });
  let smoothed = Math.log(corpus.vocabulary.size);
  for (let step = 0; step < 5; step++) {
    smoothed = 0.999 ** 2 * smoothed + (1 - 0.999 ** 2) * trainer.step();
  }
  assert(Math.abs(trainer.loss - smoothed) < 1e-12);
});

Deno.test("Trainer.validate() gives the loss of evaluate() on the validation part", async () => {
  using trainer = createTrainer(corpus, { ...small, valFraction: 0.3 });
  for (let step = 0; step < 30; step++) trainer.step();
  const [start, end] = trainer.split.validation[0]!;
  assertEquals(end, corpus.length);
  assertEquals(end - start, Math.floor(corpus.length * 0.3));
  const first = trainer.validate()!;
  const { natsPerChar } = await evaluate(trainer.model(), {
    ...textOf(corpus.read(start, end - start)),
    vocabulary: corpus.vocabulary,
  });
  assertEquals(first, { loss: natsPerChar, isBest: true });
  assertEquals(trainer.validate(), { loss: natsPerChar, isBest: false });
  assertEquals(trainer.checkpoint().progress.validationLoss, natsPerChar);
  assertEquals(createTrainer(corpus, { ...small, valFraction: 0 }).validate(), null);
});

Deno.test("Trainer.step() throws if the loss diverges, and names the step", () => {
  using trainer = createTrainer(corpus, { ...small, optimizer: "sgd", lr: 1e38, gradClip: 0 });
  const error = assertThrows(() => {
    for (let step = 0; step < 50; step++) trainer.step();
  }, Error);
  assert(!(error instanceof InputError));
  assertEquals(
    error.message.split(":")[0],
    `Training diverged at step ${trainer.steps + 1}`,
  );
});

Deno.test("Trainer trains on a text of a single distinct character", () => {
  using trainer = createTrainer(corpusFromText("a".repeat(100)), small);
  for (let step = 0; step < 10; step++) assertEquals(trainer.step(), 0);
  assertEquals(sample(trainer.model(), { length: 5 }), "aaaaa");
});

Deno.test("Trainer.create() rejects a text of fewer than seqLength + 2 characters", () => {
  const config = { ...small, seqLength: 10, batchSize: 1 };
  using trainer = createTrainer(corpusFromText("abcdefghijkl"), config);
  assertEquals(trainer.split.validation, []);
  assert(trainer.step() > 0);
  const { message } = assertThrows(
    () => createTrainer(corpusFromText("abcdefghijk", "short.txt"), config),
    InputError,
  );
  for (const part of ['"short.txt"', "11 characters", '"seqLength" 10', "12", "at most 9"]) {
    assert(message.includes(part), message);
  }
});

Deno.test("Trainer learns emoji, combining marks and line ends as they are", () => {
  const text = "e\u0301 👩‍👧 \r\n\t\ufeff𝔘";
  using trainer = createTrainer(corpusFromText(text.repeat(60)), {
    hidden: 32,
    batchSize: 1,
    seqLength: 14,
  });
  for (let step = 0; step < 600; step++) trainer.step();
  const characters = [...text];
  const rest = characters.slice(3).join("");
  const prompt = characters.slice(0, 3).join("");
  const length = characters.length - 3;
  assertEquals(sample(trainer.model(), { prompt: text + prompt, length, greedy: true }), rest);
});

Deno.test("Trainer.step() resets the state of one stream after the other", () => {
  for (const cell of ["rnn", "lstm"] as const) {
    const options = { ...small, cell, batchSize: 4 } as const;
    using trainer = createTrainer(corpus, { ...options, resetEvery: 8 });
    using other = createTrainer(corpus, options);
    // Stream 0 is due before the first step, where its state is zero anyway, the next one two steps later.
    const losses = [0, 1, 2].map(() => [trainer.step(), other.step()] as const);
    assertEquals(losses.map(([one, same]) => one === same), [true, true, false]);
  }
});

Deno.test("A confidence penalty makes predictions less certain, and is no part of the loss", () => {
  const [plain, penalized] = [0, 0.5].map((confidencePenalty) => {
    const config = { hidden: 16, optimizer: "adam", lr: 0.01, confidencePenalty } as const;
    using trainer = createTrainer(corpus, config);
    const first = trainer.step();
    for (let step = 1; step < 200; step++) trainer.step();
    const model = trainer.model();
    const uncertainty = ["Hope is", "the tune", "never s"].reduce((sum, prompt) => {
      const next = predictNext(model, prompt);
      return sum + entropy(Float64Array.from(next, ({ probability }) => probability));
    }, 0);
    return { first, uncertainty };
  });
  assertEquals(penalized!.first, plain!.first);
  const ratio = penalized!.uncertainty / plain!.uncertainty;
  assert(ratio > 1.2, `the entropy is ${ratio} times that without a penalty`);
});
