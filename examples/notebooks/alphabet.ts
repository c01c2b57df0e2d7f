/**
 * The alphabet: a network that is shown A to Z, and must say at each letter that same letter.
 *
 * The notebook writes W for Whh, U for Wxh, V for Why, b for bh and c for by. 26 letters, H 10,
 * weights from N(0, 0.01²), biases 0, plain gradient descent at 0.01 without a clip, the hidden
 * state zero before each of 100,000 epochs. Then it reads "ABCDEFG" and generates greedily, the last
 * letter of the seed being fed a second time after it was read. It printed ABCDEFGHIJK.
 *
 * How, if every letter was trained to give itself? Because in training, letter n is always also the
 * n-th: the hidden state may as well count positions, and a network of 10 units for 26 letters does
 * both. After reading ABCDEFG, feeding G again makes it the eighth letter; where the count outweighs
 * the letter, the network answers H, which is fed back as the ninth, and so on. Three starts in
 * NumPy gave ABCDEFGHIII, ABCDEFGHLTU and ABCDEFGHIJK: it is an accident, and not every start has
 * it. Their losses went from 84.7 (26 ln 26) to 1.2–1.3 at 1,000 epochs, 0.064 at 10,000 and 0.0059.
 * Forty more starts in NumPy spread to 1.13–1.56, 0.058–0.071 and 0.0053–0.0065; 14 of them had the
 * accident after 10,000 epochs, and 12 after 100,000.
 *
 * The task was surely meant to be the next letter: A to Y are read, B to Z predicted. Beside the
 * notebook's, that one continues ABCDEFG with HIJK from every start.
 */
import { initialParameters, sample, Xoshiro128 } from "../../src/mod.ts";
import { type Figure, type Notebook, range, seedsFrom, within } from "./notebook.ts";
import { Sequence, type Update } from "./sequence.ts";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const SEED_TEXT = "ABCDEFG";
const WANTED = "HIJK";
const HIDDEN = 10;

const descent: Update = { optimizer: "sgd", lr: 0.01, gradClip: 0 };
/** The next letter is learnt with Adagrad, which plain descent would take far longer for. */
const adagrad: Update = { optimizer: "adagrad", lr: 0.1, gradClip: 5 };

/** NumPy's losses after so many epochs, and a band 5 % wider than the spread of its starts. */
const bands = [
  { epochs: 1, notebook: "84.7", low: 84.65, high: 84.75 },
  { epochs: 1000, notebook: "NumPy 1.13–1.56", low: 1.07, high: 1.64 },
  { epochs: 10_000, notebook: "NumPy 0.058–0.071", low: 0.055, high: 0.075 },
  { epochs: 100_000, notebook: "NumPy 0.0053–0.0065", low: 0.005, high: 0.0069 },
] as const;

/** A fresh network for the given task. */
export function start(seed: number, inputs: string, targets: string): Sequence {
  const sequence = new Sequence(inputs, targets, HIDDEN, "f64");
  const random = new Xoshiro128(seed);
  const options = { init: "normal:0.01", precision: "f64", random } as const;
  const parameters = initialParameters(sequence.engine.options, options);
  sequence.engine.writeParameters(parameters);
  return sequence;
}

/** What follows greedily. A prime that repeats the last letter is what the notebook does. */
function continued(sequence: Sequence, prompt: string): string {
  return sample(sequence.model(), { prompt, length: WANTED.length, greedy: true });
}

/** The experiment as it was, and as it was meant. */
export const alphabet: Notebook = {
  name: "alphabet",
  summary: "the alphabet from itself, by an accident of counting, and from the letter before",
  run({ seed, full }) {
    const seeds = seedsFrom(seed, full ? 8 : 4);
    const epochs = full ? 100_000 : 10_000;
    const losses = bands.map((): number[] => []);
    const endings: string[] = [];
    for (const each of seeds) {
      const sequence = start(each, LETTERS, LETTERS);
      for (let epoch = 1; epoch <= epochs; epoch++) {
        const loss = sequence.step(descent);
        const band = bands.findIndex(({ epochs }) => epochs === epoch);
        if (band >= 0) losses[band]!.push(loss);
      }
      endings.push(continued(sequence, SEED_TEXT + SEED_TEXT.at(-1)));
    }
    const meant = seeds.map((each) => {
      const sequence = start(each, LETTERS.slice(0, -1), LETTERS.slice(1));
      for (let epoch = 1; epoch <= 1000; epoch++) sequence.step(adagrad);
      return continued(sequence, SEED_TEXT);
    });
    const share = (texts: readonly string[]) => texts.filter((text) => text === WANTED).length;
    const figures: Figure[] = bands.filter((band) => band.epochs <= epochs).map((band, i) => ({
      what: `loss at epoch ${band.epochs.toLocaleString("en")}, over ${seeds.length} starts`,
      notebook: band.notebook,
      ours: range(losses[i]!, 4),
      inBand: within(losses[i]!, band.low, band.high),
    }));
    return [
      ...figures,
      ...endings.map((ending, i): Figure => ({
        what: `continuation of ${SEED_TEXT}, seed ${seeds[i]}`,
        notebook: "HIJK; NumPy HIII, HLTU, HIJK",
        ours: ending,
        // It is shown whether this start has the accident; none of them is wrong.
        inBand: ending === WANTED,
      })),
      {
        what: "starts that reach HIJK",
        notebook: "its one; NumPy 1 of 3",
        ours: `${share(endings)} of ${seeds.length}`,
        inBand: null,
      },
      {
        what: "as it was meant, the next letter: starts that reach HIJK",
        notebook: "–",
        ours: `${share(meant)} of ${seeds.length}`,
        inBand: share(meant) === seeds.length,
      },
    ];
  },
};
