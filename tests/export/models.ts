/** Models of every kind for tests of exports. */
import type { Checkpoint } from "../../src/checkpoint/checkpoint.ts";
import { score } from "../../src/evaluate/score.ts";
import { cellNames } from "../../src/model/cells.ts";
import { checkpointOf } from "../checkpoint/checkpoints.ts";

/** A text with the characters of {@linkcode models}. */
export const text = "née, née: the rain 🌧 in Spain\n".repeat(2);

/** A model of every cell and depth and of both precisions, by name. */
export const models: ReadonlyMap<string, Checkpoint> = new Map(
  cellNames.flatMap((cell) =>
    [1, 3].flatMap((layers) =>
      (["f32", "f64"] as const).map((precision) => {
        const config = { cell, layers, precision, hidden: 5, batchSize: 2, seqLength: 4 };
        const model = checkpointOf(text, config);
        // Larger weights would multiply the rounding errors of one step by those of the next.
        for (const weights of Object.values(model.parameters)) {
          weights.forEach((x, i) => weights[i] = x / 3);
        }
        return [`${cell}-${layers}-${precision}`, model] as const;
      })
    )
  ),
);

/** The ids of the text, and the loss of each character but the first, as `score` computes it. */
export function scored(model: Checkpoint): { ids: number[]; losses: number[] } {
  return {
    ids: [...model.vocabulary.encode(text)],
    losses: score(model, text).characters.map(({ nats }) => nats),
  };
}

/** The largest difference of two lists. */
export function largestDifference(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Infinity;
  return a.reduce((largest, x, i) => Math.max(largest, Math.abs(x - b[i]!)), 0);
}
