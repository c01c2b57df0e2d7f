/** The other ranks of a training, for tests. */
import type { Exchange } from "../../src/exchange.ts";
import { TextError } from "../../src/errors.ts";
import { type Job, receiveJob, sendJob } from "../../src/rank_jobs.ts";
import { followTraining, type TrainJob } from "../../src/train/rank_training.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { type OtherRanks, startOtherRanks } from "../ranks/ranks.ts";

/** What the other ranks do. */
export interface FollowArgs {
  readonly text: string;
  /** Threads of each of them. */
  readonly threads?: number;
  /** What goes wrong, and on which rank. */
  readonly fault?: {
    readonly rank: number;
    /** The training is stopped by this word after so many milliseconds. */
    readonly stopAfterMs?: number;
    readonly word?: number;
    /** The text cannot be read any more after so many reads. */
    readonly readsBefore?: number;
  };
}

/** Follows trainings until rank 0 sends the job `end`. */
export function follow(exchange: Exchange, { text, threads, fault }: FollowArgs): void {
  const corpus = corpusFromText(text);
  const own = fault?.rank === exchange.rank ? fault : undefined;
  let reads = 0;
  const failing: typeof corpus = own?.readsBefore === undefined ? corpus : {
    ...corpus,
    read(...args) {
      if (++reads > own.readsBefore!) throw new TextError("Cannot read the text: it changed");
      return corpus.read(...args);
    },
    [Symbol.dispose]() {},
  };
  while (true) {
    const job: Job = receiveJob(exchange);
    if (job.name === "end") return;
    followTraining(exchange, job as TrainJob, {
      corpus: failing,
      threads,
      onStart: (stopWord) => {
        if (own?.stopAfterMs === undefined) return;
        // This thread does not return to its event loop, so another one sets the word.
        const code = `onmessage = ({ data: [word, ms, value] }) => {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
          Atomics.store(word, 0, value);
        }`;
        const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
        new Worker(url, { type: "module" }).postMessage([stopWord, own.stopAfterMs, own.word ?? 1]);
      },
    });
  }
}

/** Starts ranks that follow until the end of a block. */
export async function startFollowers(size: number, args: FollowArgs): Promise<OtherRanks> {
  const module = import.meta.url;
  const others = await startOtherRanks(size, { module, name: "follow", args });
  return {
    exchange: others.exchange,
    results: others.results,
    async [Symbol.asyncDispose]() {
      sendJob(others.exchange, { name: "end" });
      await others.results;
      await others[Symbol.asyncDispose]();
    },
  };
}
