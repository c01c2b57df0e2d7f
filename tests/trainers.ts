/** Trainers for tests. */
import { type ConfigInput, resolveConfig } from "../src/model/resolve_config.ts";
import type { Corpus } from "../src/text/corpus.ts";
import { Trainer, type TrainerOptions } from "../src/train/trainer.ts";

/** A trainer whose configuration is completed from the preset and `baseConfig`. */
export function createTrainer(
  corpus: Corpus,
  input: ConfigInput = {},
  options: TrainerOptions = {},
): Trainer {
  return Trainer.create(corpus, resolveConfig(input, { chars: corpus.length }), options);
}
