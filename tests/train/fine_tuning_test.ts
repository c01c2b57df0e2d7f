/** Training that begins with the weights of a model. */
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { readCheckpoint } from "../../src/files/checkpoint_file.ts";
import { predictNext } from "../../src/generate/predict.ts";
import type { Model } from "../../src/model/model.ts";
import type { ConfigInput } from "../../src/model/resolve_config.ts";
import { Run } from "../../src/run/run.ts";
import { RunFolder } from "../../src/run/run_folder.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { Vocabulary } from "../../src/text/vocabulary.ts";
import { train } from "../../src/train/train.ts";
import {
  extendCheckpoint,
  extendModel,
  joinVocabularies,
} from "../../src/train/vocabulary_extension.ts";
import { testInFolder } from "../folders.ts";

const english = corpusFromText("she sells sea shells by the sea shore. ".repeat(30), "english");
const french = corpusFromText("un chasseur sachant chasser sait chasser là-bas. ".repeat(30), "fr");
const cells = ["rnn", "gru", "lstm"] as const;

const models = await Promise.all(cells.map(async (cell) => {
  const config = {
    cell,
    hidden: 5,
    layers: 2,
    seqLength: 10,
    batchSize: 2,
    optimizer: "adam",
  } as const;
  return (await train(english, { config, steps: 60 })).latest;
}));

function probabilities(model: Model, prompt: string): Map<string, number> {
  return new Map(
    predictNext(model, prompt).map(({ character, probability }) => [character, probability]),
  );
}

for (const [i, model] of models.entries()) {
  Deno.test(`extendModel() keeps what a model of ${cells[i]} predicts, in proportion`, () => {
    const vocabulary = joinVocabularies(model.vocabulary, Vocabulary.fromText("à!zé"));
    assertEquals(vocabulary.size, model.vocabulary.size + 4);
    const [before, after] = [model, extendModel(model, vocabulary)].map((model) =>
      probabilities(model, "she sells s")
    );
    const share = ["à", "!", "z", "é"].reduce((sum, character) => {
      // At most 1 / V each, as the logit is the mean of the others'.
      assert(after!.get(character)! <= 1 / model.vocabulary.size);
      return sum + after!.get(character)!;
    }, 0);
    for (const [character, probability] of before!) {
      assertAlmostEquals(after!.get(character)!, probability * (1 - share), 1e-6);
    }
  });
}

Deno.test("extendCheckpoint() extends the optimizer state by zeros", () => {
  const [model] = models;
  const vocabulary = joinVocabularies(model!.vocabulary, Vocabulary.fromText("z"));
  const { optimizerState, trainingParameters } = extendCheckpoint(model!, vocabulary);
  const id = vocabulary.idOf("z".codePointAt(0)!)!;
  for (const slot of optimizerState!) assertEquals(slot.by[id], 0);
  assert(trainingParameters!.by[id] !== 0);
  const other = model!.vocabulary.idOf("s".codePointAt(0)!)!;
  const moved = vocabulary.idOf("s".codePointAt(0)!)!;
  assertEquals(optimizerState![1]!.by[moved], model!.optimizerState![1]!.by[other]);
});

Deno.test("train() begins with the weights of a model, in its sizes, with a new optimizer", async () => {
  const [, gru] = models;
  const started = await train(french, { initFrom: gru!, steps: 0 });
  const { config, vocabulary, progress, parameters } = started.latest;
  assertEquals([config.cell, config.layers, config.hidden], ["gru", 2, 5]);
  assertEquals(vocabulary, joinVocabularies(gru!.vocabulary, french.vocabulary));
  assertEquals([progress.step, progress.validationLoss === null], [0, false]);
  assertEquals(parameters, extendModel(gru!, vocabulary).parameters);
  assert(started.latest.optimizerState!.every(({ by }) => by.every((x) => x === 0)));
  // A key that is undefined is not given.
  const same = await train(french, {
    initFrom: gru!,
    config: { hidden: undefined } as unknown as ConfigInput,
    steps: 0,
  });
  assertEquals(same.latest.config, config);
  // It learns, and continues with the same bits from a checkpoint of it.
  const steady = { seed: 2, lrSchedule: "constant", dropout: 0 } as const;
  const options = { initFrom: gru!, config: steady };
  const whole = await train(french, { ...options, steps: 40 });
  const half = await train(french, { ...options, steps: 20 });
  const resumed = await train(french, { resume: half, steps: 40 });
  assertEquals(resumed.latest.parameters, whole.latest.parameters);
  assert(whole.latest.progress.validationLoss! < progress.validationLoss!);
});

Deno.test("train() rejects what does not fit the model that it begins with", async () => {
  const [model] = models;
  const refused = (options: Parameters<typeof train>[1], words: string) =>
    assertRejects(
      () => train(french, { initFrom: model!, steps: 1, ...options }),
      InputError,
      words,
    );
  await refused({ config: { hidden: 6 } }, '"hidden" 6 is not the model\'s, which has 5');
  await refused({ config: { cell: "gru" } }, '"cell" gru is not the model\'s');
  await refused({ config: null as unknown as ConfigInput }, "must be an object, not null");
  await refused({ config: { hiden: 5 } as ConfigInput }, '"hiden"');
  await refused({ resume: model! }, 'both "initFrom" and "resume"');
  await assertRejects(() => train(french, { initFrom: {} as Model }), TypeError, "a model");
});

testInFolder("Run.create() saves the weights that it begins with at once", async (folder) => {
  const [, , lstm] = models;
  const path = `${folder}/run`;
  {
    // As if it were killed before its first checkpoint.
    using _ = await Run.create(french, { path, initFrom: lstm!, limits: { steps: 30 } });
  }
  const { vocabulary, parameters } = await readCheckpoint(path, { which: "latest" });
  assertEquals(parameters, extendModel(lstm!, vocabulary).parameters);
  using run = await Run.resume(await RunFolder.open(path), french);
  const { latest } = await run.train();
  const straight = await train(french, { initFrom: lstm!, steps: 30 });
  assertEquals(latest.parameters, straight.latest.parameters);
});
