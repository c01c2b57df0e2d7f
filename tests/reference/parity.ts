/** Training in parallel: the f64 engine and the plain reference, from the same parameters. */

import { assert } from "@std/assert";
import type { Engine } from "../../src/engine/engine.ts";
import type { Update } from "../../src/engine/update.ts";
import { parameterNames, zeroParameters } from "../../src/model/parameters.ts";
import { oneHot, referenceGradients } from "./network.ts";
import { referenceUpdate } from "./optimizers.ts";

/** The inputs and targets of one update. */
export interface Sequences {
  /** [T·B] vectors, which the engine has been given, too. */
  readonly inputs: readonly Float64Array[];
  readonly targets: readonly Float64Array[];
  /** Whether the hidden state is reset to zero before, instead of carried from the last update. */
  readonly fromZero: boolean;
}

/** The parameters of {@linkcode assertParity}. */
export interface Parity {
  /** An engine with the initial parameters. */
  readonly engine: Engine;
  readonly update: Pick<Update, "optimizer" | "lr" | "gradClip">;
  readonly updates: number;
  /** The largest relative error of a loss; weights may be off by 1,000 times as much. */
  readonly tolerance: number;
  /**
   * Copy the state of the reference to the engine before each update. Training at a large learning
   * rate is chaotic: rounding errors grow by orders of magnitude within a hundred updates.
   */
  readonly synchronize: boolean;
  /** Gives the engine the inputs and targets of an update, and returns them. */
  readonly give: (update: number) => Sequences;
}

/** The engine's character ids as one-hot vectors. */
export function vectorsOf(engine: Engine): Omit<Sequences, "fromZero"> {
  return {
    inputs: oneHot(engine.inputIds, engine.options.inputs),
    targets: oneHot(engine.targetIds, engine.options.outputs),
  };
}

/** Asserts that every update of the engine equals that of the reference. */
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
    if (parity.synchronize) {
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
    referenceUpdate(update, parameters, wanted.gradients, [sums]);
    state = wanted.hiddenStates[0]!.slice(-batchSize * hidden);

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
