/**
 * hope: a recurrent network learns a verse by Emily Dickinson with the algorithm of min-char-rnn.
 *
 * The notebook. The text is the verse below, 100 times: 11,900 characters, 22 of them distinct. H is
 * 64. Weights are drawn from N(0, 0.01²). Each of 10,000 iterations reads T = 25 characters and makes
 * one update by Adagrad with a learning rate of 0.1; each element of the gradient is clipped to ±5.
 * The hidden state is carried from one iteration to the next, and is zero again when the text starts
 * over: truncated back-propagation through time. Afterwards 200 characters are sampled after "H".
 *
 * What it printed. Losses, summed over 25 characters: 77.2765 at iteration 0, which is a uniform
 * prediction, 25 ln 22 = 77.28; 1.1133 at iteration 1,000; 0.3242 at 2,000; 0.1763 at 3,000. The same
 * algorithm in NumPy gives 77.27–77.28, 0.32–21.8, 0.11–0.72 and 0.07–0.95 over five seeds.
 *
 * This run. A {@linkcode Trainer} with the same hyperparameters is that algorithm. Its losses are in
 * the bands of the NumPy runs, and what it generates greedily is the text itself.
 *
 *     deno task notebooks hope
 *
 * @module
 */
import { corpusFromText, type Precision, resolveConfig, sample, Trainer } from "../../src/mod.ts";
import type { Notebook, Result } from "./notebook.ts";

const VERSE = "Hope is the thing with feathers that perches in the soul. " +
  "And sings the tune without the words and never stops at all. ";
const REPEATS = 100;
const SEQ_LENGTH = 25;
const GENERATED = 200;

/** The losses that the notebook printed, and the bands of the NumPy runs. */
const published = [
  { iteration: 0, loss: 77.2765, numpy: "77.27–77.28", min: 77.265, max: 77.285 },
  { iteration: 1000, loss: 1.1133, numpy: "0.32–21.8", min: 0.32, max: 21.8 },
  { iteration: 2000, loss: 0.3242, numpy: "0.11–0.72", min: 0.11, max: 0.72 },
  { iteration: 3000, loss: 0.1763, numpy: "0.07–0.95", min: 0.07, max: 0.95 },
] as const;

/** Creates a trainer with the notebook's text and hyperparameters. */
export function createTrainer(seed: number, precision: Precision): Trainer {
  const config = resolveConfig({
    hidden: 64,
    seqLength: SEQ_LENGTH,
    batchSize: 1,
    optimizer: "adagrad",
    lr: 0.1,
    gradClip: 5,
    init: "normal:0.01",
    valFraction: 0,
    precision,
    seed,
  });
  return Trainer.create(corpusFromText(VERSE.repeat(REPEATS)), config);
}

/** How many characters of a text follow the first one of the verse without a mistake. */
function countExact(text: string): number {
  const expected = VERSE.repeat(3).slice(1);
  let count = 0;
  while (count < text.length && text[count] === expected[count]) count++;
  return count;
}

/** The experiment. */
export const hope: Notebook = {
  name: "hope",
  summary: "learning a verse as min-char-rnn does, with Adagrad",
  run({ seed, full }) {
    const iterations = full ? 10_000 : 3001;
    using trainer = createTrainer(seed, "f32-strict");
    const results: Result[] = [];
    let loss = 0;
    for (let iteration = 0; iteration < iterations; iteration++) {
      // A trainer returns the loss per character, and the notebook prints the sum.
      loss = SEQ_LENGTH * trainer.step();
      const expected = published.find((losses) => losses.iteration === iteration);
      if (!expected) continue;
      results.push({
        quantity: `loss at iteration ${iteration.toLocaleString("en")}`,
        notebook: `${expected.loss}; NumPy ${expected.numpy}`,
        ours: loss.toFixed(4),
        inBand: loss >= expected.min && loss <= expected.max,
      });
    }
    const model = trainer.model();
    const sampled = sample(model, { prompt: "H", length: GENERATED, seed });
    const greedy = sample(model, { prompt: "H", length: GENERATED, greedy: true });
    return [
      ...results,
      {
        quantity: `loss at the last iteration, ${(iterations - 1).toLocaleString("en")}`,
        notebook: "–",
        ours: loss.toFixed(4),
        inBand: null,
      },
      {
        quantity: `exact characters of ${GENERATED}, sampled after "H"`,
        notebook: "–",
        ours: String(countExact(sampled)),
        inBand: null,
      },
      {
        quantity: `exact characters of ${GENERATED}, greedy after "H"`,
        notebook: "–",
        ours: String(countExact(greedy)),
        inBand: null,
      },
    ];
  },
};
