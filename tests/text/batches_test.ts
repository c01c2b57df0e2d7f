import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import { BatchLoader } from "../../src/text/batches.ts";
import { textOf } from "./ids.ts";

/** A batch: inputs and targets as rows of B, and whether the hidden state is set to zero before. */
type Batch = { inputs: number[]; targets: number[]; restarted: boolean };

function take(batchSize: BatchLoader, count: number): Batch[] {
  const inputs = new Uint32Array(batchSize.charactersPerStep);
  const targets = new Uint32Array(batchSize.charactersPerStep);
  return Array.from({ length: count }, () => {
    const restarted = batchSize.next(inputs, targets);
    return { inputs: [...inputs], targets: [...targets], restarted };
  });
}

/** The notebooks' loop, as it stands there. */
function notebook(data: number[], seqLength: number, count: number): Batch[] {
  const batches: Batch[] = [];
  let p = 0;
  for (let n = 0; n < count; n++) {
    let restarted = n === 0;
    if (p + seqLength + 1 >= data.length) {
      restarted = true;
      p = 0;
    }
    batches.push({
      inputs: data.slice(p, p + seqLength),
      targets: data.slice(p + 1, p + seqLength + 1),
      restarted,
    });
    p += seqLength;
  }
  return batches;
}

/** Ids that tell positions apart. */
const idsUpTo = (length: number) => Array.from({ length }, (_, i) => i);
const textUpTo = (length: number) => textOf(idsUpTo(length));

const sizes = fc.record({
  seqLength: fc.integer({ min: 1, max: 12 }),
  beyond: fc.nat(60),
  before: fc.nat(5),
  after: fc.nat(5),
});

Deno.test("one stream is the notebooks' loop", () => {
  fc.assert(fc.property(sizes, ({ seqLength, beyond, before, after }) => {
    const length = seqLength + 2 + beyond;
    const ids = idsUpTo(before + length + after);
    const batchSize = new BatchLoader(textOf(ids), before, before + length, 1, seqLength);
    const part = ids.slice(before, before + length);
    const count = 3 * length;
    assertEquals(take(batchSize, count), notebook(part, seqLength, count));
  }));
});

Deno.test("the shortest texts restart as the notebooks do", () => {
  for (const seqLength of [1, 2, 25]) {
    for (const length of [seqLength + 2, seqLength + 3, 2 * seqLength + 1, 2 * seqLength + 2]) {
      if (length < seqLength + 2) continue;
      const batchSize = new BatchLoader(textUpTo(length), 0, length, 1, seqLength);
      const expected = notebook(idsUpTo(length), seqLength, 5);
      assertEquals(take(batchSize, 5), expected);
    }
  }
  const shortest = new BatchLoader(textUpTo(4), 0, 4, 1, 2);
  const batch = { inputs: [0, 1], targets: [1, 2], restarted: true };
  assertEquals(take(shortest, 3), [batch, batch, batch]);
});

Deno.test("each of B streams is one stream over its own part", () => {
  fc.assert(
    fc.property(
      sizes,
      fc.integer({ min: 2, max: 5 }),
      fc.nat(4),
      ({ seqLength, beyond, before, after }, B, extra) => {
        const length = seqLength + 2 + beyond;
        const end = before + B * length + Math.min(extra, B - 1);
        const text = textUpTo(end + after);
        const count = 2 * length;
        const together = take(new BatchLoader(text, before, end, B, seqLength), count);
        for (let b = 0; b < B; b++) {
          const start = before + b * length;
          const alone = new BatchLoader(text, start, start + length, 1, seqLength);
          const column = (_: number, row: number) => row % B === b;
          assertEquals(
            together.map(({ inputs, targets, restarted }) => ({
              inputs: inputs.filter(column),
              targets: targets.filter(column),
              restarted,
            })),
            take(alone, count),
          );
        }
      },
    ),
  );
});

Deno.test("an epoch has as many batches as it says", () => {
  fc.assert(fc.property(sizes, ({ seqLength, beyond }) => {
    const length = seqLength + 2 + beyond;
    const batchSize = new BatchLoader(textUpTo(2 * length), 0, 2 * length, 2, seqLength);
    const epoch = batchSize.batchesPerEpoch;
    assertEquals(
      take(batchSize, 3 * epoch).map(({ restarted }) => restarted),
      Array.from({ length: 3 * epoch }, (_, i) => i % epoch === 0),
    );
    assertEquals(batchSize.charactersPerStep, 2 * seqLength);
  }));
});

Deno.test("streams set to another's position go on as it does", () => {
  fc.assert(
    fc.property(sizes, fc.nat(100), ({ seqLength, beyond }, before) => {
      const length = seqLength + 2 + beyond;
      const make = () => new BatchLoader(textUpTo(length), 0, length, 1, seqLength);
      const first = make();
      take(first, before);
      const second = make();
      second.position = first.position;
      assertEquals(second.position, first.position);
      assertEquals(take(second, 10), take(first, 10));
    }),
  );
});

Deno.test("windows of any size give the same batches, and go on from any position", () => {
  fc.assert(
    fc.property(
      sizes,
      fc.integer({ min: 1, max: 4 }),
      fc.nat(40),
      fc.nat(100),
      ({ seqLength, beyond, before }, B, more, taken) => {
        const length = seqLength + 2 + beyond;
        const text = textUpTo(before + B * length);
        const make = (window?: number) =>
          new BatchLoader(text, before, text.length, B, seqLength, "Cannot train", window);
        const small = make(seqLength + 1 + more);
        const whole = make();
        assertEquals(take(small, taken), take(whole, taken));
        const resumed = make(seqLength + 1 + more);
        resumed.position = whole.position;
        const expected = take(whole, 20);
        assertEquals(take(small, 20), expected);
        assertEquals(take(resumed, 20), expected);
      },
    ),
  );
});

Deno.test("a batch that cannot be read is taken again, and none is left out", () => {
  const text = textUpTo(100);
  let readings = 0;
  const unsteady: typeof text = {
    length: 100,
    read(start, count, into) {
      if (++readings % 3 === 0) throw new Error("unsteady");
      return text.read(start, count, into);
    },
  };
  const make = (from: typeof text) => new BatchLoader(from, 0, 100, 2, 5, "Cannot train", 8);
  const batchSize = make(unsteady);
  const batches: Batch[] = [];
  let failures = 0;
  while (batches.length < 30) {
    const { position } = batchSize;
    try {
      batches.push(...take(batchSize, 1));
    } catch {
      failures++;
      assertEquals(batchSize.position, position);
    }
  }
  assertEquals(batches, take(make(text), 30));
  assert(failures > 5);
});

Deno.test("a text that is too short for the streams is refused with both lengths", () => {
  const { message } = assertThrows(
    () => new BatchLoader(textUpTo(200), 50, 157, 4, 25),
    InputError,
  );
  assertEquals(
    message,
    "Cannot train: the text has 107 characters to train on, 26 for each of 4 streams, and " +
      "--seq-length 25 needs at least 27 (seq + 2); take a longer text or --batch-size 3 or less, or a smaller --seq-length",
  );
  new BatchLoader(textUpTo(200), 50, 158, 4, 25);
});

Deno.test("positions, parts, sizes and arrays that cannot be are refused", () => {
  const batchSize = new BatchLoader(textUpTo(20), 0, 20, 2, 3);
  for (const wrong of [-1, 0.5, NaN, 10]) {
    assertThrows(
      () => batchSize.position = wrong,
      InputError,
      `position ${wrong} of the text: it must be a whole number from 0 to 9`,
    );
  }
  for (const [start, end] of [[-1, 20], [0, 21], [11, 10], [0.5, 20]] as const) {
    assertThrows(
      () => new BatchLoader(textUpTo(20), start, end, 1, 1),
      RangeError,
      "which has 20",
    );
  }
  for (const wrong of [0, -1, 1.5, NaN]) {
    assertThrows(
      () => new BatchLoader(textUpTo(20), 0, 20, wrong, 1),
      RangeError,
      `batchSize must be a whole number above 0, not ${wrong}`,
    );
    assertThrows(
      () => new BatchLoader(textUpTo(20), 0, 20, 1, wrong),
      RangeError,
      `seqLength must be a whole number above 0, not ${wrong}`,
    );
  }
  for (const wrong of [3, 0, 4.5, NaN]) {
    assertThrows(
      () => new BatchLoader(textUpTo(20), 0, 20, 2, 3, "Cannot train", wrong),
      RangeError,
      `windows of ${wrong} characters: a step needs 4`,
    );
  }
  for (const [inputs, targets] of [[0, 6], [6, 5], [7, 6]] as const) {
    assertThrows(
      () => batchSize.next(new Uint32Array(inputs), new Uint32Array(targets)),
      RangeError,
      `${inputs} and ${targets} ids: each must have 6`,
    );
  }
  assertEquals(batchSize.position, 0);
});
