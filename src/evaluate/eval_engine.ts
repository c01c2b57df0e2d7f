import { Engine } from "../engine/engine.ts";
import { defaultThreadCount } from "../engine/thread_count.ts";
import { type Model, sizesOf } from "../model/model.ts";

/** Steps of one call of the engine: enough rows to make its products efficient. */
export const STEPS = 128;

/**
 * An engine that reads one text from its beginning to its end, {@linkcode STEPS} characters at a
 * time. All its parameters are zero.
 *
 * @param most Threads that may compute together; they are fewer where that is faster. The results
 * are the same bits with any number.
 * @throws {InputError} when a network of these sizes does not fit into memory.
 */
export function createEvalEngine(
  model: Pick<Model, "config" | "vocabulary">,
  most: number = Infinity,
): Engine {
  const sizes = { ...sizesOf(model), seqLength: STEPS, batchSize: 1 };
  const threads = Math.min(most, defaultThreadCount(sizes));
  return new Engine({ ...sizes, precision: model.config.precision, training: false, threads });
}
