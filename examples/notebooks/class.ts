/**
 * The class: a network over any input vectors and target vectors, not characters.
 *
 * The notebook's class takes sequences of vectors, with weights from N(0, 1), biases 0, and updates
 * by the whole gradient. Its example has 3 inputs, 4 hidden units, 3 outputs, and one-hot vectors
 * drawn at random; it printed losses of 96.06, 123.68, 131.48, 126.75, 89.47 and 79.71 over its six
 * epochs: nothing is learnt. Its backward pass
 *
 * - computes dh, the gradient that arrives at a hidden state, and then leaves it out: what flows on
 *   is 1 − h² alone, whatever the targets are;
 * - overwrites dbh at every step, where the steps should be summed;
 * - takes H[−1], the last hidden state, for the one before the first, which should be the zero
 *   state;
 *
 * and its sampler feeds a vector of zeros after the first, so that it cannot see what it wrote.
 *
 * Here its gradient, as it was, and ours are both held against central differences on its example:
 * a sequence of four one-hot vectors. Then ours learns it, and a sampler that feeds back what it
 * wrote repeats a cycle.
 */
import {
  Engine,
  type ParameterName,
  parameterNames,
  type ParameterSet,
  Xoshiro128,
  zeroParameters,
} from "../../src/mod.ts";
import type { Figure, Notebook } from "./notebook.ts";

const INPUTS = 3;
const HIDDEN = 4;
const OUTPUTS = 3;
const STEPS = 4;
const sizes = { inputs: INPUTS, hidden: HIDDEN, outputs: OUTPUTS };

/** The notebook's network, and its example: input and target vectors, [4, 3] each. */
export function start(seed: number) {
  const random = new Xoshiro128(seed);
  const parameters = zeroParameters(sizes, "f64");
  for (const name of ["Wxh", "Whh", "Why"] as const) {
    parameters[name].forEach((_, i, array) => array[i] = random.normal());
  }
  const oneHots = (length: number) => {
    const vectors = new Float64Array(STEPS * length);
    for (let t = 0; t < STEPS; t++) vectors[t * length + random.nextUint32() % length] = 1;
    return vectors;
  };
  return { parameters, inputs: oneHots(INPUTS), targets: oneHots(OUTPUTS) };
}

/** An engine for vectors, with these weights and vectors in it. */
export function engineOf({ parameters, inputs, targets }: ReturnType<typeof start>): Engine {
  const engine = new Engine({
    ...sizes,
    precision: "f64",
    seqLength: STEPS,
    batchSize: 1,
    denseInputs: true,
    denseTargets: true,
  });
  engine.writeParameters(parameters);
  engine.writeInputVectors(inputs);
  engine.writeTargetVectors(targets);
  return engine;
}

/** The gradient as the notebook's class computes it, faults included. */
function notebookGradients(engine: Engine, example: ReturnType<typeof start>): ParameterSet {
  engine.forward();
  const h = engine.readHiddenStates();
  engine.crossEntropy();
  const dy = engine.readOutputs(); // p − target, which it has right
  const d = zeroParameters(sizes, "f64");
  for (let t = STEPS - 1; t >= 0; t--) {
    const before = (t + STEPS - 1) % STEPS; // of the first step, the last
    for (let i = 0; i < HIDDEN; i++) {
      const a = 1 - h[t * HIDDEN + i]! ** 2; // dh should be a factor
      d.bh[i] = a; // should be added
      for (let j = 0; j < INPUTS; j++) {
        d.Wxh[i * INPUTS + j]! += a * example.inputs[t * INPUTS + j]!;
      }
      for (let j = 0; j < HIDDEN; j++) d.Whh[i * HIDDEN + j]! += a * h[before * HIDDEN + j]!;
    }
    for (let v = 0; v < OUTPUTS; v++) {
      const g = dy[t * OUTPUTS + v]!;
      d.by[v]! += g;
      for (let i = 0; i < HIDDEN; i++) d.Why[v * HIDDEN + i]! += g * h[t * HIDDEN + i]!;
    }
  }
  return d;
}

/** Central differences of the engine's loss, of the second order. */
function differences(engine: Engine, parameters: ParameterSet, name: ParameterName): number[] {
  const step = 1e-5;
  const lossAt = (i: number, value: number) => {
    engine.writeParameter(name, i, value);
    engine.forward();
    return engine.crossEntropy();
  };
  return Array.from(parameters[name] ?? [], (value, i) => {
    const difference = (lossAt(i, value + step) - lossAt(i, value - step)) / (2 * step);
    engine.writeParameter(name, i, value);
    return difference;
  });
}

/** The largest difference, relative to the largest gradient of the parameter. */
function error(gradient: ArrayLike<number>, expected: readonly number[]): number {
  const scale = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(gradient[i]! - value))) / scale;
}

/** Trains on a cycle 0 → 1 → 2 → 0, and writes by feeding back what it wrote; the vectors' ids. */
function cycle(seed: number): number[] {
  const { parameters } = start(seed);
  const vector = (id: number) => [0, 1, 2].map((i) => i === id ? 1 : 0);
  const engine = engineOf({
    parameters,
    inputs: Float64Array.from([0, 1, 2, 0].flatMap(vector)),
    targets: Float64Array.from([1, 2, 0, 1].flatMap(vector)),
  });
  for (let update = 0; update < 500; update++) {
    engine.forward();
    engine.crossEntropy();
    engine.backward();
    engine.update({ optimizer: "adagrad", lr: 0.1, gradClip: 5 });
  }
  const written: number[] = [];
  let id = 0;
  for (let n = 0; n < 9; n++) {
    engine.writeInputVectors(vector(id), 1);
    engine.forward(1);
    engine.carryHiddenState(1);
    const outputs = engine.readOutputs(1);
    id = outputs.indexOf(Math.max(...outputs));
    written.push(id);
  }
  return written;
}

/** The experiment, put right. */
export const classNotebook: Notebook = {
  name: "class",
  summary: "a class over any vectors: what its gradient gets wrong, and the right one",
  run({ seed }) {
    const example = start(seed);
    const engine = engineOf(example);
    const theirs = notebookGradients(engine, example);
    engine.backward();
    const ours = engine.readGradients();
    const rows = parameterNames.map((name): Figure => {
      const expected = differences(engine, example.parameters, name);
      const [wrong, right] = [error(theirs[name], expected), error(ours[name], expected)];
      return {
        what: `gradient of ${name}, largest error`,
        notebook: wrong < 1e-6 ? `${wrong.toExponential(1)}, right` : `${wrong.toFixed(2)}, wrong`,
        ours: right.toExponential(1),
        inBand: right < 1e-6,
      };
    });

    const losses: number[] = [];
    for (let update = 0; update < 500; update++) {
      engine.forward();
      losses.push(engine.crossEntropy());
      engine.backward();
      engine.update({ optimizer: "adagrad", lr: 0.1, gradClip: 5 });
    }
    const written = cycle(seed).join("");
    return [
      ...rows,
      {
        what: "loss of its example, before and after 500 updates",
        notebook: "96.06 → 79.71 in 6",
        ours: `${losses[0]!.toFixed(3)} → ${losses.at(-1)!.toFixed(4)}`,
        inBand: losses.at(-1)! < 0.1,
      },
      {
        what: "a cycle 0 1 2, written by feeding back what was written",
        notebook: "– (feeds zeros)",
        ours: written,
        inBand: written === "120120120",
      },
    ];
  },
};
