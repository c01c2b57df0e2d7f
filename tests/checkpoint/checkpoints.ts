/** Checkpoints for tests. */

import { stateSlotsOf } from "../../src/model/optimizers.ts";
import type { Checkpoint } from "../../src/checkpoint/checkpoint.ts";
import { baseConfig } from "../../src/model/presets.ts";
import { type ConfigInput, resolveConfig } from "../../src/model/resolve_config.ts";
import { FORMAT } from "../../src/checkpoint/metadata.ts";
import { sizesOf } from "../../src/model/model.ts";
import { type ParameterSet, realArray, zeroParameters } from "../../src/model/parameters.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { Vocabulary } from "../../src/text/vocabulary.ts";
import { rawFile } from "./files.ts";

/** Makes a complete checkpoint of random numbers. */
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
  // Adding PyTorch's second bias, 0, would change −0.
  parameters.bh[0] = -0;
  const optimizerState = Array.from(
    { length: stateSlotsOf(config).length },
    () => fill(zeros(), () => random.uniform()),
  );
  const hiddenState = realArray(
    config.precision,
    config.layers * config.batchSize * config.hidden * (config.cell === "lstm" ? 2 : 1),
  );
  hiddenState.set(Array.from(hiddenState, () => 2 * random.uniform() - 1));
  return {
    config,
    vocabulary,
    parameters,
    trainingParameters: config.weightAverage > 0 ? fill(zeros(), () => random.normal()) : null,
    optimizerState: optimizerState.length === 0 ? null : optimizerState,
    hiddenState,
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
      bestStep: null,
      loggedStep: null,
      validationsSinceBest: 3,
      lrReductions: 1,
      badSteps: 0,
      badLoss: null,
      ended: true,
      elapsedSeconds: 4.5,
    },
    corpus: { path: corpusName, chars: 5, bytes: 6, sha256: "0123456789abcdef".repeat(4) },
  };
}

/** The configuration of {@linkcode fileOfPyTorch}. */
export const configOfPyTorch = { ...baseConfig, hidden: 2, batchSize: 3, seqLength: 4 };

/** A file as PyTorch users save it: the weights alone, both biases nonzero, in order of names. */
export function fileOfPyTorch(strings: Record<string, string> = {}): Uint8Array {
  const tensors: [string, number[], number[]][] = [
    ["head.bias", [3], [0.5, -0.5, 0.25]],
    ["head.weight", [3, 2], [1, 2, 3, 4, 5, 6]],
    ["rnn.bias_hh_l0", [2], [0.125, -1]],
    ["rnn.bias_ih_l0", [2], [0.25, 3]],
    ["rnn.weight_hh_l0", [2, 2], [-1, -2, -3, -4]],
    ["rnn.weight_ih_l0", [2, 3], [7, 8, 9, 10, 11, 12]],
  ];
  const metadata = {
    vocabulary: JSON.stringify("ab\u{1f600}"),
    format: FORMAT,
    config: JSON.stringify(configOfPyTorch),
    ...strings,
  };
  const entries: [string, unknown][] = [["__metadata__", metadata]];
  const numbers: number[] = [];
  for (const [name, shape, values] of tensors) {
    const begin = 4 * numbers.length;
    numbers.push(...values);
    entries.push([name, { dtype: "F32", shape, data_offsets: [begin, 4 * numbers.length] }]);
  }
  const header = JSON.stringify(Object.fromEntries(entries));
  return rawFile(header + "   ", new Uint8Array(new Float32Array(numbers).buffer));
}

/** Converts a checkpoint to a form in which equality means equality of every bit. */
export function plain(checkpoint: Checkpoint) {
  const { vocabulary, parameters, trainingParameters, ...others } = checkpoint;
  const { optimizerState, hiddenState, ...rest } = others;
  const bits = (array: Float32Array | Float64Array) => [
    array.constructor.name,
    ...new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
  ];
  const set = (arrays: Checkpoint["parameters"]) =>
    Object.entries(arrays).map(([name, array]) => [name, bits(array)]);
  return {
    ...rest,
    characters: vocabulary.characters,
    parameters: set(parameters),
    trainingParameters: trainingParameters && set(trainingParameters),
    optimizerState: optimizerState?.map(set) ?? null,
    hiddenState: bits(hiddenState),
  };
}
