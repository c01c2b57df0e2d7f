import { Buffer } from "node:buffer";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { Corpus } from "../../text/corpus.ts";
import { countChars, countPredicted, type Span } from "../../text/split.ts";
import { readBlocks } from "./read_blocks.ts";

/** The best compression. The sizes of one implementation differ from another's by under 1 %. */
const GZIP_LEVEL = 9;
/** How far back `gzip` refers. */
const WINDOW_BYTES = 32_768;

/**
 * The size of spans of a text after `gzip` at level 9, in nats per character: 8 ln 2 for each compressed
 * byte, divided by the number of characters.
 *
 * The spans are compressed as one UTF-8 text, read in blocks: memory does not grow with the text,
 * and the event loop runs in between.
 *
 * @param spans At least one character in total.
 * @throws {TextError} as {@linkcode Corpus.read} does.
 *
 * @example
 * ```ts
 * import { corpusFromText } from "../../text/corpus.ts";
 * import { gzipNatsPerChar } from "./gzip.ts";
 *
 * const corpus = corpusFromText("to be or not to be. ".repeat(50));
 * const nats = await gzipNatsPerChar(corpus, [[0, corpus.length]]);
 * console.log(nats / Math.LN2 < 1); // bits per character: true
 * ```
 */
export async function gzipNatsPerChar(
  corpus: Pick<Corpus, "read" | "vocabulary">,
  spans: readonly Span[],
): Promise<number> {
  return 8 * await gzipSize(corpus, spans) * Math.LN2 / countChars(spans);
}

/**
 * What `gzip` at level 9 adds for the predicted characters of spans to the size of the text before them, in
 * nats per character.
 *
 * Like a model that was trained on that text, `gzip` may refer to it, as far as its window of 32 KiB
 * reaches. The first character of each span is context, as for the other baselines.
 *
 * @param spans At least one, each of at least two characters.
 * @throws {TextError} as {@linkcode Corpus.read} does.
 *
 * @example
 * ```ts
 * import { corpusFromText } from "../../text/corpus.ts";
 * import { conditionalGzipNatsPerChar, gzipNatsPerChar } from "./gzip.ts";
 *
 * const corpus = corpusFromText("to be or not to be. ".repeat(50));
 * const spans = [[900, 1000]] as const;
 * const alone = await gzipNatsPerChar(corpus, spans);
 * console.log(await conditionalGzipNatsPerChar(corpus, spans) < alone / 4); // true
 * ```
 */
export async function conditionalGzipNatsPerChar(
  corpus: Pick<Corpus, "read" | "vocabulary">,
  spans: readonly Span[],
): Promise<number> {
  let bytes = 0;
  for (const [start, end] of spans) {
    // A character takes at least a byte.
    const from = Math.max(0, start + 1 - WINDOW_BYTES);
    bytes += await gzipSize(corpus, [[from, end]]) - await gzipSize(corpus, [[from, start + 1]]);
  }
  return 8 * bytes * Math.LN2 / countPredicted(spans);
}

/** The size of spans as one text after `gzip` at level 9, in bytes. */
async function gzipSize(
  corpus: Pick<Corpus, "read" | "vocabulary">,
  spans: readonly Span[],
): Promise<number> {
  let bytes = 0;
  await pipeline(
    utf8Blocks(corpus, spans),
    createGzip({ level: GZIP_LEVEL }),
    async (compressed: AsyncIterable<Uint8Array>) => {
      for await (const block of compressed) bytes += block.length;
    },
  );
  return bytes;
}

function* utf8Blocks(
  corpus: Pick<Corpus, "read" | "vocabulary">,
  spans: readonly Span[],
): Generator<Buffer> {
  for (const span of spans) {
    for (const ids of readBlocks(corpus, span)) yield Buffer.from(corpus.vocabulary.decode(ids));
  }
}
