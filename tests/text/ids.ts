/** Conversion between corpora and plain ids. */
import type { Corpus } from "../../src/text/corpus.ts";

/** All ids of a corpus. */
export function idsOf(corpus: Corpus): Uint32Array {
  return corpus.read(0, corpus.length);
}

/** A text of these ids, for readers that need no vocabulary. */
export function textOf(ids: Iterable<number>): Pick<Corpus, "path" | "length" | "read"> {
  const all = Uint32Array.from(ids);
  return {
    path: "ids",
    length: all.length,
    read(start, count, { into = new Uint32Array(count) } = {}) {
      into.set(all.subarray(start, start + count));
      return into;
    },
  };
}
