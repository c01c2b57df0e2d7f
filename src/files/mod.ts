/**
 * unroll/files: texts and checkpoints in files, in Deno, Node.js and Bun.
 *
 * {@linkcode readCorpus} reads a text of any length, {@linkcode readCheckpoint} a checkpoint or the
 * model of a run folder, as untrusted input; {@linkcode writeCheckpoint} replaces a checkpoint
 * atomically. In Deno they need `--allow-read` and `--allow-write`.
 *
 * @example Train on a file and save the model
 * ```ts
 * import { train } from "../mod.ts";
 * import { readCheckpoint, readCorpus, writeCheckpoint } from "./mod.ts";
 *
 * using corpus = await readCorpus("examples/alice.txt");
 * const { best } = await train(corpus, { config: { hidden: 32 }, steps: 20 });
 * const path = `${Deno.makeTempDirSync()}/alice.safetensors`;
 * await writeCheckpoint(path, best);
 * console.log((await readCheckpoint(path)).config.hidden); // 32
 * ```
 *
 * @module
 */

export type { CheckpointMetadata } from "../checkpoint/metadata.ts";
export {
  readCheckpoint,
  readCheckpointMetadata,
  type ReadCheckpointOptions,
  writeCheckpoint,
  type WriteCheckpointOptions,
} from "./checkpoint_file.ts";
export {
  readCorpus,
  type ReadCorpusOptions,
  type ReadingOptions,
  type ReadProgress,
  type SkippedFile,
} from "./read_corpus.ts";
