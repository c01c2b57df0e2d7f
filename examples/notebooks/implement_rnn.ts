/**
 * "Implement rnn": a network that is to learn just these 13 characters.
 *
 * The notebook reads "Implement rn" and predicts "mplement rnn": 9 characters, H 100, weights from
 * N(0, 0.01²), biases 0, plain gradient descent at 0.1, each gradient clipped to ±5, the hidden
 * state zero before each of 2,001 iterations; the loss is −Σ ln(p + 1e-8), summed over the text.
 *
 * It printed 26.3691 at iteration 0 (12 ln 9 = 26.37), and then, every 100 iterations, losses that
 * swing between 37 and 64 and predictions such as "Implementntntn": it never learns. Its algorithm
 * in NumPy does from three starts of five, ending below 0.002; two swing between 20 and 140. The
 * rate is too large for plain descent. With Adagrad in its place, at 0.05, every start learns.
 */
import { initialParameters, type Precision, Sampler, Xoshiro128 } from "../../src/mod.ts";
import { type Figure, type Notebook, range, seedsFrom, within } from "./notebook.ts";
import { Sequence, type Update } from "./sequence.ts";

const TEXT = "Implement rnn";
const HIDDEN = 100;
const ITERATIONS = 2001;
/** Over how many last iterations the loss is watched: a run that does not learn swings. */
const WATCHED = 100;
/** What the notebook adds to each probability before it takes the logarithm. */
const LOSS_EPSILON = 1e-8;

const descent: Update = { optimizer: "sgd", lr: 0.1, gradClip: 5 };
const adagrad: Update = { optimizer: "adagrad", lr: 0.05, gradClip: 5 };

interface Outcome {
  readonly first: number;
  /** The greatest loss of the last iterations. */
  readonly last: number;
  readonly least: number;
  readonly prediction: string;
}

/** A fresh network of the notebook's kind. */
export function start(seed: number, precision: Precision): Sequence {
  const sequence = new Sequence(TEXT.slice(0, -1), TEXT.slice(1), HIDDEN, precision);
  const options = { init: "normal:0.01", precision, random: new Xoshiro128(seed) };
  const parameters = initialParameters(sequence.engine.options, options);
  sequence.engine.writeParameters(parameters);
  return sequence;
}

/** The notebook's loss, with its ε, of the row losses −ln p that the engine has just computed. */
function notebookLoss(sequence: Sequence): number {
  let loss = 0;
  for (const row of sequence.engine.readLosses()) loss -= Math.log(Math.exp(-row) + LOSS_EPSILON);
  return loss;
}

function learn(seed: number, update: Update): Outcome {
  const sequence = start(seed, "f32-strict");
  const losses = Array.from({ length: ITERATIONS }, () => {
    sequence.step(update);
    return notebookLoss(sequence);
  });
  const watched = losses.slice(-WATCHED);
  const sampler = new Sampler(sequence.model());
  const prediction = "I" + [...sampler.generate({ prompt: "I", length: 12, seed })].join("");
  return {
    first: losses[0]!,
    last: Math.max(...watched),
    least: Math.min(...watched),
    prediction,
  };
}

/** The experiment as it was, and as it works. */
export const implementRnn: Notebook = {
  name: "implement-rnn",
  summary: '"Implement rnn" with plain gradient descent, and with Adagrad',
  run({ seed, full }) {
    const starts = full ? 10 : 5;
    const seeds = seedsFrom(seed, starts);
    const descents = seeds.map((seed) => learn(seed, descent));
    const adagrads = seeds.map((seed) => learn(seed, adagrad));
    const firsts = descents.map(({ first }) => first);
    const learnt = (outcomes: readonly Outcome[]) => outcomes.filter(({ last }) => last < 0.01);
    const count = learnt(descents).length;
    const rows = descents.map(({ last, least, prediction }, i): Figure => ({
      what: `gradient descent, seed ${seeds[i]}: last ${WATCHED} losses`,
      notebook: "swings, 37–64",
      ours: `${range([least, last], last < 0.01 ? 4 : 1)}  ${JSON.stringify(prediction)}`,
      // The task is to learn the text; a start that does not is shown as failing.
      inBand: last < 0.01,
    }));
    const right = adagrads.filter(({ prediction }) => prediction === TEXT).length;
    return [
      {
        what: "loss at iteration 0",
        notebook: "26.3691; NumPy 26.36–26.37",
        ours: range(firsts, 4),
        inBand: within(firsts, 26.355, 26.375),
      },
      ...rows,
      {
        what: "gradient descent: starts that learn",
        notebook: "not the one; NumPy 3 of 5",
        ours: `${count} of ${starts}`,
        inBand: count > 0 && count < starts,
      },
      {
        what: "Adagrad: starts that learn",
        notebook: "–",
        ours: `${learnt(adagrads).length} of ${starts}`,
        inBand: learnt(adagrads).length === starts,
      },
      {
        what: `Adagrad: greatest of the last ${WATCHED} losses`,
        notebook: "–",
        ours: range(adagrads.map(({ last }) => last), 6),
        inBand: within(adagrads.map(({ last }) => last), 0, 0.01),
      },
      {
        what: `Adagrad: starts that predict ${JSON.stringify(TEXT)}`,
        notebook: "–",
        ours: `${right} of ${starts}`,
        inBand: right === starts,
      },
    ];
  },
};
