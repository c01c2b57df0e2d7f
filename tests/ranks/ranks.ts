/** Runs a function on several ranks: rank 0 on the caller's thread, the others each on one of its own. */
import { LocalExchange, shareMailboxes } from "./local_exchange.ts";

const canReadWorkers = Deno.permissions.querySync({ name: "read" }).state === "granted";

/** Registers a test that runs ranks on threads of their own, whose module must be read. */
export function testRanks(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `${name} (needs --allow-read)`, ignore: !canReadWorkers, fn });
}

/** What a rank runs: an exported function of a module, which gets the exchange and `args`. */
export interface RankTask {
  readonly module: string;
  readonly name: string;
  readonly args?: unknown;
}

/** Threads that run ranks 1, 2, … */
export interface OtherRanks extends AsyncDisposable {
  /** The exchange of rank 0. */
  readonly exchange: LocalExchange;
  /** What the others return, or rejects with the error of the first that fails. */
  readonly results: Promise<unknown[]>;
}

/** Starts the other ranks; waits until they listen, since the caller may block its thread. */
export async function startOtherRanks(size: number, task: RankTask): Promise<OtherRanks> {
  const shared = shareMailboxes(size);
  const workers = Array.from({ length: size - 1 }, () => {
    return new Worker(new URL("./rank_worker.ts", import.meta.url), { type: "module" });
  });
  const results = workers.map((worker, i) => {
    const listening = Promise.withResolvers<void>();
    const result = Promise.withResolvers<unknown>();
    worker.onmessage = ({ data }) => {
      if (data === "listening") listening.resolve();
      else if ("error" in data) result.reject(new Error(`Rank ${i + 1}: ${data.error}`));
      else result.resolve(data.result);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      result.reject(new Error(`Rank ${i + 1}: ${event.message}`));
    };
    worker.postMessage({ shared, rank: i + 1, task });
    return { listening: listening.promise, result: result.promise };
  });
  await Promise.all(results.map(({ listening }) => listening));
  const all = Promise.all(results.map(({ result }) => result));
  all.catch(() => {});
  return {
    exchange: new LocalExchange(shared, 0),
    results: all,
    async [Symbol.asyncDispose]() {
      await Promise.allSettled([all]);
      for (const worker of workers) worker.terminate();
    },
  };
}

/** Runs the same function on all ranks; returns the result of each. */
export async function onRanks(size: number, task: RankTask): Promise<unknown[]> {
  await using others = await startOtherRanks(size, task);
  const run = (await import(task.module))[task.name];
  const own = await run(others.exchange, task.args);
  return [own, ...await others.results];
}
