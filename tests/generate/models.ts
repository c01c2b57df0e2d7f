/** Models to generate with, and what the plain reference makes of them. */

import type { ConfigInput } from "../../src/model/config.ts";
import { type Model, sizesOf } from "../../src/model/model.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { createTrainer } from "../trainers.ts";
import { networkGradients } from "../reference/network.ts";
import { oneHot, softmax } from "../reference/rnn.ts";

/** A model of a text's characters, with random weights of this size. */
export function modelOf(text: string, config: ConfigInput = {}, size = 1): Model {
  const settings = { hidden: 6, seqLength: 1, batchSize: 1, precision: "f64", ...config } as const;
  const model = createTrainer(corpusFromText(text.padEnd(9, text)), settings).model();
  const random = new Xoshiro128(9);
  for (const weights of Object.values(model.parameters)) {
    for (let i = 0; i < weights.length; i++) weights[i] = size * random.normal();
  }
  return model;
}

/** The distribution of the character after these, by the plain reference. */
export function probabilitiesAfter(model: Model, ids: readonly number[]): Float64Array {
  const { cell = "rnn", layers = 1, ...others } = sizesOf(model);
  const parameters = Object.fromEntries(
    Object.entries(model.parameters).map(([name, weights]) => [name, Float64Array.from(weights)]),
  );
  const { logits } = networkGradients({ cell, layers, ...others }, parameters, {
    seqLength: ids.length,
    batchSize: 1,
    inputs: oneHot(ids, others.inputs),
    targets: oneHot(ids, others.outputs),
    hiddenState: new Float64Array(layers * others.hidden),
    cellState: new Float64Array(layers * others.hidden),
  });
  return softmax(logits.slice(-others.outputs));
}
