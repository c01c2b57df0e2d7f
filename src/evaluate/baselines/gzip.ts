import type { Corpus } from "../../text/corpus.ts";
import { countChars, countPredicted, type Span } from "../../text/split.ts";
import { readBlocks } from "./read_blocks.ts";

/** The best compression. The sizes of one implementation differ from another's by under 1 %. */
const GZIP_LEVEL = 9;
/** Spans that are measured one by one. */
const MAX_SEPARATE = 64;
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
  if (spans.length > MAX_SEPARATE) {
    // Each alone would take milliseconds, and so many are short: they follow the text before the first.
    // Spans of lines overlap, so that a line break would be compressed twice with its context.
    const predicted = spans.map(([start, end]): Span => [start + 1, end]);
    const from = predicted[0]![0];
    const before = [Math.max(0, from - WINDOW_BYTES), from] as const;
    bytes = await gzipSize(corpus, [before, ...predicted]) - await gzipSize(corpus, [before]);
    return 8 * bytes * Math.LN2 / countPredicted(spans);
  }
  for (const [start, end] of spans) {
    // A character takes at least a byte.
    const from = Math.max(0, start + 1 - WINDOW_BYTES);
    bytes += await gzipSize(corpus, [[from, end]]) - await gzipSize(corpus, [[from, start + 1]]);
  }
  return 8 * bytes * Math.LN2 / countPredicted(spans);
}

/** The size of spans as one text after `gzip -9`, in bytes. */
async function gzipSize(
  corpus: Pick<Corpus, "read" | "vocabulary">,
  spans: readonly Span[],
): Promise<number> {
  const counter = createGzipCounter();
  try {
    for (const block of utf8Blocks(corpus, spans)) await counter.write(block);
  } catch (error) {
    counter.cancel();
    throw error;
  }
  return await counter.close();
}

function* utf8Blocks(
  corpus: Pick<Corpus, "read" | "vocabulary">,
  spans: readonly Span[],
): Generator<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  for (const span of spans) {
    for (const ids of readBlocks(corpus, span)) yield encoder.encode(corpus.vocabulary.decode(ids));
  }
}

/** Compresses blocks and counts the bytes. */
interface GzipCounter {
  /** Compresses a block, and waits while earlier ones are compressed. */
  write(block: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Ends the compressed text, and returns its size in bytes. */
  close(): Promise<number>;
  /** Ends without a size. */
  cancel(): void;
}

/**
 * The compressor of the runtime: zlib is looked up among the modules of Node.js, which Deno and Bun
 * have, too. In a page it is `CompressionStream`, which has no level; its default, 6, gives about
 * 1 % more bytes.
 */
function createGzipCounter(): GzipCounter {
  const zlib = globalThis.process?.getBuiltinModule?.("node:zlib");
  return zlib === undefined ? createStreamCounter() : createZlibCounter(zlib);
}

function createZlibCounter({ createGzip }: typeof import("node:zlib")): GzipCounter {
  const gzip = createGzip({ level: GZIP_LEVEL });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let bytes = 0;
  gzip.on("data", (block: Uint8Array) => bytes += block.length);
  gzip.on("end", () => resolve(bytes));
  gzip.on("error", reject);
  return {
    async write(block) {
      if (!gzip.write(block)) await new Promise((drained) => gzip.once("drain", drained));
    },
    close() {
      gzip.end();
      return promise;
    },
    cancel: () => void gzip.destroy(),
  };
}

/** {@linkcode createGzipCounter} with what pages have. */
export function createStreamCounter(): GzipCounter {
  const { readable, writable } = new CompressionStream("gzip");
  const writer = writable.getWriter();
  const size = countBytes(readable);
  return {
    write: (block) => writer.write(block),
    async close() {
      await writer.close();
      return await size;
    },
    cancel() {
      size.catch(() => {});
      writer.abort().catch(() => {});
    },
  };
}

async function countBytes(readable: ReadableStream<Uint8Array>): Promise<number> {
  const reader = readable.getReader();
  let bytes = 0;
  while (true) {
    const { done, value } = await reader.read();
    if (done) return bytes;
    bytes += value.length;
  }
}
