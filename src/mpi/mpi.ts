/** A rank of an MPI job: the exchange of numbers by calls of the library. */
import type { AllToAll, BroadcastOptions, Exchange, Slice, Values } from "../exchange.ts";
import type { Functions, Library } from "./library.ts";

/** The longest text that a library returns: MPI_MAX_LIBRARY_VERSION_STRING of MPICH. */
const MAX_TEXT_BYTES = 8192;
/** Bytes for an MPI_Status, of which the largest takes 32. */
const STATUS_BYTES = 64;
/**
 * Numbers are sent as MPI_INT32_T, so that the 4 GiB of a memory of WebAssembly are 2^30 units:
 * counts and displacements of MPI are 32-bit integers with a sign.
 */
const UNIT_BYTES = 4;
const MAX_UNITS = 2 ** 31 - 1;
/**
 * From 256 KiB on, an all-gather is an all-to-all, which moves as many bytes. MPICH's passes long
 * arrays around a ring in pieces of 32 KiB, and waits for each: over a network with a delay of 2 ms, a
 * step of 512 tanh units on two ranks took 477 ms with it, and 214 without.
 */
const LONG_UNITS = 2 ** 16;
/** Bytes of a text that are broadcast at a time. */
const MAX_BROADCAST_BYTES = 2 ** 30;

/**
 * How often a waiting rank asks before it lets other threads run that are ready, and before it
 * sleeps between questions: after some 0.1 and 0.5 ms.
 */
const POLLS_BEFORE_YIELD = 100;
const POLLS_BEFORE_SLEEP = 400;
/** The first sleep; where ranks share cores, all. A timer is not more exact. */
const MIN_SLEEP_MS = 0.05;
/** The longest sleep of a rank that may wait for minutes. */
const MAX_SLEEP_MS = 1;

/** Time for all ranks to start: launchers start those of many machines one after the other. */
const JOIN_TIMEOUT_MS = 60_000;

/** A call of the library returned an error. */
export class MpiError extends Error {
  /** `MpiError`, as in logs. */
  override readonly name: string = "MpiError";
}

/** Options of {@linkcode Mpi}. */
export interface MpiOptions {
  /** The longest broadcast of one call, in bytes. Default: 1 GiB. */
  readonly maxBroadcastBytes?: number;
  /** How long the other ranks may take to start, in milliseconds. Default: a minute. */
  readonly joinTimeoutMs?: number;
}

/**
 * One rank of a job. Calls block the thread, and may be made from one thread at a time.
 *
 * Blocking calls of the library keep the core of the rank busy while they wait. Where ranks share
 * cores, a rank that waits would keep the one that it waits for from its core. Such ranks start
 * operations without blocking, and give their core away until these are complete.
 */
export class Mpi implements Exchange {
  readonly rank: number;
  readonly size: number;
  readonly host: string;
  /**
   * Whether ranks share cores, so that one that waits must give its core to the others. Must be the
   * same on all ranks.
   */
  sharesCores = false;
  readonly #constants: Library["constants"];
  readonly #functions: Functions;
  readonly #maxBroadcastBytes: number;
  /** Arguments of calls: requests, whether one is complete, and a status that nothing reads. */
  readonly #request = new BigUint64Array(1);
  readonly #requests: readonly BigUint64Array<ArrayBuffer>[];
  readonly #isDone = new Int32Array(1);
  readonly #status = new Uint8Array(STATUS_BYTES);
  readonly #never = new Int32Array(new SharedArrayBuffer(4));

  private constructor(
    { constants, functions }: Library,
    { maxBroadcastBytes = MAX_BROADCAST_BYTES }: MpiOptions,
  ) {
    this.#constants = constants;
    this.#functions = functions;
    this.#maxBroadcastBytes = maxBroadcastBytes;
    const { errorsReturn, world } = constants;
    const word = new Int32Array(1);
    this.#check("MPI_Comm_set_errhandler", functions.MPI_Comm_set_errhandler(world, errorsReturn));
    this.#check("MPI_Comm_rank", functions.MPI_Comm_rank(world, word));
    this.rank = word[0]!;
    this.#check("MPI_Comm_size", functions.MPI_Comm_size(world, word));
    this.size = word[0]!;
    this.#requests = Array.from({ length: 2 * (this.size - 1) }, () => new BigUint64Array(1));
    this.host = readText((text, length) => functions.MPI_Get_processor_name(text, length));
  }

  /**
   * Joins the job.
   *
   * @param library From {@linkcode openLibrary}.
   * @throws {MpiError} if the job cannot be joined, or another rank does not join it.
   */
  static async join(library: Library, options: MpiOptions = {}): Promise<Mpi> {
    const { constants: { threadSerialized }, functions } = library;
    const { joinTimeoutMs = JOIN_TIMEOUT_MS } = options;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(
          new MpiError(
            `Cannot join the job within ${joinTimeoutMs / 1000} s: another rank has not started, ` +
              "or its machine cannot be reached",
          ),
        );
      }, joinTimeoutMs);
    });
    const provided = new Int32Array(1);
    const code = await Promise.race([
      functions.MPI_Init_thread(0n, 0n, threadSerialized, provided),
      timeout,
    ]);
    clearTimeout(timer);
    if (code !== 0) throw new MpiError(`Cannot join the job: MPI_Init_thread returned ${code}`);
    return new Mpi(library, options);
  }

  barrier(): void {
    const { MPI_Barrier, MPI_Ibarrier } = this.#functions;
    const { world } = this.#constants;
    if (this.sharesCores) {
      this.#complete("MPI_Ibarrier", MPI_Ibarrier(world, this.#request));
    } else {
      this.#check("MPI_Barrier", MPI_Barrier(world));
    }
  }

  broadcast(bytes: Uint8Array, { isIdle = false }: BroadcastOptions = {}): void {
    const { MPI_Bcast, MPI_Ibcast } = this.#functions;
    const { byte, world } = this.#constants;
    for (let start = 0; start < bytes.length; start += this.#maxBroadcastBytes) {
      const part = bytes.subarray(start, start + this.#maxBroadcastBytes);
      const message = [argument(part), part.length, byte, 0, world] as const;
      if (isIdle || this.sharesCores) {
        this.#complete("MPI_Ibcast", MPI_Ibcast(...message, this.#request), isIdle);
      } else {
        this.#check("MPI_Bcast", MPI_Bcast(...message));
      }
    }
  }

  allGather(values: Values, slices: readonly Slice[]): void {
    const { MPI_Allgatherv, MPI_Iallgatherv } = this.#functions;
    const { inPlace, int32, world } = this.#constants;
    const units = unitsOf(values);
    const counts = Int32Array.from(slices, ({ length }) => length * units);
    if (counts.reduce((sum, count) => sum + count, 0) >= LONG_UNITS) {
      return this.allToAll(asAllToAll(values, slices, this.rank));
    }
    const displacements = Int32Array.from(slices, ({ start }) => start * units);
    const message = [
      ...[inPlace, 0, int32] as const,
      ...[argument(values), counts, displacements, int32, world] as const,
    ] as const;
    if (this.sharesCores) {
      this.#complete("MPI_Iallgatherv", MPI_Iallgatherv(...message, this.#request));
    } else {
      this.#check("MPI_Allgatherv", MPI_Allgatherv(...message));
    }
  }

  /**
   * `MPI_Alltoallv` would receive before it sends. With Open MPI over TCP, a rank that is late then
   * agrees to a long array before it offers its own; the other sends all its bytes before it agrees to
   * that, and the two arrays cross the network one after the other.
   */
  allToAll({ send, sent, receive, received }: AllToAll): void {
    const { MPI_Isend, MPI_Irecv } = this.#functions;
    const { int32, world } = this.#constants;
    const { rank, size } = this;
    const units = unitsOf(send);
    let requests = 0;
    const start = (name: string, call: typeof MPI_Isend, part: Values, other: number) => {
      if (part.length === 0) return;
      const request = this.#requests[requests++]!;
      const message = [argument(part), part.length * units, int32, other, 0, world] as const;
      this.#check(name, call(...message, request));
    };
    const others = Array.from({ length: size - 1 }, (_, i) => (rank + i + 1) % size);
    for (const to of others) start("MPI_Isend", MPI_Isend, partOf(send, sent[to]!), to);
    for (const from of others.reverse()) {
      start("MPI_Irecv", MPI_Irecv, partOf(receive, received[from]!), from);
    }
    // Meanwhile, the own part.
    receive.set(partOf(send, sent[rank]!), received[rank]!.start);
    for (let i = 0; i < requests; i++) this.#finish(this.#requests[i]!);
  }

  /**
   * Ends all ranks of the job; the launcher ends with this exit code.
   *
   * @param exitCode Not 0: launchers take 0 for success.
   */
  abort(exitCode: number): never {
    this.#functions.MPI_Abort(this.#constants.world, exitCode);
    throw new MpiError("Cannot end the job: MPI_Abort has returned");
  }

  /** Leaves the job. All ranks must call it, as the last call. */
  finalize(): void {
    this.#check("MPI_Finalize", this.#functions.MPI_Finalize());
  }

  /**
   * Waits until the operation of `#request` is complete.
   *
   * @param code What the call that started it returned.
   * @param isIdle Whether it may take minutes.
   */
  #complete(name: string, code: number, isIdle = false): void {
    this.#check(name, code);
    this.#poll(this.#request, isIdle);
  }

  /** Waits until an operation is complete that takes no longer than others. */
  #finish(request: BigUint64Array<ArrayBuffer>): void {
    if (this.sharesCores) return this.#poll(request);
    this.#check("MPI_Wait", this.#functions.MPI_Wait(request, this.#status));
  }

  #poll(request: BigUint64Array<ArrayBuffer>, isIdle = false): void {
    const { MPI_Test, sched_yield } = this.#functions;
    let sleepMs = MIN_SLEEP_MS;
    for (let polls = 1;; polls++) {
      this.#check("MPI_Test", MPI_Test(request, this.#isDone, this.#status));
      if (this.#isDone[0] !== 0) return;
      if (polls < POLLS_BEFORE_YIELD) continue;
      if (polls < POLLS_BEFORE_SLEEP) {
        sched_yield();
        continue;
      }
      Atomics.wait(this.#never, 0, 0, sleepMs);
      if (isIdle) sleepMs = Math.min(MAX_SLEEP_MS, 1.1 * sleepMs);
    }
  }

  /** @throws {MpiError} with the library's text, if a call returned an error. */
  #check(name: string, code: number): void {
    if (code === 0) return;
    const { MPI_Error_string } = this.#functions;
    const reason = readText((text, length) => MPI_Error_string(code, text, length));
    throw new MpiError(`Cannot exchange numbers between ranks: ${name} failed: ${reason}`);
  }
}

/** The name and version of a library, for example `Open MPI v4.1.4`. */
export function versionOf({ functions }: Library): string {
  const text = readText((text, length) => functions.MPI_Get_library_version(text, length));
  // Open MPI adds its package, and MPICH lines about how it was built.
  return text.split(/[,\n]/)[0]!.replace(/\s*Version:\s*/i, " ").trim();
}

/** An array as an argument of a call: the types do not allow for shared memory. */
function argument(values: Values | Uint8Array): Uint8Array<ArrayBuffer> {
  return values as unknown as Uint8Array<ArrayBuffer>;
}

/** An all-gather as an all-to-all, from the place of the own slice to the places of the others. */
function asAllToAll(values: Values, slices: readonly Slice[], rank: number): AllToAll {
  const none = { start: 0, length: 0 };
  return {
    send: values,
    sent: slices.map((_, i) => i === rank ? none : slices[rank]!),
    receive: values,
    received: slices.map((slice, i) => i === rank ? none : slice),
  };
}

function partOf(values: Values, { start, length }: Slice): Values {
  return values.subarray(start, start + length);
}

/** The units of 4 bytes of each number of an array. */
function unitsOf(values: Values): number {
  const units = values.BYTES_PER_ELEMENT / UNIT_BYTES;
  if (values.length * units > MAX_UNITS) {
    throw new RangeError(
      `Cannot exchange ${values.length} numbers at once: the most are ${MAX_UNITS / units}`,
    );
  }
  return units;
}

/** A text that a call writes. */
function readText(
  call: (text: Uint8Array<ArrayBuffer>, length: Int32Array<ArrayBuffer>) => number,
): string {
  const text = new Uint8Array(MAX_TEXT_BYTES);
  const length = new Int32Array(1);
  if (call(text, length) !== 0) return "unknown";
  return new TextDecoder().decode(text.subarray(0, length[0])).replace(/\0.*$/s, "").trim();
}
