/** One rank of a test: exchanges arrays of all types and lengths, and checks what arrives. */
import { assert, assertEquals } from "@std/assert";
import { openLibrary } from "../../src/mpi/library.ts";
import { Mpi } from "../../src/mpi/mpi.ts";

const [path = "", , mode] = Deno.args;
// Broadcasts of more than 64 bytes take several calls.
const mpi = await Mpi.join(openLibrary(path), { maxBroadcastBytes: 64 });
mpi.sharesCores = mode === "shared";
const { rank, size } = mpi;
const memory = new WebAssembly.Memory({ initial: 16, maximum: 16, shared: true });
// The types do not allow for shared memory.
const buffer = memory.buffer as ArrayBuffer;

for (const type of [Float32Array, Float64Array, Int32Array]) {
  const shared = new type(buffer, 1024, 4000);
  const plain = new type(4000);
  for (const send of [shared, plain]) {
    // Rank r sends r + 1 numbers to rank 0, as many more to each next, and none to the last but one.
    const count = (from: number, to: number) => to === size - 2 ? 0 : (from + 1) * (to + 1);
    const sent = Array.from(
      { length: size },
      (_, to) => ({ start: 40 * to, length: count(rank, to) }),
    );
    const received = Array.from({ length: size }, (_, from) => {
      return { start: 3 + 40 * from, length: count(from, rank) };
    });
    sent.forEach(({ start, length }, to) => send.fill(100 * rank + to, start, start + length));
    const receive = new type(4000).fill(-1);
    mpi.allToAll({ send, sent, receive, received });
    const expected = new type(4000).fill(-1);
    received.forEach(({ start, length }, from) => {
      expected.fill(100 * from + rank, start, start + length);
    });
    assertEquals(receive, expected);

    const slices = Array.from({ length: size }, (_, i) => ({ start: 50 * i + 1, length: 10 * i }));
    send.fill(-1);
    const own = slices[rank]!;
    send.fill(rank, own.start, own.start + own.length);
    mpi.allGather(send, slices);
    const all = new type(4000).fill(-1);
    slices.forEach(({ start, length }, i) => all.fill(i, start, start + length));
    assertEquals(type.from(send), all);
  }
}
// Long enough for an all-gather by other calls.
const long = new Float32Array(buffer, 0, 200_000);
const parts = Array.from(
  { length: size },
  (_, i) => ({ start: 40_000 * i + i, length: 39_000 + i }),
);
long.fill(-1);
long.fill(rank, parts[rank]!.start, parts[rank]!.start + parts[rank]!.length);
mpi.allGather(long, parts);
const expectedLong = new Float32Array(long.length).fill(-1);
parts.forEach(({ start, length }, i) => expectedLong.fill(i, start, start + length));
assert(long.every((value, i) => value === expectedLong[i]));
for (const length of [0, 1, 64, 65, 1000]) {
  for (const isIdle of [false, true]) {
    const bytes = new Uint8Array(length).fill(rank === 0 ? 7 : 0);
    mpi.broadcast(bytes, { isIdle });
    assertEquals(bytes, new Uint8Array(length).fill(7));
  }
}
mpi.barrier();
mpi.finalize();
Deno.exit(0);
