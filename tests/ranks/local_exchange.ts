/** Ranks within one process: threads that exchange numbers through shared memory. */
import type { AllToAll, BroadcastOptions, Exchange, Slice, Values } from "../../src/exchange.ts";

/** What the ranks share; it can be posted. */
export interface SharedMailboxes {
  readonly size: number;
  /** How many ranks wait at the barrier, and how many barriers were passed. */
  readonly words: Int32Array<SharedArrayBuffer>;
  /** The mailbox of each rank: lengths by rank, then the bytes. */
  readonly mailboxes: readonly SharedArrayBuffer[];
}

/** How long a rank waits for the others: a mistake in the protocol fails instead of hanging. */
const TIMEOUT_MS = 20_000;
const HEADER_WORDS = 64;

const operations = ["allToAll", "allGather", "broadcast", "barrier"] as const;

export function shareMailboxes(size: number, capacity = 1 << 22): SharedMailboxes {
  const bytes = HEADER_WORDS * 4 + capacity;
  return {
    size,
    words: new Int32Array(new SharedArrayBuffer(8)),
    mailboxes: Array.from({ length: size }, () => new SharedArrayBuffer(bytes)),
  };
}

/** The exchange of one rank. */
export class LocalExchange implements Exchange {
  readonly rank: number;
  readonly size: number;
  readonly host = "localhost";
  /** Calls of each operation. */
  readonly calls = { allToAll: 0, allGather: 0, broadcast: 0, barrier: 0 };
  readonly #shared: SharedMailboxes;

  constructor(shared: SharedMailboxes, rank: number) {
    this.rank = rank;
    this.size = shared.size;
    this.#shared = shared;
  }

  allToAll({ send, sent, receive, received }: AllToAll): void {
    this.#write("allToAll", sent.map((slice) => bytesOf(send, slice)));
    for (let from = 0; from < this.size; from++) {
      this.#read(from, { index: this.rank, into: bytesOf(receive, received[from]!) });
    }
    this.barrier();
  }

  allGather(values: Values, slices: readonly Slice[]): void {
    this.#write("allGather", [bytesOf(values, slices[this.rank]!)]);
    for (let from = 0; from < this.size; from++) {
      if (from !== this.rank) this.#read(from, { index: 0, into: bytesOf(values, slices[from]!) });
    }
    this.barrier();
  }

  broadcast(bytes: Uint8Array, { isIdle = false }: BroadcastOptions = {}): void {
    this.#write("broadcast", this.rank === 0 ? [bytes] : [], { isIdle });
    if (this.rank !== 0) this.#read(0, { index: 0, into: bytes });
    this.barrier();
  }

  barrier(): void {
    const { words } = this.#shared;
    const passed = Atomics.load(words, 1);
    if (Atomics.add(words, 0, 1) === this.size - 1) {
      Atomics.store(words, 0, 0);
      Atomics.add(words, 1, 1);
      Atomics.notify(words, 1);
    } else if (Atomics.wait(words, 1, passed, TIMEOUT_MS) === "timed-out") {
      throw new Error(`Rank ${this.rank} waits for other ranks in vain`);
    }
  }

  #write(
    operation: typeof operations[number],
    parts: readonly Uint8Array[],
    { isIdle = false } = {},
  ): void {
    this.calls[operation]++;
    const mailbox = this.#shared.mailboxes[this.rank]!;
    const header = new Int32Array(mailbox, 0, HEADER_WORDS);
    header.fill(0);
    header[0] = operations.indexOf(operation);
    header[1] = isIdle ? 1 : 0;
    let offset = HEADER_WORDS * 4;
    parts.forEach((part, i) => {
      header[2 + i] = part.length;
      new Uint8Array(mailbox, offset, part.length).set(part);
      offset += part.length;
    });
    this.barrier();
    for (const other of this.#shared.mailboxes) {
      const [found, foundIdle] = new Int32Array(other, 0, 2);
      if (found === header[0] && foundIdle === header[1]) continue;
      throw new Error(`Rank ${this.rank} calls ${operation}, another ${operations[found!]}`);
    }
  }

  #read(from: number, { index, into }: { index: number; into: Uint8Array }): void {
    const mailbox = this.#shared.mailboxes[from]!;
    const header = new Int32Array(mailbox, 0, HEADER_WORDS);
    const lengths = header.subarray(2);
    if (lengths[index] !== into.length) {
      throw new Error(
        `Rank ${this.rank} receives ${into.length} bytes of rank ${from}, which sends ${
          lengths[index]
        }`,
      );
    }
    const before = lengths.subarray(0, index).reduce((sum, length) => sum + length, 0);
    into.set(new Uint8Array(mailbox, HEADER_WORDS * 4 + before, into.length));
  }
}

function bytesOf(values: Values, { start, length }: Slice): Uint8Array {
  const { buffer, byteOffset, BYTES_PER_ELEMENT: each } = values;
  if (start < 0 || start + length > values.length) {
    throw new RangeError(`A slice from ${start} of ${length} exceeds ${values.length} numbers`);
  }
  return new Uint8Array(buffer, byteOffset + start * each, length * each);
}
