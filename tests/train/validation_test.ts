/** Validation: plateaus, patience, and the part at the end of each stream. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Evaluator } from "../../src/evaluate/evaluator.ts";
import { resolveConfig } from "../../src/model/resolve_config.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import type { TrainOptions } from "../../src/train/options.ts";
import type { Trainer } from "../../src/train/trainer.ts";
import { createTrainer, trainLatest } from "../trainers.ts";
import { Validation } from "../../src/train/validation.ts";

const corpus = corpusFromText("the rain in Spain stays mainly in the plain; ".repeat(40));
const small = { hidden: 8, seqLength: 10, batchSize: 3 } as const;

Deno.test("Validation.record() counts plateaus as PyTorch's ReduceLROnPlateau does", () => {
  const losses = fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 40 });
  fc.assert(fc.property(losses, fc.integer({ min: 1, max: 4 }), (losses, lrPatience) => {
    const source = { steps: 0, model: () => ({}) as never };
    const validation = new Validation(corpus, { spans: [], lrPatience, source, threads: 1 });
    let [best, bad, cuts] = [Infinity, 0, 0];
    for (const loss of losses) {
      // PyTorch's rule with a threshold of 0; its patience counts the validations that it tolerates.
      if (loss < best) [best, bad] = [loss, 0];
      else bad++;
      if (bad > lrPatience - 1) [bad, cuts] = [0, cuts + 1];
      validation.record(loss);
      assertEquals(validation.lrReductions, cuts);
      assertEquals(validation.best, best);
    }
    const since = losses.length - 1 - losses.indexOf(best);
    assertEquals(validation.validationsSinceBest, losses.length === 0 ? 0 : since);
  }));
});

Deno.test("Trainer.lr falls at each plateau", async () => {
  // A learning rate so high that the validation loss rises.
  const config = resolveConfig({
    ...small,
    optimizer: "sgd",
    lr: 4,
    lrSchedule: "plateau",
    lrPatience: 1,
  });
  const losses: number[] = [];
  const rates: number[] = [];
  let trainer: Trainer;
  await trainLatest(corpus, {
    config,
    steps: 600,
    logEvery: 1,
    onStart: (given) => void (trainer = given),
    onLog({ validationLoss }) {
      if (validationLoss === null) return;
      losses.push(validationLoss);
      rates.push(trainer.lr!);
    },
  });
  let rate: number = config.lr;
  let best = Infinity;
  for (const [i, loss] of losses.slice(0, -1).entries()) {
    assertEquals(rates[i], rate);
    if (loss < best) best = loss;
    else rate *= 0.5;
  }
  assert(rate < config.lr / 4);
});

Deno.test("train() ends when patience is used up, and can be resumed with more", async () => {
  const config = resolveConfig({ ...small, optimizer: "sgd", lr: 4 });
  const run = async (options: TrainOptions) => {
    const validated: (number | null)[] = [];
    const checkpoint = await trainLatest(corpus, {
      config,
      steps: 2000,
      logEvery: 1,
      ...options,
      onLog: ({ validationLoss }) =>
        void (validationLoss !== null && validated.push(validationLoss)),
    });
    return { validated, checkpoint };
  };
  const whole = (await run({})).validated as number[];
  for (const patience of [1, 3]) {
    const { validated, checkpoint } = await run({ patience });
    let since = 0;
    let best = Infinity;
    const last = whole.findIndex((loss) => {
      since = loss < best ? 0 : since + 1;
      best = Math.min(best, loss);
      return since === patience;
    });
    assert(last > 0 && last < whole.length - 1);
    assertEquals(validated, whole.slice(0, last + 1));
    assertEquals([checkpoint.progress.ended, checkpoint.progress.validationsSinceBest], [
      true,
      patience,
    ]);
    const again = await run({ resume: checkpoint, config: {}, patience });
    assertEquals(again, { validated: [], checkpoint });
    const more = await run({ resume: checkpoint, config: {}, patience: 1000 });
    assertEquals(more.validated, whole.slice(last + 1));
  }
});

Deno.test("Trainer never trains on characters held out of the streams", () => {
  // Each character is its position.
  const text = Array.from({ length: 301 }, (_, i) => String.fromCodePoint(0x4e00 + i)).join("");
  const places = corpusFromText(text);
  const options = {
    ...small,
    seqLength: 7,
    valFraction: 0.1,
    testFraction: 0.05,
    holdout: "streams",
  } as const;
  using trainer = createTrainer(places, options);
  const { split } = trainer;
  assertEquals(split.train, [[0, 85], [100, 185], [200, 285]]);
  assertEquals(split.validation, [[85, 95], [185, 195], [285, 295]]);
  const before = trainer.model().parameters.Wxh;
  for (let step = 0; step < 3 * trainer.stepsPerEpoch; step++) trainer.step();
  const after = trainer.model().parameters.Wxh;
  const read = new Set<number>();
  const { size } = places.vocabulary;
  after.forEach((weight, i) => weight !== before[i] && read.add(i % size));
  assertEquals(read.size, 3 * 7 * trainer.stepsPerEpoch);
  for (const place of read) {
    assert(split.train.some(([start, end]) => start <= place && place < end), `place ${place}`);
  }
});

Deno.test("Trainer.validate() measures spans together, each from a zero state", () => {
  using trainer = createTrainer(corpus, { ...small, valFraction: 0.2, holdout: "streams" });
  for (let step = 0; step < 20; step++) trainer.step();
  const model = trainer.model();
  using evaluator = new Evaluator(model);
  let nats = 0;
  let predicted = 0;
  for (const span of trainer.split.validation) {
    const chars = span[1] - span[0] - 1;
    nats += chars * evaluator.loss(corpus, { parameters: model.parameters, spans: [span] });
    predicted += chars;
  }
  assert(Math.abs(trainer.validate()!.loss - nats / predicted) < 1e-12);
});
