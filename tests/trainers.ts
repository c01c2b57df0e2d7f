/** Trainers for tests. */
import type { Checkpoint } from "../src/checkpoint/checkpoint.ts";
import { type ConfigInput, resolveConfig } from "../src/model/resolve_config.ts";
import type { Corpus } from "../src/text/corpus.ts";
import type { TrainOptions } from "../src/train/options.ts";
import { train } from "../src/train/train.ts";
import { Trainer, type TrainerOptions } from "../src/train/trainer.ts";

/** A trainer whose configuration is completed from the preset and `baseConfig`. */
export function createTrainer(
  corpus: Corpus,
  input: ConfigInput = {},
  options: TrainerOptions = {},
): Trainer {
  return Trainer.create(corpus, resolveConfig(input, { chars: corpus.length }), options);
}

/** Trains a run; its latest checkpoint. */
export async function trainLatest(corpus: Corpus, options: TrainOptions = {}): Promise<Checkpoint> {
  return (await train(corpus, options)).latest;
}
