import { Engine } from "./engine.ts";
import { type Model, sizesOf } from "../model/model.ts";
import type { ParameterSet, RealArray } from "../model/parameters.ts";

/** T steps of B streams; row t·B + b is step t of stream b. */
export interface Batch {
  /** T */
  readonly seqLength: number;
  /** B */
  readonly batchSize: number;
  /** Ids of the characters read, [T·B]. */
  readonly inputs: ArrayLike<number>;
  /** Ids of the characters to predict, [T·B]. */
  readonly targets: ArrayLike<number>;
  /** The state before the first step, [B, H]. Default: zeros. */
  readonly hiddenState?: ArrayLike<number>;
}

/** What {@linkcode batchGradients} finds. */
export interface BatchGradients {
  /** Cross-entropy in nats, summed over the steps and averaged over the streams. */
  readonly loss: number;
  /** Its gradient with respect to every parameter, unclipped, in the parameters' shapes. */
  readonly gradients: ParameterSet;
  /** The state after the last step, [B, H]. */
  readonly hiddenState: RealArray;
}

/**
 * The loss of one batch and its gradient, by back-propagation through time over all its steps.
 *
 * @param model A model, for example a checkpoint; nothing in it changes.
 * @param batch What to read and what to predict, as ids of the model's vocabulary.
 * @throws {RangeError} when an array's length or an id does not fit.
 * @throws {InputError} when a network of these sizes does not fit into memory.
 *
 * @example
 * ```ts
 * import { batchGradients, corpusFromText, resolveConfig, Trainer } from "../mod.ts";
 *
 * const corpus = corpusFromText("abcabc".repeat(20));
 * const config = resolveConfig({ hidden: 4, seqLength: 3, batchSize: 1 }, { chars: corpus.length });
 * const model = Trainer.create(corpus, config).model();
 * const { loss, gradients: d } = batchGradients(model, {
 *   seqLength: 2, batchSize: 1, inputs: [0, 1], targets: [1, 2],
 * });
 * console.log(loss, d.by); // about 2 ln 3 at first; three numbers, whose sum is 0
 * ```
 */
export function batchGradients(model: Model, batch: Batch): BatchGradients {
  const { seqLength, batchSize } = batch;
  const engine = new Engine({
    ...sizesOf(model),
    precision: model.config.precision,
    seqLength,
    batchSize,
  });
  engine.writeParameters(model.parameters);
  engine.writeHiddenState(batch.hiddenState);
  for (const name of ["inputs", "targets"] as const) {
    if (batch[name].length !== seqLength * batchSize) {
      throw new RangeError(
        `Cannot use the ${name} of a batch: ${batch[name].length} ids given, ` +
          `${seqLength} · ${batchSize} wanted`,
      );
    }
  }
  engine.inputIds.set(batch.inputs);
  engine.targetIds.set(batch.targets);
  engine.forward();
  const loss = engine.crossEntropy();
  engine.backward();
  engine.carryHiddenState();
  return { loss, gradients: engine.readGradients(), hiddenState: engine.readHiddenState() };
}
