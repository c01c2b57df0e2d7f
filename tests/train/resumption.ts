/** Resuming a trainer from checkpoints, compared with one that never stops. */
import { assert, assertEquals } from "@std/assert";
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
} from "../../src/checkpoint/checkpoint.ts";
import type { Precision } from "../../src/model/parameters.ts";
import type { ConfigInput } from "../../src/model/resolve_config.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { createTrainer } from "../trainers.ts";

export const corpus = corpusFromText(
  "she sells sea shells by the sea shore, surely – 🐚. ".repeat(30),
);
export const small = { hidden: 9, seqLength: 10, batchSize: 2 } as const;

/** The precisions of training. */
export const precisions: readonly Precision[] = ["f32", "f32-strict", "f64"];

/** Every optimizer, with cells, layers, dropout, schedules and averages among them. */
export const configs: Readonly<Record<string, ConfigInput>> = {
  adagrad: { optimizer: "adagrad" },
  sgd: { optimizer: "sgd" },
  "sgd, momentum, gru": { optimizer: "sgd", momentum: 0.9, cell: "gru" },
  "adagrad, lstm, state resets": { cell: "lstm", resetEvery: 3 },
  "adam, weight average": {
    optimizer: "adam",
    weightAverage: 0.1,
    lrSchedule: "inverse-sqrt",
    warmup: 5,
  },
  "rmsprop, lstm, step schedule": {
    optimizer: "rmsprop",
    cell: "lstm",
    lrSchedule: "step",
    lrDecayAfter: 1,
  },
  "adam, two layers, dropout": { optimizer: "adam", layers: 2, dropout: 0.3, warmup: 20 },
  "adamw, two lstm layers, dropout, norm clipping": {
    optimizer: "adamw",
    cell: "lstm",
    layers: 2,
    dropout: 0.5,
    gradClip: 0.1,
    gradClipMode: "norm",
  },
};

/** The checkpoint after it was written to the bytes of a file, and read back. */
export async function throughFile(checkpoint: Checkpoint): Promise<Checkpoint> {
  return await decodeCheckpoint(await encodeCheckpoint(checkpoint));
}

/**
 * Checks that a trainer that is resumed several times, each time with another number of threads, has
 * the same bits as one that never stops.
 */
export async function assertResumesWithSameBits(input: ConfigInput): Promise<void> {
  for (const batchSize of [1, 3]) {
    const config = { ...small, batchSize, seed: 5, ...input };
    using whole = createTrainer(corpus, config);
    // In the first epoch, at its end, and in later ones.
    const ends = [0, 1, 7, whole.stepsPerEpoch - 1, whole.stepsPerEpoch, 2 * 80 + 3];
    let threads = 1;
    let resumed = createTrainer(corpus, config, { threads });
    for (const end of ends) {
      while (whole.steps < end) whole.step();
      while (resumed.steps < end) assert(Number.isFinite(resumed.step()));
      const checkpoint = await throughFile(resumed.checkpoint());
      resumed[Symbol.dispose]();
      threads = threads % 3 + 1;
      resumed = Trainer.fromCheckpoint(corpus, checkpoint, { threads });
      const [expected, actual] = [whole.checkpoint(), resumed.checkpoint()];
      assertEquals(actual, expected);
      assertEquals(await encodeCheckpoint(actual), await encodeCheckpoint(expected));
    }
    resumed[Symbol.dispose]();
  }
}
