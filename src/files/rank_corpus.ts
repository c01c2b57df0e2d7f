/** Texts of a training that several ranks share: each reads its own copy, or rank 0 sends them. */

import { InputError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { quotePath } from "../json.ts";
import { agreeAsync, gatherTexts, type Job, runPart, runPartAsync, sendJob } from "../rank_jobs.ts";
import { checkIsText, type Corpus, corpusFromScan, inMemory } from "../text/corpus.ts";
import type { CorpusText, TextReading } from "../text/corpus.ts";
import { Utf8Scanner } from "../text/scan.ts";
import { isPipe } from "./file_identity.ts";
import { scanOnRanks, type SharedFile, sharedFileSize } from "./rank_scan.ts";
import {
  MAX_BYTES_IN_MEMORY,
  readCorpus,
  type ReadingOptions,
  type ReadProgress,
} from "./read_corpus.ts";
import { STANDARD_INPUT_PATH } from "./text_paths.ts";

/** The job that makes the others read a text. */
export interface TextJob extends Job {
  readonly name: "text";
  /** Files, folders and patterns. */
  readonly paths: readonly string[];
  /** How they are read. */
  readonly options: ReadingOptions & { readonly temporaryFolder?: string };
}

/** The job that makes the others read a part each of a file that all have. */
export interface SharedTextJob extends Job, SharedFile {
  readonly name: "shared text";
}

/** The corpus of a rank that follows. */
export interface RankCorpus {
  /** The corpus. */
  readonly corpus: Corpus;
  /** Checks that some characters are those of rank 0, if that has not been done. */
  readonly checkText: (start: number, end: number) => void;
}

/** How {@linkcode readOnRanks} reads. */
export interface RankReadingOptions extends Pick<TextJob, "paths" | "options"> {
  /** Reads the whole text on rank 0. */
  readonly read: () => Promise<Corpus>;
  /** Called while the ranks share the reading. */
  readonly onProgress?: (progress: ReadProgress) => void;
  /** The length of a file that the ranks share. Default: more than is held in memory. */
  readonly minSharedBytes?: number;
}

/** What follows the job if rank 0 sends the text, because only it can read it. */
interface SentText {
  readonly bytes: number;
  readonly path: string;
  readonly texts: readonly CorpusText[];
  readonly reading: TextReading | null;
}

/** Characters that are sent at a time. */
const SENT_CHARS = 1 << 18;

/** Whether only rank 0 has a text: launchers pass standard input to it alone. */
function isOnRank0(paths: readonly string[]): boolean {
  return paths.some((path) => path === STANDARD_INPUT_PATH || isPipe(path));
}

/**
 * Reads a text on all ranks; only rank 0 may call it, while the others wait for a job, for which they
 * call {@linkcode followReading}.
 *
 * A file that is too long for memory is scanned by all ranks, a part by each.
 *
 * @param exchange The ranks.
 * @param options The paths, and how they are read.
 * @throws {InputError} if a rank cannot read the text, or its copy has other contents.
 */
export async function readOnRanks(
  exchange: Exchange,
  { paths, options, read, onProgress, minSharedBytes }: RankReadingOptions,
): Promise<Corpus> {
  if (isOnRank0(paths)) return sendCorpus(exchange, await read());
  const bytes = sharedFileSize(paths, options);
  if (bytes !== null && bytes > (minSharedBytes ?? MAX_BYTES_IN_MEMORY)) {
    const job: SharedTextJob = {
      ...{ name: "shared text", path: paths[0]!, bytes },
      minCount: options.minCount,
    };
    sendJob(exchange, job);
    const shared = await runPartAsync(exchange, () => scanOnRanks(exchange, job, { onProgress }));
    if (shared !== null) return shared.corpus;
    // Something is wrong with the text: reading it in the usual way finds out what.
  }
  const job: TextJob = { name: "text", paths, options };
  sendJob(exchange, job);
  const corpus = await runPartAsync(exchange, () => agreeAsync(exchange, read));
  try {
    return runPart(exchange, () => checkSameOnRanks(exchange, corpus));
  } catch (error) {
    corpus[Symbol.dispose]();
    throw error;
  }
}

/** Reads this rank's copy of the text that rank 0 reads; `null` if it is refused on all ranks. */
export async function followReading(
  exchange: Exchange,
  job: TextJob | SharedTextJob | SentTextJob,
): Promise<RankCorpus | null> {
  if (job.name === "shared text") return await followSharedReading(exchange, job);
  const corpus = job.name === "sent text"
    ? receiveCorpus(exchange, job)
    : await followWholeReading(exchange, job);
  return corpus && { corpus, checkText() {} };
}

async function followSharedReading(
  exchange: Exchange,
  job: SharedTextJob,
): Promise<RankCorpus | null> {
  try {
    return await scanOnRanks(exchange, job);
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}

async function followWholeReading(exchange: Exchange, job: TextJob): Promise<Corpus | null> {
  let corpus: Corpus | undefined;
  try {
    corpus = await agreeAsync(exchange, () => readCorpus(job.paths, job.options));
    return checkSameOnRanks(exchange, corpus);
  } catch (error) {
    corpus?.[Symbol.dispose]();
    if (error instanceof InputError) return null;
    throw error;
  }
}

/** The corpus, if it has the same contents on all ranks. */
function checkSameOnRanks(exchange: Exchange, corpus: Corpus): Corpus {
  const hashes = gatherTexts(exchange, corpus.sha256);
  const hosts = gatherTexts(exchange, exchange.host);
  const other = hashes.findIndex((hash) => hash !== hashes[0]);
  if (other < 0) return corpus;
  throw new InputError(
    `Cannot train on ${quotePath(corpus.path)}: its contents on rank ${other}, ${hosts[other]}, ` +
      `differ from those on rank 0, ${hosts[0]}; use the same text on all machines`,
  );
}

/** The job that sends the text of rank 0. */
export interface SentTextJob extends Job, SentText {
  readonly name: "sent text";
}

function sendCorpus(exchange: Exchange, corpus: Corpus): Corpus {
  const { path, texts, reading, bytes, length, vocabulary } = corpus;
  if (bytes > MAX_BYTES_IN_MEMORY) {
    corpus[Symbol.dispose]();
    throw new InputError(
      `Cannot train on ${
        quotePath(path)
      } on several ranks: it is not in a file, and has more than ` +
        `${MAX_BYTES_IN_MEMORY / 2 ** 20} MiB; save it to a file that all ranks can read`,
    );
  }
  // Rare characters may be read as the unknown symbol, which has another length.
  const encoder = new TextEncoder();
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < length; at += SENT_CHARS) {
    const ids = corpus.read(at, Math.min(SENT_CHARS, length - at));
    chunks.push(encoder.encode(vocabulary.decode(ids)));
  }
  const sent = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const job: SentTextJob = { name: "sent text", bytes: sent, path, texts, reading };
  sendJob(exchange, job);
  return runPart(exchange, () => {
    exchange.broadcast(joined(chunks, sent));
    return corpus;
  });
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let filled = 0;
  for (const chunk of chunks) {
    all.set(chunk, filled);
    filled += chunk.length;
  }
  return all;
}

function receiveCorpus(exchange: Exchange, { bytes, path, texts, reading }: SentText): Corpus {
  const all = new Uint8Array(bytes);
  exchange.broadcast(all);
  const scanner = new Utf8Scanner();
  scanner.add(all);
  checkIsText(scanner.endText());
  return corpusFromScan(scanner.finish(), {
    ...{ name: path, vocabulary: undefined, source: inMemory(all), texts, reading },
  });
}
