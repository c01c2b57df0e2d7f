/**
 * Exchange of numbers between ranks: processes that train one model together, each with a part of
 * the streams (docs/design/distributed.md).
 *
 * All ranks call the same operations in the same order, with arguments that fit together. Each call
 * waits for what it needs of the other ranks. An operation that cannot succeed any more, because a
 * rank has ended or the connection is lost, throws an error or ends the process; it never returns
 * with wrong numbers.
 */

/** Numbers that are exchanged: a view of the memory of the kernels, or of any other. */
export type Values = Float32Array | Float64Array | Int32Array;

/** A slice of an array, in elements. */
export interface Slice {
  /** The index of its first element. */
  readonly start: number;
  /** The number of its elements; may be 0. */
  readonly length: number;
}

/** What a rank sends to each rank, itself included, and where it receives from each. */
export interface AllToAll {
  /** Has the numbers to send. */
  readonly send: Values;
  /** By rank: what it is sent. */
  readonly sent: readonly Slice[];
  /** Receives the numbers; it has the type of `send`, and shares no memory with what is sent. */
  readonly receive: Values;
  /** By rank: where its numbers are written, as many as it sends. */
  readonly received: readonly Slice[];
}

/** How {@linkcode Exchange.broadcast} waits. */
export interface BroadcastOptions {
  /**
   * Whether rank 0 may be busy with other work for seconds or minutes before it broadcasts. The
   * others then wait without taking processor time from it. All ranks pass the same value. Default:
   * false.
   */
  readonly isIdle?: boolean;
}

/** The operations with which the ranks of a run exchange numbers. */
export interface Exchange {
  /** This process, from 0. */
  readonly rank: number;
  /** The number of ranks. */
  readonly size: number;
  /** The name of the machine, for messages. */
  readonly host: string;
  /** Sends a slice of an array to each rank, and receives one from each. */
  allToAll(message: AllToAll): void;
  /**
   * Completes an array of which rank r has slice r: afterwards all ranks have all slices. Slices do
   * not overlap; what is in none of them stays as it is.
   */
  allGather(values: Values, slices: readonly Slice[]): void;
  /** Copies the bytes of rank 0 to all others, which pass an array of the same length. */
  broadcast(bytes: Uint8Array, options?: BroadcastOptions): void;
  /** Waits until all ranks have called it. */
  barrier(): void;
}
