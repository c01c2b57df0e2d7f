import { checkOptions, checkString, optionsSchema } from "../arguments.ts";
import { Disposables } from "../disposables.ts";
import { withContextAsync } from "../errors.ts";
import { callback, unchecked, wholeNumber } from "../schemas.ts";
import { contextOf, type Corpus, corpusFromScan, inMemory } from "../text/corpus.ts";
import { Utf8Scanner } from "../text/scan.ts";
import { checkVocabulary, type Vocabulary } from "../text/vocabulary.ts";
import { TextFile } from "./text_file.ts";

/** The progress of reading a file. */
export interface ReadProgress {
  /** Bytes read so far. */
  readonly bytes: number;
  /** Bytes of the whole file. */
  readonly total: number;
}

/** Options of {@linkcode readCorpus}. */
export interface ReadCorpusOptions {
  /** The vocabulary to encode the text with, for example a model's. Default: the text's own. */
  readonly vocabulary?: Vocabulary | undefined;
  /** Called several times per MiB, and awaited; what it throws ends the reading. */
  readonly onProgress?: (progress: ReadProgress) => void | Promise<void>;
  /**
   * Files up to this length are kept in memory. A longer file stays open, and is read where needed.
   * Default: 64 MiB.
   */
  readonly maxBytesInMemory?: number;
}

/** The default of {@linkcode ReadCorpusOptions.maxBytesInMemory}: 64 MiB. */
export const MAX_BYTES_IN_MEMORY = 64 * 2 ** 20;

/** Bytes that are read at a time: few calls, and a small part of any memory. */
const READ_BYTES = 1 << 18;

const readOptionsSchema = optionsSchema({
  vocabulary: unchecked,
  onProgress: callback,
  maxBytesInMemory: wholeNumber(0),
});

/**
 * Reads a UTF-8 file of any length; needs `--allow-read`.
 *
 * The whole file is read once, in chunks. A file that is not kept in memory leaves a few MiB: the
 * counts of its characters, and the byte offsets of some.
 *
 * @param path The file.
 * @param options The vocabulary, a progress callback, and a limit of memory.
 * @throws {InputError} if the file is missing, not regular, not readable, empty or not UTF-8, naming
 * what it is instead if that is recognized; if it changes while it is read; if the given vocabulary
 * lacks one of its characters; or if an option is wrong.
 * @throws {TypeError} if `path` is not a string, or `vocabulary` no vocabulary.
 *
 * @example
 * ```ts
 * import { readCorpus } from "./mod.ts";
 *
 * using corpus = await readCorpus("examples/alice.txt");
 * console.log(corpus.vocabulary.decode(corpus.read(0, 5)), corpus.length);
 * ```
 */
export async function readCorpus(path: string, options: ReadCorpusOptions = {}): Promise<Corpus> {
  checkString(path, { context: "Cannot read a text", name: "path" });
  const context = contextOf(path);
  const checked = checkOptions(options, { schema: readOptionsSchema, context });
  const { vocabulary, onProgress, maxBytesInMemory = MAX_BYTES_IN_MEMORY } = checked;
  if (vocabulary !== undefined) checkVocabulary(vocabulary, context);
  return await withContextAsync(context, async () => {
    using opened = new Disposables();
    const file = opened.use(TextFile.open(path));
    const all = file.size <= maxBytesInMemory ? new Uint8Array(file.size) : undefined;
    const scanner = new Utf8Scanner();
    let bytes = 0;
    for await (const chunk of file.chunks(READ_BYTES)) {
      scanner.add(chunk);
      all?.set(chunk, bytes);
      bytes += chunk.length;
      await onProgress?.({ bytes, total: file.size });
    }
    const scan = scanner.finish();
    const corpus = corpusFromScan(scan, {
      name: path,
      vocabulary,
      source: all ? inMemory(all) : file,
    });
    // From here on, the corpus closes the file.
    if (!all) opened.move();
    return corpus;
  });
}
