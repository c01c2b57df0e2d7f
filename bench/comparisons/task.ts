/** What a program is to train, as files that it reads; see protocol.ts. */
import { type Piece, piecesOf } from "../../src/evaluate/pieces.ts";
import type { Config } from "../../src/model/config.ts";
import { initialParameters } from "../../src/model/initialization.ts";
import { sizesOf } from "../../src/model/model.ts";
import { shapeEntries } from "../../src/model/parameters.ts";
import { Xoshiro128 } from "../../src/random.ts";
import type { Corpus } from "../../src/text/corpus.ts";
import { loadTrainingData } from "../../src/train/training_data.ts";
import { InputError } from "../../src/errors.ts";

/** The end of a run, on which the learning rate may depend. */
export interface RunLength {
  /** Updates of the parameters. */
  readonly steps?: number;
  /** Seconds of training, validations not counted. */
  readonly seconds?: number;
}

/** A training, as it is written to a file for the programs; see protocol.ts. */
export interface Task {
  /** Path of the text. */
  readonly text: string;
  /** Path of the text as character ids. */
  readonly ids: string;
  /** Path of the initial weights. */
  readonly weights: string;
  /** Names and shapes of the weights, in the order of the file. */
  readonly parameters: readonly (readonly [name: string, shape: readonly number[]])[];
  /** V. */
  readonly vocabulary: number;
  readonly config: Config;
  /** The streams: where each starts, and the characters of each. */
  readonly streams: { readonly starts: readonly number[]; readonly length: number };
  /** The pieces of the validation part, as unroll reads them; none if nothing is held out. */
  readonly validation: readonly Piece[];
  /** The length of the run; `{}` if it has no end. */
  readonly run: RunLength;
}

/** Where {@linkcode writeTask} writes, and what is trained. */
export interface WriteTaskOptions {
  readonly config: Config;
  /** An existing folder. */
  readonly folder: string;
  readonly run?: RunLength;
}

/**
 * Writes the files of a training: the ids of the text, the initial weights of unroll, and
 * `task.json`.
 *
 * @returns The task, and the path of `task.json`.
 * @throws {InputError} if the text is too short for the streams, or lines are examples.
 */
export async function writeTask(
  corpus: Corpus,
  { config, folder, run = {} }: WriteTaskOptions,
): Promise<{ readonly task: Task; readonly path: string }> {
  if (config.holdout === "lines") {
    throw new InputError('Cannot compare a training of lines: "holdout" must be end or streams', {
      option: "holdout",
    });
  }
  const { split, batches } = loadTrainingData(corpus, config);
  const [start, end] = batches.rangeOf({ start: 0, length: 1 });
  const sizes = sizesOf({ config, vocabulary: corpus.vocabulary });
  const { init, seed } = config;
  const random = new Xoshiro128(seed);
  const parameters = initialParameters(sizes, { init, precision: "f32", random });
  const task: Task = {
    text: corpus.path,
    ids: `${folder}/ids`,
    weights: `${folder}/weights`,
    parameters: shapeEntries(sizes),
    vocabulary: corpus.vocabulary.size,
    config,
    streams: { starts: batches.streamStarts, length: end - start },
    validation: [...piecesOf(split.validation)],
    run,
  };
  const path = `${folder}/task.json`;
  await Deno.writeFile(task.ids, new Uint8Array(corpus.read(0, corpus.length).buffer));
  await Deno.writeFile(task.weights, bytesOf(Object.values(parameters)));
  await Deno.writeTextFile(path, JSON.stringify(task));
  return { task, path };
}

function bytesOf(arrays: readonly ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Float32Array.from(arrays.flatMap((array) => Array.from(array))).buffer);
}
