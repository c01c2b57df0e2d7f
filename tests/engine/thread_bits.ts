/** Training with different numbers of threads, for tests that compare the bits of the results. */

import { assertEquals } from "@std/assert";
import type { Dropout } from "../../src/engine/dropout.ts";
import { Engine } from "../../src/engine/engine.ts";
import type { EngineOptions } from "../../src/engine/options.ts";
import { Xoshiro128 } from "../../src/random.ts";

/** V and I of every engine. */
export const VOCABULARY = 11;

/** An engine with random weights, inputs and targets, the same for any number of threads. */
export function randomEngine(options: Omit<EngineOptions, "inputs" | "outputs">): Engine {
  const engine = new Engine({ inputs: VOCABULARY, outputs: VOCABULARY, ...options });
  const random = new Xoshiro128(5);
  const parameters = engine.readParameters();
  for (const weights of Object.values(parameters)) {
    for (let i = 0; i < weights.length; i++) weights[i] = 0.3 * random.normal();
  }
  engine.writeParameters(parameters);
  const rows = options.seqLength * options.batchSize;
  const vectors = () => Float64Array.from({ length: rows * VOCABULARY }, () => random.uniform());
  if (options.denseInputs) engine.writeInputVectors(vectors());
  if (options.denseTargets) engine.writeTargetVectors(vectors());
  for (let row = 0; row < rows; row++) {
    engine.inputIds[row] = random.nextUint32() % VOCABULARY;
    engine.targetIds[row] = random.nextUint32() % VOCABULARY;
  }
  return engine;
}

/** Everything that some updates leave in the engine. */
function train(engine: Engine, dropout?: Dropout): unknown {
  const { seqLength } = engine.options;
  const losses: number[] = [];
  // Shorter sequences than the engine was created for are split differently.
  for (const steps of [seqLength, Math.ceil(seqLength / 2), seqLength]) {
    engine.forward(steps, dropout);
    losses.push(engine.crossEntropy(steps));
    engine.backward(steps);
    engine.update({ optimizer: steps === seqLength ? "adagrad" : "sgd", lr: 0.05, gradClip: 0.5 });
    engine.carryHiddenState(steps);
  }
  engine.forward();
  const logits = engine.readOutputs();
  engine.softmax();
  return {
    losses,
    logits,
    probabilities: engine.readOutputs(),
    states: engine.readHiddenStates(),
    carried: engine.readHiddenState(),
    gradients: engine.readGradients(),
    parameters: engine.readParameters(),
    optimizerState: engine.readOptimizerState(),
  };
}

/** Asserts that training has the same bits with one thread and with each of these numbers. */
export function assertSameBits(
  options: Omit<EngineOptions, "inputs" | "outputs" | "threads">,
  threadCounts: readonly number[],
): void {
  const dropout = options.dropout ? { probability: 0.3, seed: 7 } : undefined;
  const trainWith = (threads: number) => {
    using engine = randomEngine({ ...options, threads });
    return train(engine, dropout);
  };
  const expected = trainWith(1);
  for (const threads of threadCounts) {
    assertEquals(trainWith(threads), expected, `${threads} threads, ${JSON.stringify(options)}`);
  }
}
