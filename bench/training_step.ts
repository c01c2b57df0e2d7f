import { Engine } from "../src/engine/engine.ts";
import type { Precision } from "../src/model/types.ts";
import { type NetworkSize, randomWorkload } from "./network_size.ts";

/** So small a rate that the network stays what it is, however often it is trained. */
export const update = { optimizer: "adagrad", lr: 1e-6, gradClip: 5 } as const;

/** An engine with a batch of random characters in it, forward pass and loss done once. */
export function createEngine(
  size: NetworkSize,
  precision: Precision = "f32",
  threads = 1,
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

/** All that a training step computes; `Trainer` does the same with the next batch each time. */
export function trainStep(engine: Engine): void {
  engine.forward();
  engine.crossEntropy();
  engine.backward();
  engine.update(update);
  engine.carryHiddenState();
}
