import { checkShape } from "../arguments.ts";
import type { Corpus } from "./corpus.ts";

/** What identifies a text, whatever its path: a run is resumed on a text with the same SHA-256. */
export interface CorpusIdentity {
  /** The path of its file, or the name that it was given. */
  readonly path: string;
  /** Length in characters. */
  readonly chars: number;
  /** Length in bytes of UTF-8. */
  readonly bytes: number;
  /** SHA-256 of the UTF-8, in lower-case hexadecimal digits. */
  readonly sha256: string;
  /** The number of texts that it is joined from, if there are several. */
  readonly texts?: number;
}

/**
 * Returns the identity of a corpus, as checkpoints and run folders record it.
 *
 * @throws {TypeError} if it is no corpus.
 *
 * @example
 * ```ts
 * import { corpusFromText, corpusIdentity } from "../mod.ts";
 *
 * const { path, chars, bytes } = corpusIdentity(corpusFromText("née", "word"));
 * console.log(path, chars, bytes); // word 3 4
 * ```
 */
export function corpusIdentity(
  corpus: Pick<Corpus, "path" | "length" | "bytes" | "sha256"> & Partial<Pick<Corpus, "texts">>,
): CorpusIdentity {
  checkShape(corpus, {
    ...{ context: "Cannot identify a text", name: "corpus", expected: "a corpus" },
    shape: { path: "string", length: "number", bytes: "number", sha256: "string" },
  });
  const { path, length, bytes, sha256, texts = [] } = corpus;
  const joined = texts.length > 1 ? { texts: texts.length } : {};
  return { path, chars: length, bytes, sha256, ...joined };
}
