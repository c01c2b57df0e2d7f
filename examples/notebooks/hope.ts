/**
 * "Hope is the thing with feathers": min-char-rnn on a verse of Emily Dickinson, with Adagrad.
 *
 * The notebook repeats the line below 100 times (11,900 characters, 22 distinct) and trains H 64,
 * T 25, weights from N(0, 0.01²), Adagrad at 0.1, gradients clipped to ±5, the hidden state carried
 * from batch to batch and reset at the end, for 10,000 iterations; then it generates 200 characters
 * after "H".
 *
 * It printed a loss over 25 characters of 77.2765 (25 ln 22 = 77.28) at iteration 0, 1.1133 at
 * 1,000, 0.3242 at 2,000, 0.1763 at 3,000. Its algorithm in NumPy gives, over five starts,
 * 77.27–77.28, 0.32–21.8, 0.11–0.72 and 0.07–0.95.
 */
import { corpusFromText, type Precision, resolveConfig, sample, Trainer } from "../../src/mod.ts";
import type { Figure, Notebook } from "./notebook.ts";

const LINE = "Hope is the thing with feathers that perches in the soul. " +
  "And sings the tune without the words and never stops at all. ";
const REPEATS = 100;
const SEQ = 25;
const GENERATED = 200;

/** The iterations that the notebook printed, with its loss there and the band of NumPy's starts. */
const printed = [
  { at: 0, loss: 77.2765, numpy: "77.27–77.28", low: 77.265, high: 77.285 },
  { at: 1000, loss: 1.1133, numpy: "0.32–21.8", low: 0.32, high: 21.8 },
  { at: 2000, loss: 0.3242, numpy: "0.11–0.72", low: 0.11, high: 0.72 },
  { at: 3000, loss: 0.1763, numpy: "0.07–0.95", low: 0.07, high: 0.95 },
] as const;

/** The notebook's training, ready for its first iteration. */
export function start(seed: number, precision: Precision): Trainer {
  const config = resolveConfig({
    hidden: 64,
    seqLength: SEQ,
    batchSize: 1,
    optimizer: "adagrad",
    lr: 0.1,
    gradClip: 5,
    init: "normal:0.01",
    valFraction: 0,
    precision,
    seed,
  });
  return Trainer.create(corpusFromText(LINE.repeat(REPEATS)), config);
}

/** How many characters of `text` continue the poem after its first, one after the other. */
function exactContinuation(text: string): number {
  const poem = LINE.repeat(3).slice(1);
  let count = 0;
  while (count < text.length && text[count] === poem[count]) count++;
  return count;
}

/** The experiment. */
export const hope: Notebook = {
  name: "hope",
  summary: "a line of Dickinson's, learnt by heart with Adagrad",
  run({ seed, full }) {
    const iterations = full ? 10_000 : 3001;
    const trainer = start(seed, "f32-strict");
    const figures: Figure[] = [];
    let last = 0;
    for (let iteration = 0; iteration < iterations; iteration++) {
      last = SEQ * trainer.step();
      const figure = printed.find(({ at }) => at === iteration);
      if (!figure) continue;
      figures.push({
        what: `loss at iteration ${iteration.toLocaleString("en")}`,
        notebook: `${figure.loss}; NumPy ${figure.numpy}`,
        ours: last.toFixed(4),
        inBand: last >= figure.low && last <= figure.high,
      });
    }
    const model = trainer.model();
    const drawn = exactContinuation(sample(model, { prompt: "H", length: GENERATED, seed }));
    const greedy = exactContinuation(
      sample(model, { prompt: "H", length: GENERATED, greedy: true }),
    );
    return [
      ...figures,
      {
        what: `loss at the end, iteration ${(iterations - 1).toLocaleString("en")}`,
        notebook: "–",
        ours: last.toFixed(4),
        inBand: null,
      },
      {
        what: `of ${GENERATED} characters drawn after "H", exactly the poem`,
        notebook: "–",
        ours: String(drawn),
        inBand: null,
      },
      {
        what: `of ${GENERATED} most probable after "H", exactly the poem`,
        notebook: "–",
        ours: String(greedy),
        inBand: null,
      },
    ];
  },
};
