/** Models to generate with, and what the plain reference makes of them. */

import type { ConfigInput } from "../../src/model/config.ts";
import { type Model, sizesOf } from "../../src/model/model.ts";
import { parameterNames } from "../../src/model/parameters.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { oneHot, referenceGradients, softmax } from "../reference/rnn.ts";

/** A model of a text's characters, with random weights of this size. */
export function modelOf(text: string, config: ConfigInput = {}, size = 1): Model {
  const settings = { hidden: 6, seq: 1, batch: 1, precision: "f64", ...config } as const;
  const model = new Trainer(corpusFromText(text.padEnd(9, text)), settings).model();
  const random = new Xoshiro128(9);
  for (const name of parameterNames) {
    model.parameters[name].forEach((_, i, array) => array[i] = size * random.normal());
  }
  return model;
}

/** The distribution of the character after these, by the plain reference. */
export function probabilitiesAfter(model: Model, ids: readonly number[]): Float64Array {
  const sizes = sizesOf(model);
  const { logits } = referenceGradients(sizes, model.parameters, {
    steps: ids.length,
    streams: 1,
    inputs: oneHot(ids, sizes.inputs),
    targets: oneHot(ids, sizes.outputs),
    hiddenState: new Float64Array(sizes.hidden),
  });
  return softmax(logits.slice(-sizes.outputs));
}
