import { Engine } from "../engine/engine.ts";
import { threadRange } from "../engine/thread_count.ts";
import { type Model, sizesOf } from "../model/model.ts";
import type { Precision } from "../model/parameters.ts";
import { EVAL_SEQ_LENGTH } from "./pieces.ts";

/** Options of evaluation engines. */
export interface EvalEngineOptions {
  /**
   * Threads to use; fewer if the network is so small that more would be slower. `auto` takes the
   * number that is measured to be the fastest. The results are the same bits with any number.
   * Default: `auto`.
   */
  readonly threads?: number | "auto" | undefined;
  /** Texts that are read side by side. Default: 1. */
  readonly streams?: number;
  /** What the engine computes in. Default: the precision of the model. */
  readonly precision?: Precision;
}

/**
 * Creates an engine that reads texts, {@linkcode EVAL_SEQ_LENGTH} characters of each per call. It has no
 * room for gradients, and its parameters are zero.
 *
 * @throws {InputError} if the network does not fit into memory.
 */
export function createEvalEngine(
  model: Pick<Model, "config" | "vocabulary">,
  { threads = "auto", streams: batchSize = 1, precision = model.config.precision }:
    EvalEngineOptions = {},
): Engine {
  const options = {
    ...sizesOf(model),
    ...{ precision, seqLength: EVAL_SEQ_LENGTH, batchSize, training: false },
  };
  const used = threads === "auto" ? threads : Math.min(threads, threadRange(options).most);
  return new Engine({ ...options, threads: used });
}
