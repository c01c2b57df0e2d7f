/** Models with random weights, and what the reference network computes with them. */
import type { ConfigInput } from "../../src/model/resolve_config.ts";
import { type Model, sizesOf } from "../../src/model/model.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { oneHot, referenceGradients, type Result, softmax } from "../reference/network.ts";
import { createTrainer } from "../trainers.ts";

/** A model of a text's characters with weights from N(0, deviation²); in f64 by default. */
export function modelOf(text: string, config: ConfigInput = {}, deviation = 1): Model {
  const input = { hidden: 6, seqLength: 1, batchSize: 1, precision: "f64", ...config } as const;
  using trainer = createTrainer(corpusFromText(text.padEnd(9, text)), input);
  const model = trainer.model();
  const random = new Xoshiro128(9);
  for (const weights of Object.values(model.parameters)) {
    for (let i = 0; i < weights.length; i++) weights[i] = deviation * random.normal();
  }
  return model;
}

/** A model whose logits overflow. */
export function overflowingModelOf(text: string): Model {
  const model = modelOf(text);
  model.parameters.Why.fill(1e308);
  model.parameters.bh.fill(9);
  return model;
}

/** The distribution after these ids, by the reference network. */
export function probabilitiesAfter(model: Model, ids: ArrayLike<number>): Float64Array {
  const { logits } = reference(model, ids, ids);
  return softmax(logits.slice(-model.vocabulary.size));
}

/** The mean cross-entropy of all ids but the first, by the reference network. */
export function referenceLoss(model: Model, ids: ArrayLike<number>): number {
  const all = Array.from(ids);
  return reference(model, all.slice(0, -1), all.slice(1)).loss / (all.length - 1);
}

function reference(
  model: Model,
  inputs: ArrayLike<number>,
  targets: ArrayLike<number>,
): Result {
  const sizes = sizesOf(model);
  const { layers = 1 } = sizes;
  return referenceGradients(sizes, model.parameters, {
    seqLength: inputs.length,
    batchSize: 1,
    inputs: oneHot(inputs, sizes.inputs),
    targets: oneHot(targets, sizes.outputs),
    hiddenState: new Float64Array(layers * sizes.hidden),
    cellState: new Float64Array(layers * sizes.hidden),
  });
}
