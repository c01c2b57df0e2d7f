import type { Corpus } from "../../text/corpus.ts";
import type { Span } from "../../text/split.ts";

/** Characters per block: a few milliseconds of counting or compressing. */
const BLOCK_LENGTH = 1 << 16;

/**
 * Reads the ids of a span in blocks, so that memory does not grow with the text.
 *
 * @throws {TextError} as {@linkcode Corpus.read} does.
 */
export function* readBlocks(
  corpus: Pick<Corpus, "read">,
  [start, end]: Span,
): Generator<Uint32Array> {
  for (let at = start; at < end; at += BLOCK_LENGTH) {
    yield corpus.read(at, Math.min(BLOCK_LENGTH, end - at));
  }
}
