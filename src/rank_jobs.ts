/** What rank 0 asks the other ranks to do, and how all of them agree (docs/design/distributed.md). */

import { InputError, TextError } from "./errors.ts";
import type { Exchange, Slice } from "./exchange.ts";

/** A job: its name, and what JSON can hold. */
export interface Job {
  /** The name. */
  readonly name: string;
}

/** Most jobs fit into one broadcast of so many bytes, the length in the first four included. */
const JOB_BYTES = 512;

/** Broadcasts a job; only rank 0 may, while the others wait in {@linkcode receiveJob}. */
export function sendJob(exchange: Exchange, job: Job): void {
  const json = new TextEncoder().encode(JSON.stringify(job));
  const first = new Uint8Array(JOB_BYTES);
  new DataView(first.buffer).setUint32(0, json.length);
  const fits = json.subarray(0, JOB_BYTES - 4);
  first.set(fits, 4);
  exchange.broadcast(first, { isIdle: true });
  if (fits.length < json.length) exchange.broadcast(json.slice(fits.length));
}

/** Waits for the next job of rank 0. */
export function receiveJob(exchange: Exchange): Job {
  const first = new Uint8Array(JOB_BYTES);
  exchange.broadcast(first, { isIdle: true });
  const json = new Uint8Array(new DataView(first.buffer).getUint32(0));
  const fits = first.subarray(4, 4 + Math.min(json.length, JOB_BYTES - 4));
  json.set(fits);
  if (fits.length < json.length) {
    const rest = new Uint8Array(json.length - fits.length);
    exchange.broadcast(rest);
    json.set(rest, fits.length);
  }
  return JSON.parse(new TextDecoder().decode(json));
}

/** Gathers numbers of each rank, as many of each; all ranks get those of all. */
export function gatherWords(exchange: Exchange, own: readonly number[]): number[][] {
  const words = new Int32Array(exchange.size * own.length);
  words.set(own, exchange.rank * own.length);
  exchange.allGather(words, evenSlices(exchange.size, own.length));
  return Array.from({ length: exchange.size }, (_, rank) => {
    return Array.from(words.subarray(rank * own.length, (rank + 1) * own.length));
  });
}

/** Gathers a text of each rank. */
export function gatherTexts(exchange: Exchange, own: string): string[] {
  // As UTF-16, each unit in a word: texts are short.
  const units = Array.from({ length: own.length }, (_, i) => own.charCodeAt(i));
  const lengths = gatherWords(exchange, [units.length]).map(([length]) => length!);
  const starts = lengths.map((_, i) => lengths.slice(0, i).reduce((sum, each) => sum + each, 0));
  const words = new Int32Array(starts.at(-1)! + lengths.at(-1)!);
  words.set(units, starts[exchange.rank]!);
  exchange.allGather(words, lengths.map((length, i) => ({ start: starts[i]!, length })));
  return lengths.map((length, i) =>
    String.fromCharCode(...words.subarray(starts[i]!, starts[i]! + length))
  );
}

function evenSlices(size: number, length: number): Slice[] {
  return Array.from({ length: size }, (_, rank) => ({ start: rank * length, length }));
}

/** What a rank reports of an action; see {@linkcode agree}. */
interface Report {
  /** The message of an error. */
  readonly message: string;
  readonly isText: boolean;
  readonly option?: string | undefined;
  readonly host: string;
}

/**
 * Runs an action on all ranks; if it fails on one with an error that a user caused, it fails on all
 * of them. Other errors are thrown where they arise.
 *
 * @param action Must not exchange anything itself.
 * @returns The result of this rank.
 * @throws {InputError} on all ranks: that of rank 0, or of the first other rank, which it names.
 */
export function agree<Result>(exchange: Exchange, action: () => Result): Result {
  const attempt = attemptOf(action);
  throwFirst(exchange, attempt.error);
  return attempt.result!;
}

/** {@linkcode agree} for an action that takes time. */
export async function agreeAsync<Result>(
  exchange: Exchange,
  action: () => Promise<Result>,
): Promise<Result> {
  let error: InputError | undefined;
  let result: Result | undefined;
  try {
    result = await action();
  } catch (thrown) {
    if (!(thrown instanceof InputError)) throw thrown;
    error = thrown;
  }
  throwFirst(exchange, error);
  return result!;
}

function attemptOf<Result>(action: () => Result): { result?: Result; error?: InputError } {
  try {
    return { result: action() };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { error };
  }
}

/**
 * Throws the error of the first rank that has one.
 *
 * @param own The error of this rank, if it has one.
 */
export function throwFirst(exchange: Exchange, own: InputError | undefined): void {
  const failed = gatherWords(exchange, [own === undefined ? 0 : 1]).findIndex(([word]) =>
    word === 1
  );
  if (failed < 0) return;
  const report: Report | undefined = own && {
    message: own.message,
    isText: own instanceof TextError,
    option: own.option,
    host: exchange.host,
  };
  const reports = gatherTexts(exchange, report === undefined ? "" : JSON.stringify(report));
  if (failed === exchange.rank) throw own;
  const { message, isText, option, host }: Report = JSON.parse(reports[failed]!);
  const text = failed === 0 ? message : `${message} (on rank ${failed}, ${host})`;
  throw isText ? new TextError(text, { option }) : new InputError(text, { option });
}

/** Errors that have left ranks in the middle of an exchange, by exchange. */
const failures = new WeakMap<Exchange, unknown>();

/**
 * Runs this rank's part of a job. After an error that not all ranks have, no further job can be sent,
 * as the others may wait in the middle of this one; see {@linkcode failureOf}.
 *
 * @throws What the job throws.
 */
export function runPart<Result>(exchange: Exchange, job: () => Result): Result {
  try {
    return job();
  } catch (error) {
    // Ranks agree on errors of input.
    if (!(error instanceof InputError)) failures.set(exchange, error);
    throw error;
  }
}

/** As {@linkcode runPart}, for a job that takes time. */
export async function runPartAsync<Result>(
  exchange: Exchange,
  job: () => Promise<Result>,
): Promise<Result> {
  try {
    return await job();
  } catch (error) {
    return runPart(exchange, () => {
      throw error;
    });
  }
}

/** The error after which the ranks can exchange nothing any more; `undefined` if there is none. */
export function failureOf(exchange: Exchange): unknown {
  return failures.get(exchange);
}
