/** How far a compressor gets on a text: what a model of single characters must beat, too. */
import { Buffer } from "node:buffer";
import { pipeline } from "node:stream/promises";
import { createGzip, gzipSync } from "node:zlib";
import type { Corpus } from "../text/corpus.ts";
import { charsOf, type Span } from "../text/split.ts";

/** Characters that are read at a time. */
const PIECE = 1 << 16;
const level = 9;

/**
 * How many nats `gzip -9` needs for each character of some stretches, one after the other, as UTF-8.
 * It takes memory for all of them.
 *
 * @param spans At least one character in all.
 * @throws {TextError} as {@linkcode Corpus.read} does.
 */
export function gzipNats(
  text: Pick<Corpus, "read" | "vocabulary">,
  spans: readonly Span[],
): number {
  const bytes = gzipSync(Buffer.concat([...utf8Of(text, spans)]), { level }).length;
  return natsPerChar(bytes, spans);
}

/**
 * As {@linkcode gzipNats}, for a text of any length: it takes memory for a piece at a time, and
 * leaves the event loop its turns.
 *
 * @throws {TextError} likewise, as a rejection.
 *
 * @example
 * ```ts
 * import { corpusFromText } from "../text/corpus.ts";
 * import { streamedGzipNats } from "./gzip.ts";
 *
 * const corpus = corpusFromText("to be or not to be. ".repeat(50));
 * const nats = await streamedGzipNats(corpus, [[0, corpus.length]]);
 * console.log(nats / Math.LN2 < 1); // bits per character: true
 * ```
 */
export async function streamedGzipNats(
  text: Pick<Corpus, "read" | "vocabulary">,
  spans: readonly Span[],
): Promise<number> {
  let bytes = 0;
  await pipeline(
    utf8Of(text, spans),
    createGzip({ level }),
    async (zipped: AsyncIterable<Uint8Array>) => {
      for await (const piece of zipped) bytes += piece.length;
    },
  );
  return natsPerChar(bytes, spans);
}

function* utf8Of(
  text: Pick<Corpus, "read" | "vocabulary">,
  spans: readonly Span[],
): Generator<Buffer> {
  for (const [start, end] of spans) {
    for (let at = start; at < end; at += PIECE) {
      yield Buffer.from(text.vocabulary.decode(text.read(at, Math.min(PIECE, end - at))));
    }
  }
}

function natsPerChar(bytes: number, spans: readonly Span[]): number {
  return 8 * bytes * Math.LN2 / charsOf(spans);
}
