/** Checkpoints to test with. */

import { memoriesOf } from "../../src/engine/update.ts";
import type { Checkpoint } from "../../src/model/checkpoint.ts";
import { type ConfigInput, resolveConfig } from "../../src/model/config.ts";
import { sizesOf } from "../../src/model/model.ts";
import { type ParameterSet, realArray, zeroParameters } from "../../src/model/parameters.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { Vocabulary } from "../../src/text/vocabulary.ts";

/** A checkpoint of random numbers, complete. */
export function checkpointOf(text: string, input: ConfigInput, corpusName = "text"): Checkpoint {
  const config = resolveConfig(input);
  const vocabulary = Vocabulary.fromText(text);
  const random = new Xoshiro128(config.seed);
  const fill = (set: ParameterSet, draw: () => number) => {
    Object.values(set).forEach((array) => array.set(Array.from(array, draw)));
    return set;
  };
  const zeros = () => zeroParameters(sizesOf({ config, vocabulary }), config.precision);
  const parameters = fill(zeros(), () => random.normal());
  // A number that adding the second bias of PyTorch, 0, would change.
  parameters.bh[0] = -0;
  const memories = Array.from(
    { length: memoriesOf(config) },
    () => fill(zeros(), () => random.uniform()),
  );
  const hiddenState = realArray(
    config.precision,
    config.layers * config.batch * config.hidden * (config.cell === "lstm" ? 2 : 1),
  );
  hiddenState.set(Array.from(hiddenState, () => 2 * random.uniform() - 1));
  return {
    config,
    vocabulary,
    parameters,
    trainingParameters: config.average > 0 ? fill(zeros(), () => random.normal()) : null,
    optimizerMemories: memories.length === 0 ? null : memories,
    hiddenState,
    random: random.state(),
    progress: {
      step: 12,
      epoch: 0.1 + 0.2,
      chars: 600,
      position: 300,
      loss: random.uniform(),
      batchLoss: random.uniform(),
      validationLoss: 1 / 3,
      bestValidationLoss: null,
      validatedStep: 10,
      reportedStep: null,
      sinceBest: 3,
      plateaus: 1,
      ended: true,
      elapsedSeconds: 4.5,
    },
    corpus: { name: corpusName, chars: 5, bytes: 6, sha256: "0123456789abcdef".repeat(4) },
  };
}
