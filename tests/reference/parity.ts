/** Training side by side: the f64 engine and the plain reference from the same parameters. */

import { assert } from "@std/assert";
import type { Engine } from "../../src/engine/engine.ts";
import type { Config } from "../../src/model/config.ts";
import { parameterNames, type ParameterSet, zeroParameters } from "../../src/model/parameters.ts";
import { oneHot, referenceGradients } from "./rnn.ts";
import { referenceUpdate } from "./optimizers.ts";

/** What one update reads and predicts. */
export interface Sequences {
  /** Vectors for the reference, [T·B]; the engine has been given the same. */
  readonly inputs: readonly Float64Array[];
  readonly targets: readonly Float64Array[];
  /** Whether the hidden state is zero before them, instead of carried from the update before. */
  readonly fromZero: boolean;
}

/** How the two are trained. */
export interface Parity {
  /** With the parameters to begin with. */
  readonly engine: Engine;
  readonly update: Pick<Config, "optimizer" | "lr" | "gradClip">;
  readonly updates: number;
  /** The most that a loss may differ, relative to itself; a weight, to 1,000 times this. */
  readonly tolerance: number;
  /**
   * Give the engine the reference's state before each update. Training at a large rate is chaotic:
   * a rounding error grows by orders of magnitude within a hundred updates, in any two programs.
   */
  readonly synchronise: boolean;
  /** Gives the engine what an update reads and predicts, and tells it. */
  readonly give: (update: number) => Sequences;
}

/** What the engine's character ids are as one-hot vectors. */
export function vectorsOf(engine: Engine): Omit<Sequences, "fromZero"> {
  return {
    inputs: oneHot(engine.inputIds, engine.options.inputs),
    targets: oneHot(engine.targetIds, engine.options.outputs),
  };
}

/** Asserts that every update of the engine is the reference's. */
export function assertParity(parity: Parity): void {
  const { engine, update, tolerance } = parity;
  const { hidden, seqLength, batchSize } = engine.options;
  const parameters = engine.readParameters();
  const sums = zeroParameters(engine.options, "f64");
  let state = new Float64Array(batchSize * hidden);
  for (let count = 1; count <= parity.updates; count++) {
    const { inputs, targets, fromZero } = parity.give(count - 1);
    if (fromZero) {
      state = new Float64Array(batchSize * hidden);
      engine.writeHiddenState();
    }
    if (parity.synchronise) {
      engine.writeParameters(parameters);
      engine.writeOptimizerState(sums);
      engine.writeHiddenState(state);
    }
    engine.forward();
    const loss = engine.crossEntropy();
    engine.backward();
    engine.update(update);
    engine.carryHiddenState();

    const batch = { seqLength, batchSize, inputs, targets, hiddenState: state };
    const wanted = referenceGradients(engine.options, parameters, batch);
    applyReference(parameters, wanted.gradients, sums, update);
    state = wanted.hiddenStates.slice(-batchSize * hidden);

    const error = Math.abs(loss - wanted.loss) / wanted.loss;
    assert(error < tolerance, `update ${count}: the loss is off by ${error}`);
    const actual = engine.readParameters();
    for (const name of parameterNames) {
      parameters[name].forEach((weight, i) => {
        const difference = Math.abs(weight - actual[name][i]!);
        assert(difference < 1e3 * tolerance, `update ${count}, ${name}: off by ${difference}`);
      });
    }
  }
}

function applyReference(
  parameters: ParameterSet,
  gradients: ParameterSet,
  sums: ParameterSet,
  { optimizer, lr, gradClip }: Parity["update"],
): void {
  const limit = gradClip === 0 ? Infinity : gradClip;
  if (optimizer === "adagrad") {
    referenceUpdate({ optimizer: "adagrad", lr: lr, gradClip: limit }, parameters, gradients, [
      sums,
    ]);
  } else referenceUpdate({ optimizer: "sgd", lr: lr, gradClip: limit }, parameters, gradients);
}
