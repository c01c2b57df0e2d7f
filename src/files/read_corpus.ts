import * as v from "valibot";
import { checkOptions, optionsSchema, wrongType } from "../arguments.ts";
import { Disposables } from "../disposables.ts";
import { InputError, withContext, withContextAsync } from "../errors.ts";
import { callback, text as string, unchecked, wholeNumber } from "../schemas.ts";
import {
  checkIsText,
  contextOf,
  type Corpus,
  corpusFromScan,
  type CorpusText,
  type TextReading,
} from "../text/corpus.ts";
import { NotUtf8Error } from "../text/encoding.ts";
import { JoinedSource, type Segment } from "../text/joined_source.ts";
import { Utf8Scanner } from "../text/scan.ts";
import { checkPolicy, KnownFilter, type UnknownPolicy } from "../text/unknown.ts";
import { checkVocabulary, type Vocabulary } from "../text/vocabulary.ts";
import { isPipe, statIfExists } from "./file_identity.ts";
import { TextFile } from "./text_file.ts";
import { listTexts, STANDARD_INPUT_PATH, type TextPath } from "./text_paths.ts";
import { TextStore } from "./text_store.ts";
import { checkEncoding, openStream, type TextStream, toUtf8 } from "./text_stream.ts";

/** The progress of reading texts. */
export interface ReadProgress {
  /** Bytes read so far. */
  readonly bytes: number;
  /** Bytes of all files. */
  readonly total: number;
}

/** A file in a folder, or one that matches a pattern, that was passed over. */
export interface SkippedFile {
  /** Its path. */
  readonly path: string;
  /** Why: it is no text, such as an image, or it is empty. */
  readonly reason: "binary" | "empty";
}

/** How texts are read; a text is the same only if they are the same. */
export interface ReadingOptions {
  /** What is put between two texts. Default: a line break. */
  readonly separator?: string | undefined;
  /**
   * The encoding of all texts, by a name that `TextDecoder` has, for example `windows-1252`. Default:
   * `utf-8`, of which a byte-order mark is kept.
   */
  readonly encoding?: string | undefined;
  /**
   * How often a character must occur to be in the text's own vocabulary: a whole number, 1 or above.
   * Rarer ones are read as the unknown symbol, U+FFFD, which is never sampled. Default: 1.
   */
  readonly minCount?: number | undefined;
}

/** Options of {@linkcode readCorpus}. */
export interface ReadCorpusOptions extends ReadingOptions {
  /** The vocabulary to encode the text with, for example a model's. Default: the text's own. */
  readonly vocabulary?: Vocabulary | undefined;
  /**
   * What happens to characters that the given vocabulary lacks: `skip` leaves them out, `replace`
   * puts the unknown symbol or a similar character in their place; see {@linkcode toKnown}. Default:
   * they are read as the unknown symbol of the vocabulary, or the text is refused if it has none.
   */
  readonly unknown?: UnknownPolicy | undefined;
  /** Called several times per MiB, and awaited; what it throws ends the reading. */
  readonly onProgress?: (progress: ReadProgress) => void | Promise<void>;
  /** Called with each file that was passed over. */
  readonly onSkip?: (file: SkippedFile) => void;
  /**
   * Bytes of the texts that are kept in memory. Longer files stay open, and are read where needed.
   * Default: 64 MiB.
   */
  readonly maxBytesInMemory?: number;
  /** The maximal length in bytes of UTF-8. Default: unlimited. */
  readonly maxBytes?: number | undefined;
  /**
   * The folder of a temporary file for texts that do not fit into memory and that no file holds in
   * UTF-8: decompressed ones, of other encodings, or of a pipe. Default: none; such a text is
   * refused.
   */
  readonly temporaryFolder?: string | undefined;
}

/** The default of {@linkcode ReadCorpusOptions.maxBytesInMemory}: 64 MiB. */
export const MAX_BYTES_IN_MEMORY = 64 * 2 ** 20;

/** The default of {@linkcode ReadCorpusOptions.separator}. */
export const SEPARATOR = "\n";

/** What standard input is called in messages and in the record of a run. */
export const STANDARD_INPUT = "standard input";

/** Files that stay open at most: systems allow a process some hundred. */
const MAX_OPEN_FILES = 64;

const readOptionsSchema = optionsSchema({
  vocabulary: unchecked,
  separator: v.pipe(
    string,
    v.check((text) => text.isWellFormed(), "must be well-formed Unicode"),
  ),
  encoding: string,
  minCount: wholeNumber(1),
  unknown: unchecked,
  onProgress: callback,
  onSkip: callback,
  maxBytesInMemory: wholeNumber(0),
  maxBytes: wholeNumber(0),
  temporaryFolder: string,
});

/**
 * Reads texts of any length; needs `--allow-read`.
 *
 * A path is a file, a folder, a pattern such as `notes/*.md`, or `-` for standard input. A folder
 * stands for all files in it and in its folders, in the order of their paths, without hidden files,
 * run folders, and files that are no text; see {@linkcode ReadCorpusOptions.onSkip}. Several texts
 * are joined with a separator. Files that are compressed with gzip or Zstandard are decompressed.
 *
 * Each file is read once, in chunks. A file that is not kept in memory leaves a few MiB: the counts
 * of its characters, and the byte offsets of some.
 *
 * @param paths One path, or several.
 * @param options How texts are read, a progress callback, and limits.
 * @throws {InputError} if a text is missing, not readable, damaged, empty or not in the encoding,
 * naming the likely one; if a folder or pattern has no text, or links lead in a circle; if a file
 * changes while it is read; if the given vocabulary lacks one of its characters; or if an option is
 * wrong.
 * @throws {TypeError} if `paths` is no string and no array of strings, or `vocabulary` no
 * vocabulary.
 *
 * @example
 * ```ts
 * import { readCorpus } from "./mod.ts";
 *
 * using corpus = await readCorpus("examples/alice.txt");
 * console.log(corpus.vocabulary.decode(corpus.read(0, 5)), corpus.length);
 * using both = await readCorpus(["examples/alice.txt", "README.md"], { separator: "\n\n" });
 * console.log(both.texts.length); // 2
 * ```
 */
export async function readCorpus(
  paths: string | readonly string[],
  options: ReadCorpusOptions = {},
): Promise<Corpus> {
  const given = checkPaths(paths);
  const context = contextOf(nameTexts(given));
  const checked = checkOptions(options, { schema: readOptionsSchema, context });
  const { vocabulary, separator = SEPARATOR, minCount = 1, unknown } = checked;
  if (vocabulary !== undefined) checkVocabulary(vocabulary, context);
  if (unknown !== undefined) withContext(context, () => checkPolicy(unknown));
  const known = vocabulary === undefined || unknown === undefined
    ? undefined
    : new KnownFilter({ vocabulary, unknown });
  const encoding = checked.encoding === undefined
    ? undefined
    : withContext(context, () => checkEncoding(checked.encoding!));
  const texts = listTexts(given);
  // Without those that add nothing, such as a file that is given twice.
  const read = Object.freeze([...new Set(texts.map(({ given }) => given))]);
  using reader = new Reader(texts, { ...checked, encoding, separator, known });
  for (const text of texts) await reader.add(text);
  if (reader.texts.length === 0) {
    throw new InputError(`${context}: it has no text, as all files are empty or binary`);
  }
  const reading: TextReading = {
    paths: read,
    ...separator === SEPARATOR ? {} : { separator },
    ...encoding === undefined ? {} : { encoding },
    ...minCount === 1 ? {} : { minCount },
  };
  const name = nameTexts(read);
  return withContext(context, () => reader.finish({ name, vocabulary, minCount, reading }));
}

function checkPaths(paths: string | readonly string[]): readonly string[] {
  const given = typeof paths === "string" ? [paths] : paths;
  const isRight = Array.isArray(given) && given.length > 0 &&
    given.every((path) => typeof path === "string");
  if (isRight) return [...given];
  throw wrongType({
    ...{ context: "Cannot read a text", name: "paths" },
    expected: "a string, or an array of strings",
    value: paths,
  });
}

/** What texts are called together, for example `a.txt and 2 more`. */
export function nameTexts(paths: readonly string[]): string {
  const [first, ...others] = paths;
  const name = first === STANDARD_INPUT_PATH ? STANDARD_INPUT : first!;
  return others.length === 0 ? name : `${name} and ${others.length} more`;
}

/** Options of {@linkcode Reader}. */
interface ReaderOptions extends Omit<ReadCorpusOptions, "vocabulary" | "separator"> {
  readonly separator: string;
  /** Leaves out or replaces unknown characters. */
  readonly known: KnownFilter | undefined;
}

/** Reads texts one after another, and keeps what a corpus needs of them. */
class Reader implements Disposable {
  readonly texts: CorpusText[] = [];
  readonly #options: ReaderOptions;
  readonly #store: TextStore;
  readonly #scanner = new Utf8Scanner();
  readonly #segments: Segment[] = [];
  /** Files that stay open. */
  readonly #files = new Disposables();
  #openFiles = 0;
  /** Bytes read, of files as they are on disk, and bytes of the joined text. */
  #bytes = 0;
  readonly #total: number;
  #length = 0;

  constructor(texts: readonly TextPath[], options: ReaderOptions) {
    this.#options = options;
    const { maxBytesInMemory = MAX_BYTES_IN_MEMORY, temporaryFolder } = options;
    this.#store = new TextStore({ maxBytesInMemory, temporaryFolder });
    this.#total = texts.reduce((sum, { path }) => sum + sizeOf(path), 0);
  }

  /** Reads a text. */
  async add({ path, isFound }: TextPath): Promise<void> {
    const name = path === STANDARD_INPUT_PATH ? STANDARD_INPUT : path;
    await withContextAsync(contextOf(name), async () => {
      const onRead = (bytes: number) => this.#report(bytes);
      using opened = new Disposables();
      const file = path === STANDARD_INPUT_PATH || isPipe(path)
        ? undefined
        : opened.use(TextFile.open(path));
      const stream = await openStream(file ?? path, onRead);
      if (isFound && (stream.isEmpty || stream.isBinary)) {
        await stream.chunks[Symbol.asyncIterator]().return?.();
        this.#options.onSkip?.({ path, reason: stream.isEmpty ? "empty" : "binary" });
        return;
      }
      if (file === undefined && stream.isBinary) {
        // A device may have no end.
        throw new InputError("it seems to be a binary file; it must be a text");
      }
      if (this.texts.length > 0) this.#addSeparator();
      this.#scanner.beginText(this.#leftOut(stream));
      const staysInFile = await this.#read(stream, file);
      const text = this.#scanner.endText();
      if (text.length === 0 && this.#options.known !== undefined) {
        throw new InputError("the vocabulary has none of its characters", { option: "unknown" });
      }
      checkIsText(text);
      this.texts.push({ path: name, start: text.start });
      if (staysInFile) {
        this.#files.use(opened.move());
        this.#openFiles++;
      }
    }).catch((error) => {
      throw adviseEncoding(error);
    });
  }

  /** Puts all texts together. */
  finish(options: {
    readonly name: string;
    readonly vocabulary: Vocabulary | undefined;
    readonly minCount: number;
    readonly reading: TextReading;
  }): Corpus {
    using source = new Disposables();
    const [first, ...others] = this.#segments;
    const isWhole = others.length === 0 && first!.offset === 0;
    const joined = source.use(isWhole ? first!.source : new JoinedSource(this.#segments));
    const corpus = corpusFromScan(this.#scanner.finish(), {
      ...options,
      ...{ source: joined, texts: this.texts },
      ...this.#options.known === undefined ? {} : { filtered: this.#options.known.counts },
    });
    // From here on, the corpus closes files.
    source.move();
    this.#files.move();
    this.#store.release();
    return corpus;
  }

  /** Closes all files, unless a corpus has them. */
  [Symbol.dispose](): void {
    this.#files.dispose();
    this.#store[Symbol.dispose]();
  }

  /** Scans a text, and keeps it; whether it stays in its file. */
  async #read(stream: TextStream, file: TextFile | undefined): Promise<boolean> {
    const { encoding, known, maxBytes = Infinity } = this.#options;
    const isPlain = stream.compression === undefined && encoding === undefined &&
      known === undefined;
    const utf8 = encoding === undefined ? stream.chunks : toUtf8(stream.chunks, encoding);
    const chunks = known === undefined ? utf8 : filter(checked(utf8, this.#leftOut(stream)), known);
    const staysInFile = file !== undefined && isPlain && !this.#store.hasRoom(file.size) &&
      this.#openFiles < MAX_OPEN_FILES;
    const isReserved = file !== undefined && isPlain && this.#store.hasRoom(file.size);
    const reserved = isReserved ? this.#store.reserve(file.size) : undefined;
    let filled = 0;
    for await (const chunk of chunks) {
      this.#length += chunk.length;
      if (this.#length > maxBytes) throw tooLong(maxBytes);
      this.#scanner.add(chunk);
      if (reserved !== undefined) reserved.array.set(chunk, filled);
      else if (!staysInFile) { for (const s of await this.#store.add(chunk)) this.#addSegment(s); }
      filled += chunk.length;
    }
    if (reserved !== undefined) this.#addSegment(reserved.segment);
    if (staysInFile) this.#addSegment({ bytes: file.size, source: file, offset: 0 });
    return staysInFile;
  }

  /** Bytes at the start of a text that are not read. */
  #leftOut({ markLength }: TextStream): number {
    return this.#options.encoding === "utf-8" ? markLength : 0;
  }

  #addSeparator(): void {
    const { separator, known } = this.#options;
    const given = new TextEncoder().encode(separator);
    const bytes = known === undefined ? given : known.filter(given);
    this.#length += bytes.length;
    this.#scanner.add(bytes);
    const { array, segment } = this.#store.reserve(bytes.length);
    array.set(bytes);
    if (bytes.length > 0) this.#addSegment(segment);
  }

  /** Adds a segment, to the last one if it continues that. */
  #addSegment(segment: Segment): void {
    const last = this.#segments.at(-1);
    const continues = last !== undefined && last.source === segment.source &&
      last.offset + last.bytes === segment.offset;
    if (continues) {
      this.#segments.splice(-1, 1, { ...last, bytes: last.bytes + segment.bytes });
    } else this.#segments.push(segment);
  }

  async #report(bytes: number): Promise<void> {
    this.#bytes += bytes;
    // A pipe has no length.
    const progress = { bytes: this.#bytes, total: Math.max(this.#bytes, this.#total) };
    await this.#options.onProgress?.(progress);
  }
}

/** The bytes of a text; errors name the place of what is not UTF-8, which a filter would move. */
async function* checked(
  chunks: AsyncIterable<Uint8Array>,
  leftOut: number,
): AsyncGenerator<Uint8Array> {
  const scanner = new Utf8Scanner();
  scanner.beginText(leftOut);
  for await (const chunk of chunks) {
    scanner.add(chunk);
    yield chunk;
  }
  scanner.endText();
}

/** The known characters of a text. */
async function* filter(
  chunks: AsyncIterable<Uint8Array>,
  known: KnownFilter,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield known.filter(chunk);
  yield known.finish();
}

/** The length of a regular file; 0 for others, and for those that reading refuses. */
function sizeOf(path: string): number {
  if (path === STANDARD_INPUT_PATH) return 0;
  try {
    const info = statIfExists(path);
    return info?.isFile ? info.size : 0;
  } catch {
    return 0;
  }
}

function tooLong(maxBytes: number): InputError {
  return new InputError(
    `it has more than ${maxBytes.toLocaleString("en")} bytes; take a part of it`,
  );
}

/** An error of a text in another encoding, with the option that reads it. */
function adviseEncoding(error: unknown): unknown {
  const { cause } = error instanceof InputError ? error : {} as { cause?: unknown };
  if (!(cause instanceof NotUtf8Error) || cause.encoding === undefined) return error;
  const [context] = (error as InputError).message.split(cause.message);
  return new InputError(
    `${context}${cause.problem}; set "encoding" to ${cause.encoding}, or convert it to UTF-8`,
    { cause, option: "encoding" },
  );
}
