import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import { BatchLoader, type BatchOptions } from "../../src/text/batches.ts";
import { textOf } from "./ids.ts";

/** A batch: inputs and targets as rows of B, and whether the hidden state is reset before it. */
type Batch = { inputs: number[]; targets: number[]; restarted: boolean };

function take(loader: BatchLoader, count: number): Batch[] {
  const inputs = new Uint32Array(loader.charsPerBatch);
  const targets = new Uint32Array(loader.charsPerBatch);
  return Array.from({ length: count }, () => {
    const restarted = loader.next(inputs, targets);
    return { inputs: [...inputs], targets: [...targets], restarted };
  });
}

/** The notebooks' loop, copied from there. */
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

/** A loader of a whole text, unless the options have a start or an end. */
function loaderOf(
  text: ReturnType<typeof textOf>,
  options: Omit<BatchOptions, "start" | "end"> & Partial<BatchOptions>,
): BatchLoader {
  return new BatchLoader(text, { start: 0, end: text.length, ...options });
}

/** Ids that are their positions. */
const idsUpTo = (length: number) => Array.from({ length }, (_, i) => i);
const textUpTo = (length: number) => textOf(idsUpTo(length));

const sizes = fc.record({
  seqLength: fc.integer({ min: 1, max: 12 }),
  beyond: fc.nat(60),
  before: fc.nat(5),
  after: fc.nat(5),
});

Deno.test("BatchLoader with one stream follows the notebooks' loop", () => {
  fc.assert(fc.property(sizes, ({ seqLength, beyond, before, after }) => {
    const length = seqLength + 2 + beyond;
    const ids = idsUpTo(before + length + after);
    const loader = new BatchLoader(textOf(ids), {
      start: before,
      end: before + length,
      batchSize: 1,
      seqLength,
    });
    const part = ids.slice(before, before + length);
    const count = 3 * length;
    assertEquals(take(loader, count), notebook(part, seqLength, count));
  }));
});

Deno.test("BatchLoader restarts the shortest texts as the notebooks do", () => {
  for (const seqLength of [1, 2, 25]) {
    for (const length of [seqLength + 2, seqLength + 3, 2 * seqLength + 1, 2 * seqLength + 2]) {
      if (length < seqLength + 2) continue;
      const loader = loaderOf(textUpTo(length), { batchSize: 1, seqLength });
      const expected = notebook(idsUpTo(length), seqLength, 5);
      assertEquals(take(loader, 5), expected);
    }
  }
  const shortest = loaderOf(textUpTo(4), { batchSize: 1, seqLength: 2 });
  const batch = { inputs: [0, 1], targets: [1, 2], restarted: true };
  assertEquals(take(shortest, 3), [batch, batch, batch]);
});

Deno.test("BatchLoader with B streams equals B loaders, each over one part", () => {
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
        const together = take(
          new BatchLoader(text, { start: before, end, batchSize: B, seqLength }),
          count,
        );
        for (let b = 0; b < B; b++) {
          const start = before + b * length;
          const alone = new BatchLoader(text, {
            start,
            end: start + length,
            batchSize: 1,
            seqLength,
          });
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

Deno.test("BatchLoader.batchesPerEpoch counts the batches between restarts", () => {
  fc.assert(fc.property(sizes, ({ seqLength, beyond }) => {
    const length = seqLength + 2 + beyond;
    const loader = loaderOf(textUpTo(2 * length), { batchSize: 2, seqLength });
    const epoch = loader.batchesPerEpoch;
    assertEquals(
      take(loader, 3 * epoch).map(({ restarted }) => restarted),
      Array.from({ length: 3 * epoch }, (_, i) => i % epoch === 0),
    );
    assertEquals(loader.charsPerBatch, 2 * seqLength);
  }));
});

Deno.test("BatchLoader.position continues at another loader's position", () => {
  fc.assert(
    fc.property(sizes, fc.nat(100), ({ seqLength, beyond }, before) => {
      const length = seqLength + 2 + beyond;
      const make = () => loaderOf(textUpTo(length), { batchSize: 1, seqLength });
      const first = make();
      take(first, before);
      const second = make();
      second.position = first.position;
      assertEquals(second.position, first.position);
      assertEquals(take(second, 10), take(first, 10));
    }),
  );
});

Deno.test("BatchLoader reads the same batches through windows of any size, from any position", () => {
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
          loaderOf(text, { start: before, batchSize: B, seqLength, ...window && { window } });
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

Deno.test("BatchLoader.next() repeats a batch that could not be read, and skips none", () => {
  const text = textUpTo(100);
  let readings = 0;
  const unsteady: typeof text = {
    ...text,
    read(start, count, options) {
      if (++readings % 3 === 0) throw new Error("unsteady");
      return text.read(start, count, options);
    },
  };
  const make = (from: typeof text) => loaderOf(from, { batchSize: 2, seqLength: 5, window: 8 });
  const loader = make(unsteady);
  const batches: Batch[] = [];
  let failures = 0;
  while (batches.length < 30) {
    const { position } = loader;
    try {
      batches.push(...take(loader, 1));
    } catch {
      failures++;
      assertEquals(loader.position, position);
    }
  }
  assertEquals(batches, take(make(text), 30));
  assert(failures > 5);
});

Deno.test("BatchLoader rejects a text that is too short, with the sizes that would fit", () => {
  const { message, option } = assertThrows(
    () => loaderOf(textUpTo(200), { start: 50, end: 157, batchSize: 4, seqLength: 25 }),
    InputError,
  );
  assertEquals(option, "seqLength");
  assertMatch(
    message,
    /^the text has 107 characters .*, 26 for each of 4 streams, .* at least 27;/,
  );
  assertMatch(
    message,
    /; use a longer text or set "batchSize" to at most 3, or reduce "seqLength"$/,
  );
  loaderOf(textUpTo(200), { start: 50, end: 158, batchSize: 4, seqLength: 25 });
});

Deno.test("BatchLoader rejects invalid positions, ranges, sizes, windows and arrays", () => {
  const loader = loaderOf(textUpTo(20), { batchSize: 2, seqLength: 3 });
  for (const wrong of [-1, 0.5, NaN, 10]) {
    assertThrows(
      () => loader.position = wrong,
      InputError,
      `position ${wrong} of each stream: it must be a whole number from 0 to 9`,
    );
  }
  for (const [start, end] of [[-1, 20], [0, 21], [11, 10], [0.5, 20]] as const) {
    assertThrows(
      () => new BatchLoader(textUpTo(20), { start, end, batchSize: 1, seqLength: 1 }),
      RangeError,
      "which has 20",
    );
  }
  for (const wrong of [0, -1, 1.5, NaN]) {
    assertThrows(
      () => loaderOf(textUpTo(20), { batchSize: wrong, seqLength: 1 }),
      RangeError,
      `"batchSize" must be a whole number above 0, not ${wrong}`,
    );
    assertThrows(
      () => loaderOf(textUpTo(20), { batchSize: 1, seqLength: wrong }),
      RangeError,
      `"seqLength" must be a whole number above 0, not ${wrong}`,
    );
  }
  for (const wrong of [3, 0, 4.5, NaN]) {
    assertThrows(
      () => loaderOf(textUpTo(20), { batchSize: 2, seqLength: 3, window: wrong }),
      RangeError,
      `windows of ${wrong} characters: a batch needs 4`,
    );
  }
  for (const [inputs, targets] of [[0, 6], [6, 5], [7, 6]] as const) {
    assertThrows(
      () => loader.next(new Uint32Array(inputs), new Uint32Array(targets)),
      RangeError,
      `${inputs} and ${targets} ids: each must have 6`,
    );
  }
  assertEquals(loader.position, 0);
});
