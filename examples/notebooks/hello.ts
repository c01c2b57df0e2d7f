/**
 * hello: the forward pass of a recurrent network, whose training the notebook left unfinished.
 *
 * The notebook. The network reads "hell" and predicts "ello". V is 4, H is 64. All weights and biases
 * are drawn from N(0, 1), the hidden state starts from zeros, and h_t = tanh(x_t Wxh + h_{t−1} Whh +
 * bh), with row vectors. It computes the loss and generates four characters after "h"; it ends in the
 * loop in which back-propagation should begin.
 *
 * What it printed. A loss of 42.8175, and "lehe" from the untrained network. A uniform prediction has
 * a loss of 4 ln 4 = 5.5: with weights of this size an untrained network is sure of its predictions,
 * and mostly wrong.
 *
 * This run finishes it. It measures the loss of 100 untrained networks, to see where 42.8 lies among
 * them. Then it trains some of them with Adagrad, until "ello" follows "h" with a probability above
 * 0.99.
 *
 *     deno task notebooks hello
 *
 * @module
 */
import { sample } from "../../src/mod.ts";
import { parameterNames, Xoshiro128, zeroParameters } from "../../src/engine/mod.ts";
import { type Notebook, seedsFrom } from "./notebook.ts";
import { SequenceTrainer, type Update } from "./sequence_trainer.ts";

const TEXT = "hello";
const HIDDEN = 64;
const UNTRAINED_NETWORKS = 100;
/** The loss that the notebook printed. */
const PUBLISHED_LOSS = 42.81752482486429;
const TARGET_PROBABILITY = 0.99;
const MAX_UPDATES = 5000;

const adagrad: Update = { optimizer: "adagrad", lr: 0.1, gradClip: 5 };

/** Creates the notebook's network, untrained: all weights and biases from N(0, 1). */
export function createTrainer(seed: number): SequenceTrainer {
  const task = { inputs: TEXT.slice(0, -1), targets: TEXT.slice(1) };
  const trainer = new SequenceTrainer(task, { hidden: HIDDEN, precision: "f64" });
  const random = new Xoshiro128(seed);
  const parameters = zeroParameters(trainer.engine.options, "f64");
  for (const name of parameterNames) {
    parameters[name].forEach((_, i, array) => array[i] = random.normal());
  }
  trainer.engine.writeParameters(parameters);
  return trainer;
}

/** Trains until the target probability: the number of updates, and the text after "h". */
function learn(seed: number) {
  const trainer = createTrainer(seed);
  // e^−loss is the probability of "ello" after "h", the product of those of its characters.
  let updates = 0;
  while (Math.exp(-trainer.step(adagrad)) <= TARGET_PROBABILITY && updates < MAX_UPDATES) {
    updates++;
  }
  const text = sample(trainer.model(), { prompt: "h", length: TEXT.length - 1, greedy: true });
  return { updates, hasLearned: text === TEXT.slice(1) && updates < MAX_UPDATES };
}

/** The experiment, finished. */
export const hello: Notebook = {
  name: "hello",
  summary: 'learning "hello" from large random weights',
  run({ seed, full }) {
    const losses = seedsFrom(seed, UNTRAINED_NETWORKS)
      .map((seed) => createTrainer(seed).loss())
      .toSorted((a, b) => a - b);
    const below = losses.filter((loss) => loss < PUBLISHED_LOSS).length;
    const quantile = (share: number) => losses[Math.floor(share * (losses.length - 1))]!.toFixed(1);

    const outcomes = seedsFrom(seed, full ? 20 : 5).map(learn);
    const updates = outcomes.map(({ updates }) => updates);
    const learned = outcomes.filter(({ hasLearned }) => hasLearned).length;
    return [
      {
        quantity: `untrained loss, ${UNTRAINED_NETWORKS} seeds: minimum, quartiles, maximum`,
        notebook: "–",
        ours: [0, 0.25, 0.5, 0.75, 1].map(quantile).join("  "),
        inBand: null,
      },
      {
        quantity: "seeds with a lower loss than the notebook's",
        notebook: PUBLISHED_LOSS.toFixed(4),
        ours: `${below} of ${UNTRAINED_NETWORKS}`,
        inBand: below > 0 && below < UNTRAINED_NETWORKS,
      },
      {
        quantity: `updates until "ello" follows "h" with probability ${TARGET_PROBABILITY}`,
        notebook: "–",
        ours: `${Math.min(...updates)} to ${Math.max(...updates)}`,
        inBand: Math.max(...updates) < MAX_UPDATES,
      },
      {
        quantity: 'seeds that continue "h" with "ello"',
        notebook: '– (untrained "lehe")',
        ours: `${learned} of ${outcomes.length}`,
        inBand: learned === outcomes.length,
      },
    ];
  },
};
