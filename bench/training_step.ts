/** A training step of the engine on one fixed batch. */
import { Engine } from "../src/engine/engine.ts";
import type { Precision } from "../src/model/parameters.ts";
import { randomWorkload, type WorkloadSize } from "./workload.ts";

/**
 * How every step updates the weights. The learning rate is so small that the weights, and with
 * them the time of a step, stay the same however many steps are timed.
 */
export const updateOptions = { optimizer: "adagrad", lr: 1e-6, gradClip: 5 } as const;

/** How {@linkcode createEngine} builds the engine. */
export interface EngineSetup {
  /** Default: `f32`. */
  readonly precision?: Precision;
  /** Default: 1. */
  readonly threads?: number;
}

/**
 * Creates an engine that holds the random workload of a size, and runs its forward pass once.
 *
 * @returns The engine, which the caller disposes of, and the loss of the batch in nats, summed over
 * T and averaged over B.
 */
export function createEngine(
  size: WorkloadSize,
  { precision = "f32", threads = 1 }: EngineSetup = {},
): { readonly engine: Engine; readonly loss: number } {
  const { sizes, parameters, inputIds, targetIds } = randomWorkload(size);
  const { seqLength, batchSize } = size;
  const engine = new Engine({ ...sizes, precision, seqLength, batchSize, threads });
  engine.writeParameters(parameters);
  engine.inputIds.set(inputIds);
  engine.targetIds.set(targetIds);
  engine.forward();
  return { engine, loss: engine.crossEntropy() };
}

/** Runs everything that a step of `Trainer` computes, on the batch that the engine holds. */
export function trainStep(engine: Engine): void {
  engine.forward();
  engine.crossEntropy();
  engine.backward();
  engine.update(updateOptions);
  engine.carryHiddenState();
}
