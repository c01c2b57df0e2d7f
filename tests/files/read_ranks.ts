/** Reading of texts on several ranks, for tests. */
import type { Exchange } from "../../src/exchange.ts";
import {
  followReading,
  type RankReadingOptions,
  readOnRanks,
  type SentTextJob,
  type SharedTextJob,
  type TextJob,
} from "../../src/files/rank_corpus.ts";
import { readCorpus } from "../../src/files/read_corpus.ts";
import { receiveJob, sendJob } from "../../src/rank_jobs.ts";
import type { Corpus } from "../../src/text/corpus.ts";
import { startOtherRanks } from "../ranks/ranks.ts";

/** Where the copies of the others are. */
export interface ReadArgs {
  /** The path of the copy of all others. Default: that of rank 0. */
  readonly copy?: string;
}

/** What a rank has read. */
export interface RankReading {
  readonly sha256: string;
  readonly length: number;
  readonly bytes: number;
  readonly vocabulary: string;
  readonly counts: readonly number[];
  readonly texts: unknown;
  /** The whole text, read backwards in pieces. */
  readonly text: string;
}

export function describeReading(corpus: Corpus): RankReading {
  const { sha256, length, bytes, vocabulary, counts, texts } = corpus;
  let text = "";
  for (let end = length; end > 0; end -= 997) {
    const start = Math.max(0, end - 997);
    text = vocabulary.decode(corpus.read(start, end - start)) + text;
  }
  return { sha256, length, bytes, vocabulary: vocabulary.characters, counts, texts, text };
}

/** Follows until the job `end`; what was read, or the error of the check of the text's first half. */
export async function follow(exchange: Exchange, { copy }: ReadArgs): Promise<unknown> {
  let result: unknown = null;
  while (true) {
    const job = receiveJob(exchange) as TextJob | SharedTextJob | SentTextJob;
    if (job.name as string === "end") return result;
    const own = copy === undefined ? {} : { path: copy, paths: [copy] };
    const read = await followReading(exchange, { ...job, ...own } as typeof job);
    if (read === null) continue;
    using corpus = read.corpus;
    try {
      read.checkText(0, Math.floor(corpus.length / 2));
      result = describeReading(corpus);
    } catch (error) {
      result = (error as Error).message;
    }
  }
}

/** Reads a text on several ranks; what each has read. */
export async function readShared(
  size: number,
  options: Partial<RankReadingOptions> & Pick<RankReadingOptions, "paths">,
  args: ReadArgs = {},
): Promise<readonly unknown[]> {
  await using others = await startOtherRanks(size, {
    ...{ module: import.meta.url, name: "follow", args },
  });
  let own: RankReading;
  try {
    using corpus = await readOnRanks(others.exchange, {
      ...{ options: {}, read: () => readCorpus(options.paths), ...options },
    });
    own = describeReading(corpus);
  } finally {
    sendJob(others.exchange, { name: "end" });
  }
  return [own, ...await others.results];
}
