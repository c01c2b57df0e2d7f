/** `train-mpi`: `train` on several ranks, of which rank 0 prints and writes, and the others follow. */

import type { Exchange } from "../exchange.ts";
import {
  followReading,
  type RankCorpus,
  type SentTextJob,
  type SharedTextJob,
  type TextJob,
} from "../files/rank_corpus.ts";
import { InputError } from "../errors.ts";
import { failureOf, type Job, receiveJob, sendJob } from "../rank_jobs.ts";
import { followTraining, type TrainJob } from "../train/rank_training.ts";
import type { Command } from "./args.ts";
import { exitCodeOf } from "./program.ts";
import { SignalHandler } from "./signals.ts";
import { runTraining, trainCommand } from "./train.ts";

/** `deno task train-mpi`, as far as it needs no other ranks: its help and its options. */
export const mpiCommand: Command = {
  ...trainCommand,
  name: "train-mpi",
  summary: "Train a model on several machines or processes, by MPI",
  options: [
    ...trainCommand.options.map((option) =>
      option.name === "threads"
        ? {
          ...option,
          description: "Number of threads of each rank; the trained weights are the same bits " +
            "with any number",
          default: "the cores of its machine, divided by the ranks there",
        }
        : option
    ),
    {
      name: "mpi-library",
      value: "PATH",
      group: "Execution",
      description: "The library of MPI: libmpi.so of Open MPI or MPICH",
      default: "searched where systems have it",
    },
  ],
  examples: [
    "mpirun -n 2 --bind-to none deno task train-mpi examples/alice.txt",
    "mpirun -n 4 --hostfile hosts deno task train-mpi /shared/text.txt --hidden 512",
    "srun --mpi=pmix deno task train-mpi /shared/text.txt",
  ],
  notes: [
    "The ranks share the streams of a batch and the parameters. The trained weights are the same " +
    "bits as those of deno task train, and a run of one can be resumed with the other, on any " +
    "number of ranks.",
    ...trainCommand.notes,
  ],
  run: () => {
    throw new InputError(
      "Cannot train on several ranks: this process was started without a launcher; write mpirun " +
        "-n 2 deno task train-mpi <text>, or use deno task train",
    );
  },
};

/** Options of {@linkcode exitCodeOfRank}. */
export interface RankOptions {
  /** Threads of this rank without `--threads`. Default: as for a training alone. */
  readonly threads?: number;
}

/** The last job: the exit code of all ranks. */
interface EndJob extends Job {
  readonly name: "end";
  readonly code: number;
}

/**
 * Runs this rank's part of `train-mpi`.
 *
 * @param exchange The other ranks, which run the same.
 * @param args The command line, without the name of the command. Ranks other than 0 do not use it.
 * @returns The exit code, the same on all ranks.
 * @throws What this rank fails with if the others cannot know: they wait for it in vain.
 */
export async function exitCodeOfRank(
  exchange: Exchange,
  args: readonly string[],
  options: RankOptions = {},
): Promise<number> {
  if (exchange.rank !== 0) return await follow(exchange, options);
  const command: Command = {
    ...mpiCommand,
    async run(line) {
      try {
        return await runTraining(line, { exchange, ...options });
      } catch (error) {
        // The caller reports it, with the number of this rank.
        if (failureOf(exchange) !== undefined) return 1;
        throw error;
      }
    },
  };
  const code = await exitCodeOf([command], [mpiCommand.name, ...args]);
  const failure = failureOf(exchange);
  if (failure !== undefined) throw failure;
  const job: EndJob = { name: "end", code };
  sendJob(exchange, job);
  return code;
}

/** Does what rank 0 asks for, until the end. */
async function follow(exchange: Exchange, { threads }: RankOptions): Promise<number> {
  // Signals stop the training through the word that each step looks at.
  using signals = new SignalHandler(() => {});
  let corpus: RankCorpus | null = null;
  try {
    while (true) {
      const job = receiveJob(exchange) as
        | TextJob
        | SharedTextJob
        | SentTextJob
        | TrainJob
        | EndJob;
      if (job.name === "end") return job.code;
      if (job.name === "train") {
        const onStart = (word: Int32Array<SharedArrayBuffer>) => signals.setAtSignal(word);
        const { checkText } = corpus!;
        followTraining(exchange, job, { corpus: corpus!.corpus, threads, checkText, onStart });
      } else {
        corpus?.corpus[Symbol.dispose]();
        corpus = await followReading(exchange, job);
      }
    }
  } finally {
    corpus?.corpus[Symbol.dispose]();
  }
}
