import { Engine } from "../engine/engine.ts";
import { defaultThreadCount } from "../engine/thread_count.ts";
import { type Model, sizesOf } from "../model/model.ts";

/** T of an evaluation engine: enough rows for efficient matrix products. */
export const EVAL_SEQ_LENGTH = 128;

/** Options of evaluation engines. */
export interface EvalEngineOptions {
  /**
   * The most threads to use; small networks use fewer, which is faster. The results are the same
   * bits with any number. Default: the number of cores.
   */
  readonly threads?: number | undefined;
}

/**
 * Creates an engine that reads one text, {@linkcode EVAL_SEQ_LENGTH} characters per call. It has no
 * room for gradients, and its parameters are zero.
 *
 * @throws {InputError} if the network does not fit into memory.
 */
export function createEvalEngine(
  model: Pick<Model, "config" | "vocabulary">,
  { threads = Infinity }: EvalEngineOptions = {},
): Engine {
  const { precision } = model.config;
  const sizes = { ...sizesOf(model), precision, seqLength: EVAL_SEQ_LENGTH, batchSize: 1 };
  return new Engine({
    ...sizes,
    training: false,
    threads: Math.min(threads, defaultThreadCount(sizes)),
  });
}
