/**
 * "hello": row vectors, everything drawn from N(0, 1), a forward pass and its loss, and then the
 * notebook ends, in the loop where back-propagation should begin.
 *
 * It reads "hell" and predicts "ello": 4 characters, H 64, all three weight matrices and both biases
 * from N(0, 1), h_t = tanh(x_t Wxh + h_{t-1} Whh + bh), a zero state first. It printed a loss of
 * 42.8175 for one start, and "lehe" as a sample of the untrained network.
 *
 * Finished here: what the loss is over 100 such starts, where 42.8 lies among them, and then the
 * training, until "h" continues with "ello" at a probability above 0.99.
 */
import { parameterNames, Sampler, Xoshiro128, zeroParameters } from "../../src/mod.ts";
import type { Notebook } from "./notebook.ts";
import { Sequence, type Update } from "./sequence.ts";

const TEXT = "hello";
const HIDDEN = 64;
const STARTS = 100;
const PUBLISHED = 42.81752482486429;
const WANTED_PROBABILITY = 0.99;
const MOST_UPDATES = 5000;

const adagrad: Update = { optimizer: "adagrad", lr: 0.1, gradClip: 5 };

/** A fresh network of the notebook's kind: all of it from N(0, 1). */
export function start(seed: number): Sequence {
  const sequence = new Sequence(TEXT.slice(0, -1), TEXT.slice(1), HIDDEN, "f64");
  const random = new Xoshiro128(seed);
  const parameters = zeroParameters(sequence.engine.options, "f64");
  for (const name of parameterNames) {
    parameters[name].forEach((_, i, array) => array[i] = random.normal());
  }
  sequence.engine.writeParameters(parameters);
  return sequence;
}

/** The experiment, finished. */
export const hello: Notebook = {
  name: "hello",
  summary: '"hello" from everything N(0, 1): the loss of untrained networks, then the training',
  run({ seed, full }) {
    const losses = Array.from({ length: STARTS }, (_, i) => start(seed + i).loss())
      .toSorted((a, b) => a - b);
    const below = losses.filter((loss) => loss < PUBLISHED).length;
    const at = (share: number) => losses[Math.floor(share * (STARTS - 1))]!.toFixed(1);

    const starts = full ? 20 : 5;
    const updates: number[] = [];
    let right = 0;
    for (let i = 0; i < starts; i++) {
      const sequence = start(seed + i);
      // The probability of the whole continuation is e^−loss.
      let count = 0;
      while (Math.exp(-sequence.step(adagrad)) <= WANTED_PROBABILITY && count < MOST_UPDATES) {
        count++;
      }
      updates.push(count);
      const sampler = new Sampler(sequence.model());
      const text = [...sampler.generate({ prompt: "h", length: 4, greedy: true })].join("");
      if (text === "ello" && count < MOST_UPDATES) right++;
    }
    return [
      {
        what: `loss untrained, ${STARTS} starts: least, quartiles, greatest`,
        notebook: "–",
        ours: [0, 0.25, 0.5, 0.75, 1].map(at).join("  "),
        inBand: null,
      },
      {
        what: "starts whose loss is below the notebook's",
        notebook: "42.8175",
        ours: `${below} of ${STARTS}`,
        inBand: below > 0 && below < STARTS,
      },
      {
        what: `updates until "h" gives "ello" at ${WANTED_PROBABILITY}`,
        notebook: "–",
        ours: `${Math.min(...updates)} to ${Math.max(...updates)}`,
        inBand: Math.max(...updates) < MOST_UPDATES,
      },
      {
        what: 'starts after which "h" continues "ello"',
        notebook: '– ("lehe" untrained)',
        ours: `${right} of ${starts}`,
        inBand: right === starts,
      },
    ];
  },
};
