/** A tiny run to test with. */
import type { Checkpoint } from "../../src/checkpoint/checkpoint.ts";
import { resolveConfig } from "../../src/model/resolve_config.ts";
import type { RunConfig } from "../../src/run/run_config.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { corpusIdentity } from "../../src/text/corpus_identity.ts";
import { Trainer } from "../../src/train/trainer.ts";

/** The text of the run. */
export const corpus = corpusFromText("abcab".repeat(30));

/** Contents of `config.json`, different for each seed. */
export function runConfigOf(seed = 1): RunConfig {
  return {
    config: resolveConfig({ hidden: 3, seqLength: 5, batchSize: 1, seed }),
    limits: { steps: 7, logEvery: 2 },
    corpus: corpusIdentity(corpus),
    history: [],
  };
}

/** A checkpoint of the run after a number of steps, with other progress where given. */
export function checkpointAt(
  step: number,
  { seed = 1, ...progress }: Partial<Checkpoint["progress"]> & { seed?: number } = {},
): Checkpoint {
  using trainer = Trainer.create(corpus, runConfigOf(seed).config);
  while (trainer.steps < step) trainer.step();
  const checkpoint = trainer.checkpoint();
  return { ...checkpoint, progress: { ...checkpoint.progress, ...progress } };
}
