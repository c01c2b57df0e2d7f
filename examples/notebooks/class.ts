/**
 * class: a recurrent network for vectors instead of characters, whose gradient is wrong.
 *
 * The notebook. A class trains on sequences of input and target vectors, with weights from N(0, 1),
 * biases of zero and plain gradient descent. Its example has 3 inputs, 4 hidden units and 3 outputs,
 * and random one-hot vectors.
 *
 * What it printed. Losses of 96.06, 123.68, 131.48, 126.75, 89.47 and 79.71 over six epochs: it
 * learns nothing.
 *
 * Why. With a_t = Wxh x_t + Whh h_{t−1} + bh and h_t = tanh(a_t), the gradient at a_t is
 * (1 − h_t²)·dh_t, where dh_t comes from the output of step t and from step t + 1. The notebook
 *
 * - computes dh_t and then uses 1 − h_t² alone, so these gradients do not depend on the targets;
 * - assigns the gradient of bh at each step instead of adding it to the sum over the steps;
 * - takes the last hidden state, index −1 of an array, for the zero state before the first step.
 *
 * Its sampler has a fault, too: after the first step it feeds back zeros instead of its own output.
 *
 * This run compares both gradients, the notebook's and the engine's, with central differences of the
 * loss: the way to find such faults. Then the engine learns the example, and a sampler that feeds
 * back its own output repeats a cycle.
 *
 *     deno task notebooks class
 *
 * @module
 */
import type { ParameterSet } from "../../src/mod.ts";
import {
  Engine,
  type ParameterName,
  parameterNames,
  Xoshiro128,
  zeroParameters,
} from "../../src/engine/mod.ts";
import type { Notebook, Result } from "./notebook.ts";
import type { Update } from "./sequence_trainer.ts";

/** I, H, V and T. */
const INPUTS = 3;
const HIDDEN = 4;
const OUTPUTS = 3;
const SEQ_LENGTH = 4;
const sizes = { inputs: INPUTS, hidden: HIDDEN, outputs: OUTPUTS };

const adagrad: Update = { optimizer: "adagrad", lr: 0.1, gradClip: 5 };
const UPDATES = 500;
/** The largest relative error of a gradient that counts as correct. */
const TOLERANCE = 1e-6;

/** A network's weights, and the vectors to learn. */
export interface Example {
  readonly parameters: ParameterSet;
  /** [T, I] */
  readonly inputs: Float64Array;
  /** [T, V] */
  readonly targets: Float64Array;
}

/** Creates the notebook's network and its example, one-hot vectors drawn at random. */
export function createExample(seed: number): Example {
  const random = new Xoshiro128(seed);
  const parameters = zeroParameters(sizes, "f64");
  for (const name of ["Wxh", "Whh", "Why"] as const) {
    parameters[name].forEach((_, i, array) => array[i] = random.normal());
  }
  const oneHotVectors = (length: number) => {
    const vectors = new Float64Array(SEQ_LENGTH * length);
    for (let t = 0; t < SEQ_LENGTH; t++) vectors[t * length + random.nextUint32() % length] = 1;
    return vectors;
  };
  return { parameters, inputs: oneHotVectors(INPUTS), targets: oneHotVectors(OUTPUTS) };
}

/** Creates an engine that reads and predicts vectors, with the weights and vectors of an example. */
export function createEngine({ parameters, inputs, targets }: Example): Engine {
  const engine = new Engine({
    ...sizes,
    precision: "f64",
    seqLength: SEQ_LENGTH,
    batchSize: 1,
    denseInputs: true,
    denseTargets: true,
  });
  engine.writeParameters(parameters);
  engine.writeInputVectors(inputs);
  engine.writeTargetVectors(targets);
  return engine;
}

/** The gradients as the notebook computes them, with its faults. */
function notebookGradients(engine: Engine, { inputs }: Example): ParameterSet {
  engine.forward();
  const h = engine.readHiddenStates(); // [T, H]
  engine.crossEntropy();
  const dy = engine.readOutputs(); // [T, V]: p − target, which the notebook computes correctly
  const gradients = zeroParameters(sizes, "f64");
  const { Wxh, Whh, Why, bh, by } = gradients;
  for (let t = SEQ_LENGTH - 1; t >= 0; t--) {
    const previous = (t + SEQ_LENGTH - 1) % SEQ_LENGTH; // Fault: the last step before the first.
    for (let i = 0; i < HIDDEN; i++) {
      const da = 1 - h[t * HIDDEN + i]! ** 2; // Fault: dh is missing as a factor.
      bh[i] = da; // Fault: not a sum over the steps.
      for (let j = 0; j < INPUTS; j++) Wxh[i * INPUTS + j]! += da * inputs[t * INPUTS + j]!;
      for (let j = 0; j < HIDDEN; j++) Whh[i * HIDDEN + j]! += da * h[previous * HIDDEN + j]!;
    }
    for (let v = 0; v < OUTPUTS; v++) {
      const d = dy[t * OUTPUTS + v]!;
      by[v]! += d;
      for (let i = 0; i < HIDDEN; i++) Why[v * HIDDEN + i]! += d * h[t * HIDDEN + i]!;
    }
  }
  return gradients;
}

/** Central differences (L(w + ε) − L(w − ε)) / 2ε of the loss, for each weight of a parameter. */
function centralDifferences(engine: Engine, weights: ParameterSet, name: ParameterName): number[] {
  const epsilon = 1e-5;
  const lossAt = (index: number, weight: number) => {
    engine.writeParameter(name, index, weight);
    engine.forward();
    return engine.crossEntropy();
  };
  return Array.from(weights[name] ?? [], (weight, i) => {
    const difference = (lossAt(i, weight + epsilon) - lossAt(i, weight - epsilon)) / (2 * epsilon);
    engine.writeParameter(name, i, weight);
    return difference;
  });
}

/** The largest error of a gradient, relative to its largest element. */
function relativeError(gradient: ArrayLike<number>, expected: readonly number[]): number {
  const scale = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(gradient[i]! - value))) / scale;
}

/** Trains an engine on its vectors, and returns the loss before each update. */
function learn(engine: Engine): number[] {
  return Array.from({ length: UPDATES }, () => {
    engine.forward();
    const loss = engine.crossEntropy();
    engine.backward();
    engine.update(adagrad);
    return loss;
  });
}

/** Learns the cycle 0 → 1 → 2 → 0 and generates nine vectors from 0, each fed back as the next input. */
function generateCycle(seed: number): string {
  const { parameters } = createExample(seed);
  const oneHot = (id: number) => [0, 1, 2].map((i) => i === id ? 1 : 0);
  const engine = createEngine({
    parameters,
    inputs: Float64Array.from([0, 1, 2, 0].flatMap(oneHot)),
    targets: Float64Array.from([1, 2, 0, 1].flatMap(oneHot)),
  });
  learn(engine);
  let id = 0;
  let generated = "";
  for (let n = 0; n < 9; n++) {
    engine.writeInputVectors(oneHot(id), 1);
    engine.forward(1);
    engine.carryHiddenState(1);
    const logits = engine.readOutputs(1);
    id = logits.indexOf(Math.max(...logits));
    generated += id;
  }
  return generated;
}

/** The experiment, corrected. */
export const classNotebook: Notebook = {
  name: "class",
  summary: "a network for vectors: a wrong gradient and a correct one",
  run({ seed }) {
    const example = createExample(seed);
    const engine = createEngine(example);
    const wrong = notebookGradients(engine, example);
    engine.backward();
    const correct = engine.readGradients();
    const gradientResults = parameterNames.map((name): Result => {
      const expected = centralDifferences(engine, example.parameters, name);
      const wrongError = relativeError(wrong[name], expected);
      const correctError = relativeError(correct[name], expected);
      return {
        quantity: `gradient of ${name}, largest error`,
        notebook: wrongError < TOLERANCE
          ? `${wrongError.toExponential(1)}, right`
          : `${wrongError.toFixed(2)}, wrong`,
        ours: correctError.toExponential(1),
        inBand: correctError < TOLERANCE,
      };
    });

    const losses = learn(engine);
    const cycle = generateCycle(seed);
    return [
      ...gradientResults,
      {
        quantity: `loss of the example, before and after ${UPDATES} updates`,
        notebook: "96.06 → 79.71 in 6",
        ours: `${losses[0]!.toFixed(3)} → ${losses.at(-1)!.toFixed(4)}`,
        inBand: losses.at(-1)! < 0.1,
      },
      {
        quantity: "the cycle 0 1 2, generated by feeding back the output",
        notebook: "– (feeds back zeros)",
        ours: cycle,
        inBand: cycle === "120120120",
      },
    ];
  },
};
