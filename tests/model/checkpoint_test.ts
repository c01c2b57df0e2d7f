import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../../src/model/checkpoint.ts";
import { defaults } from "../../src/model/config.ts";
import { decodeSafetensors, encodeSafetensors, type Tensor } from "../../src/model/safetensors.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { checkpointOf } from "./checkpoints.ts";
import { rawFile, readByHand } from "./files.ts";

const small = { hidden: 2, batch: 3, seq: 4 };

const anyCheckpoint: fc.Arbitrary<Checkpoint> = fc.record({
  text: fc.string({ unit: "binary", minLength: 1, maxLength: 12 }),
  name: fc.string({ unit: "binary" }),
  config: fc.record({
    hidden: fc.integer({ min: 1, max: 5 }),
    batch: fc.integer({ min: 1, max: 4 }),
    seed: fc.maxSafeNat(),
    lr: fc.double({ min: 0, minExcluded: true, noNaN: true, noDefaultInfinity: true }),
    precision: fc.constantFrom("f32" as const, "f32-strict" as const, "f64" as const),
    optimizer: fc.constantFrom("adagrad" as const, "sgd" as const),
    average: fc.constantFrom(0, 0.1),
  }),
}).map(({ text, name, config }) => checkpointOf(text, config, name));

/** A checkpoint in a form in which equal means equal in every bit. */
function plain(checkpoint: Checkpoint) {
  const { vocabulary, parameters, trainingParameters, ...others } = checkpoint;
  const { optimizerMemories, hiddenState, ...rest } = others;
  const bits = (array: Float32Array | Float64Array) => [
    array.constructor.name,
    ...new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
  ];
  const set = (arrays: Checkpoint["parameters"]) =>
    Object.entries(arrays).map(([name, array]) => [name, bits(array)]);
  return {
    ...rest,
    characters: vocabulary.characters,
    parameters: set(parameters),
    trainingParameters: trainingParameters && set(trainingParameters),
    optimizerMemories: optimizerMemories?.map(set) ?? null,
    hiddenState: bits(hiddenState),
  };
}

Deno.test("decode undoes encode, bit by bit, and encode undoes decode", async () => {
  await fc.assert(fc.asyncProperty(anyCheckpoint, async (checkpoint) => {
    const bytes = await encodeCheckpoint(checkpoint);
    const decoded = await decodeCheckpoint(bytes);
    assertEquals(plain(decoded), plain(checkpoint));
    assertEquals(await encodeCheckpoint(decoded), bytes);
  }));
});

Deno.test("emoji, no corpus, unknown losses and sums that overflowed survive", async () => {
  const checkpoint = checkpointOf('a\u{1f469}\u200d\u{1f680}"\\\n\0\ufeff\u{10ffff}', small);
  checkpoint.optimizerMemories![0]!.Why[1] = Infinity;
  const progress = { ...checkpoint.progress, loss: NaN, validationLoss: Infinity };
  const decoded = await decodeCheckpoint(
    await encodeCheckpoint({ ...checkpoint, progress, corpus: null }),
  );
  assertEquals(decoded.vocabulary.characters, checkpoint.vocabulary.characters);
  assertEquals(decoded.corpus, null);
  assertEquals(decoded.progress, { ...progress, loss: null, validationLoss: null });
  assertEquals(decoded.optimizerMemories![0]!.Why[1], Infinity);
});

Deno.test("a reader of few lines finds PyTorch's names, the shapes and the numbers", async () => {
  for (const precision of ["f32", "f32-strict", "f64"] as const) {
    const checkpoint = checkpointOf("hello", { ...small, precision });
    const { metadata, tensors } = readByHand(await encodeCheckpoint(checkpoint));
    const { parameters: p, optimizerMemories, hiddenState } = checkpoint;
    const s = optimizerMemories![0]!;
    const expected: Record<string, [number[], Iterable<number>]> = {
      "rnn.weight_ih_l0": [[2, 4], p.Wxh],
      "rnn.weight_hh_l0": [[2, 2], p.Whh],
      "rnn.bias_ih_l0": [[2], p.bh],
      "rnn.bias_hh_l0": [[2], [0, 0]],
      "head.weight": [[4, 2], p.Why],
      "head.bias": [[4], p.by],
      "adagrad.sum.rnn.weight_ih_l0": [[2, 4], s.Wxh],
      "adagrad.sum.rnn.weight_hh_l0": [[2, 2], s.Whh],
      "adagrad.sum.rnn.bias_ih_l0": [[2], s.bh],
      "adagrad.sum.head.weight": [[4, 2], s.Why],
      "adagrad.sum.head.bias": [[4], s.by],
      "state.hidden": [[1, 3, 2], hiddenState],
    };
    assertEquals([...tensors.keys()].sort(), Object.keys(expected).sort());
    for (const [name, [shape, numbers]] of Object.entries(expected)) {
      const found = tensors.get(name)!;
      assertEquals(found.dtype, precision === "f64" ? "F64" : "F32");
      assertEquals(found.shape, shape);
      assertEquals(found.numbers, [...numbers]);
    }
    const { format, checksum, ...json } = metadata;
    assertEquals(format, "unroll-checkpoint-1");
    const { config, random, progress, corpus } = checkpoint;
    assertEquals(
      Object.fromEntries(Object.entries(json).map(([key, text]) => [key, JSON.parse(text)])),
      { config, vocabulary: "ehlo", random, progress, corpus },
    );
    assertMatch(checksum!, /^[0-9a-f]{64}$/);
  }
});

Deno.test("the checksum is the one that is documented", async () => {
  const { metadata, tensors } = readByHand(
    await encodeCheckpoint(checkpointOf("aé\u{1f600}", small)),
  );
  const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");
  const { checksum, ...others } = metadata;
  const strings = Object.keys(others).sort().map((key) => [key, others[key]]);
  const digests = [...tensors.keys()].sort().map((name) => {
    const { dtype, shape, bytes } = tensors.get(name)!;
    return [name, dtype, shape, sha256(bytes)];
  });
  assertEquals(checksum, sha256(JSON.stringify([strings, digests])));
});

const config = { ...defaults, hidden: 2, batch: 3, seq: 4 };

/** A file as PyTorch users save it: the weights alone, both biases in use, in the order of names. */
function fileOfPyTorch(strings: Record<string, string> = {}): Uint8Array {
  const tensors: [string, number[], number[]][] = [
    ["head.bias", [3], [0.5, -0.5, 0.25]],
    ["head.weight", [3, 2], [1, 2, 3, 4, 5, 6]],
    ["rnn.bias_hh_l0", [2], [0.125, -1]],
    ["rnn.bias_ih_l0", [2], [0.25, 3]],
    ["rnn.weight_hh_l0", [2, 2], [-1, -2, -3, -4]],
    ["rnn.weight_ih_l0", [2, 3], [7, 8, 9, 10, 11, 12]],
  ];
  const metadata = {
    vocabulary: JSON.stringify("ab\u{1f600}"),
    format: "unroll-checkpoint-1",
    config: JSON.stringify(config),
    ...strings,
  };
  const entries: [string, unknown][] = [["__metadata__", metadata]];
  const numbers: number[] = [];
  for (const [name, shape, values] of tensors) {
    const begin = 4 * numbers.length;
    numbers.push(...values);
    entries.push([name, { dtype: "F32", shape, data_offsets: [begin, 4 * numbers.length] }]);
  }
  const header = JSON.stringify(Object.fromEntries(entries));
  return rawFile(header + "   ", new Uint8Array(new Float32Array(numbers).buffer));
}

Deno.test("a file of PyTorch is a checkpoint: biases add up, what is missing starts anew", async () => {
  const checkpoint = await decodeCheckpoint(fileOfPyTorch({ note: "trained elsewhere" }));
  assertEquals(plain(checkpoint), {
    config,
    characters: "ab\u{1f600}",
    parameters: plain({
      ...checkpoint,
      parameters: {
        Wxh: new Float32Array([7, 8, 9, 10, 11, 12]),
        Whh: new Float32Array([-1, -2, -3, -4]),
        Why: new Float32Array([1, 2, 3, 4, 5, 6]),
        bh: new Float32Array([0.375, 2]),
        by: new Float32Array([0.5, -0.5, 0.25]),
      },
    }).parameters,
    trainingParameters: null,
    optimizerMemories: null,
    hiddenState: ["Float32Array", ...new Array<number>(4 * 3 * 2).fill(0)],
    random: new Xoshiro128(config.seed).state(),
    progress: {
      step: 0,
      epoch: 0,
      chars: 0,
      position: 0,
      loss: null,
      batchLoss: null,
      validationLoss: null,
      bestValidationLoss: null,
      validatedStep: null,
      reportedStep: null,
      sinceBest: 0,
      plateaus: 0,
      ended: false,
      elapsedSeconds: 0,
    },
    corpus: null,
  });
  assertEquals(Object.isFrozen(checkpoint.config), true);
});

/** The line with which a file is refused, without its first words. */
async function refusal(bytes: Uint8Array): Promise<string> {
  const { message } = await assertRejects(() => decodeCheckpoint(bytes, "a\nb"), InputError);
  const doing = 'Cannot read the checkpoint "a\\nb": ';
  assertStringIncludes(message, doing);
  assertMatch(message, /^\P{C}+$/u);
  return message.slice(doing.length);
}

const f32 = (shape: readonly number[], ...numbers: number[]): Tensor => ({
  shape,
  data: new Float32Array(numbers),
});

/** How a file with other tensors and strings than that of PyTorch is refused. */
function changed(
  tensors: Record<string, Tensor | undefined>,
  metadata: Record<string, string | undefined> = {},
): Promise<string> {
  const original = decodeSafetensors(fileOfPyTorch(), "Cannot test");
  const defined = <T>(values: Record<string, T | undefined>) =>
    Object.fromEntries(
      Object.entries(values).filter((entry): entry is [string, T] => entry[1] !== undefined),
    );
  return refusal(encodeSafetensors(
    defined({ ...Object.fromEntries(original.tensors), ...tensors }),
    defined({ ...original.metadata, ...metadata }),
  ));
}

Deno.test("tensors must be all there, known, and of the configuration's shapes", async () => {
  assertEquals(await changed({ "head.bias": undefined }), 'the tensor "head.bias" is missing');
  assertEquals(
    await changed({ "rnn.bias_hh_l0": undefined }),
    'the tensor "rnn.bias_hh_l0" is missing',
  );
  assertEquals(
    await changed({ "rnn.weight_ih_l1": f32([1], 0) }),
    'the tensor "rnn.weight_ih_l1" does not belong to a checkpoint with the optimizer adagrad',
  );
  assertEquals(
    await changed({ "head.weight": f32([2, 3], 1, 2, 3, 4, 5, 6) }),
    'the tensor "head.weight" is F32 [2, 3]; by configuration and vocabulary it must be F32 [3, 2]',
  );
  assertEquals(
    await changed({ "head.bias": { shape: [3], data: new Float64Array(3) } }),
    'the tensor "head.bias" is F64 [3]; by configuration and vocabulary it must be F32 [3]',
  );
  assertEquals(
    await changed({ "state.hidden": f32([2, 3], 0, 0, 0, 0, 0, 0) }),
    'the tensor "state.hidden" is F32 [2, 3]; by configuration and vocabulary it must be F32 [1, 3, 2]',
  );
  assertEquals(
    await changed({ "adagrad.sum.head.bias": f32([3], 0, 0, 0) }),
    'the tensor "adagrad.sum.rnn.weight_ih_l0" is missing',
  );
  assertEquals(
    await changed({ "adagrad.sum.head.bias": f32([3], 0, 0, 0) }, {
      config: JSON.stringify({ ...config, optimizer: "sgd" }),
    }),
    'the tensor "adagrad.sum.head.bias" does not belong to a checkpoint with the optimizer sgd',
  );
});

Deno.test("numbers that training cannot have left are refused, naming their tensor", async () => {
  const finite = (name: string, x: number, index: number) =>
    `the tensor "${name}" is ${x} at index ${index}; each number must be finite`;
  for (const x of [NaN, Infinity, -Infinity]) {
    assertEquals(await changed({ "head.bias": f32([3], 0, x, x) }), finite("head.bias", x, 1));
    assertEquals(
      await changed({ "state.hidden": f32([1, 3, 2], x, 0, 0, 0, 0, 0) }),
      finite("state.hidden", x, 0),
    );
  }
  assertEquals(
    await changed({ "rnn.bias_ih_l0": f32([2], 0, 3e38), "rnn.bias_hh_l0": f32([2], 0, 3e38) }),
    finite("rnn.bias_ih_l0 + rnn.bias_hh_l0", Infinity, 1),
  );
  const checkpoint = checkpointOf("ab", small);
  for (const x of [NaN, -1e-9]) {
    checkpoint.optimizerMemories![0]!.by[1] = x;
    const { message } = await assertRejects(() => encodeCheckpoint(checkpoint), InputError);
    assertMatch(
      message,
      /^Cannot encode the checkpoint: the tensor "adagrad.sum.head.bias" is .+ 0 or above$/,
    );
  }
});

Deno.test("the weights themselves stand beside their average, and only there", async () => {
  const averaged = checkpointOf("ab", { ...small, average: 0.25 });
  const { tensors } = decodeSafetensors(await encodeCheckpoint(averaged), "Cannot read");
  const names = [...tensors.keys()].filter((name) => name.startsWith("training."));
  assertEquals(names.map((name) => name.slice(9)), [...tensors.keys()].slice(0, names.length));
  assertEquals(tensors.get("training.head.bias")!.data, averaged.trainingParameters!.by);
  assertEquals(tensors.get("head.bias")!.data, averaged.parameters.by);

  const { trainingParameters } = averaged;
  const { message } = await assertRejects(
    () => encodeCheckpoint({ ...checkpointOf("ab", small), trainingParameters }),
    InputError,
  );
  assertMatch(
    message,
    /the tensor "training\.\S+" does not belong to .+ whose weights are no average$/,
  );
  averaged.trainingParameters!.by[1] = NaN;
  const wrong = await assertRejects(() => encodeCheckpoint(averaged), InputError);
  assertMatch(wrong.message, /the tensor "training.head.bias" is NaN at index 1/);
});

Deno.test("metadata must be there and make sense", async () => {
  assertEquals(
    await changed({}, { format: undefined }),
    'it has no "format" in its metadata; a checkpoint of unroll has "unroll-checkpoint-1"',
  );
  assertEquals(
    await changed({}, { format: "unroll-checkpoint-2" }),
    'its "format" is "unroll-checkpoint-2" in its metadata; a checkpoint of unroll has "unroll-checkpoint-1"',
  );
  for (const key of ["config", "vocabulary"]) {
    assertEquals(
      await changed({}, { [key]: undefined }),
      `it has no "${key}" in its metadata; a checkpoint has one`,
    );
  }
  for (const key of ["config", "vocabulary", "random", "progress", "corpus"]) {
    assertEquals(await changed({}, { [key]: "{" }), `the metadata's "${key}" is not valid JSON`);
    assertEquals(
      await changed({}, { [key]: "[[]]" }),
      `the metadata's "${key}" is nested 2 deep; it must be at most 1`,
    );
    assertMatch(
      await changed({}, { [key]: "1" }),
      new RegExp(`^the metadata's "${key}": it must be`),
    );
  }
  const vocabulary = async (text: string) =>
    (await changed({}, { vocabulary: JSON.stringify(text) }))
      .replace('the metadata\'s "vocabulary": it ', "");
  assertMatch(await vocabulary("ba\u{1f600}"), /^must be in the order of code points/);
  assertMatch(await vocabulary("aab"), /^must be in the order of code points/);
  assertMatch(await vocabulary("\u{1f600}\ufeff"), /^must be in the order of code points/);
  assertEquals(await vocabulary(""), 'must be text of at least one character, not ""');
  assertEquals(
    await vocabulary("a\ud800"),
    'must be text of at least one character, not "a\\ud800"',
  );

  const inside = async (key: string, value: unknown) =>
    (await changed({}, { [key]: JSON.stringify(value) })).replace(`the metadata's "${key}": `, "");
  assertEquals(
    await inside("config", { ...config, hidden: 0 }),
    '"hidden" must be a whole number from 1 to 16384, not 0',
  );
  assertEquals(await inside("config", { ...config, "a\nb": 0 }), '"a\\nb" is not a known key');
  const { progress, corpus } = checkpointOf("ab", small);
  for (const wrong of [{ step: 0.5 }, { chars: -1 }, { position: null }, { epoch: -1 }]) {
    const [key] = Object.keys(wrong);
    assertMatch(
      await inside("progress", { ...progress, ...wrong }),
      new RegExp(`^"${key}" must be a .+ number, 0 or above, not `),
    );
  }
  assertEquals(
    await inside("progress", { ...progress, loss: "1" }),
    '"loss" must be a finite number, 0 or above, not "1"',
  );
  assertEquals(await inside("progress", { step: 0 }), '"epoch" is missing');
  assertEquals(
    await inside("corpus", { ...corpus, sha256: "A".repeat(64) }),
    `"sha256" must be 64 hexadecimal digits in lower case, not "${"A".repeat(56)}...`,
  );
  for (
    const words of [[0, 0, 0, 0], [1, 2, 3], [1, 2, 3, 4, 5], [1, 2, 3, 2 ** 32], [1, 2, 3, -1]]
  ) {
    assertMatch(
      await inside("random", words),
      /must be four whole numbers from 0 to 4294967295, not all 0/,
    );
  }
});

Deno.test("encode refuses what does not fit the configuration", async () => {
  const checkpoint = checkpointOf("ab", small);
  const refused = async (wrong: Partial<Checkpoint>) =>
    (await assertRejects(() => encodeCheckpoint({ ...checkpoint, ...wrong }), InputError)).message;
  const doing = "Cannot encode the checkpoint: ";
  assertEquals(
    await refused({ hiddenState: new Float64Array(6) }),
    doing +
      'the tensor "state.hidden" is F64 [1, 3, 2]; by configuration and vocabulary it must be F32 [1, 3, 2]',
  );
  assertEquals(
    await refused({ progress: { ...checkpoint.progress, step: NaN } }),
    doing + 'the metadata\'s "progress": "step" must be a whole number, 0 or above, not null',
  );
  assertStringIncludes(
    await refused({ config: { ...checkpoint.config, optimizer: "sgd" } }),
    "it has 1 of an optimizer's memories; the optimizer sgd has 0",
  );
  await assertRejects(
    () => encodeCheckpoint({ ...checkpoint, hiddenState: new Float32Array(5) }),
    RangeError,
  );
});

/** Decodes a damaged file; `null` when it is refused in one line, as it may be. */
async function attempt(bytes: Uint8Array): Promise<Checkpoint | null> {
  try {
    return await decodeCheckpoint(bytes, "x");
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    assertMatch(error.message, /^Cannot read the checkpoint "x": \P{C}+$/u);
    return null;
  }
}

Deno.test("a file with any bit changed is refused, or read as if it had not been", async () => {
  const checkpoint = checkpointOf("é", { ...small, hidden: 1 });
  const original = await encodeCheckpoint(checkpoint);
  let harmless = 0;
  for (let bit = 0; bit < 8 * original.length; bit++) {
    const damaged = original.slice();
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    const decoded = await attempt(damaged);
    if (decoded === null) continue;
    harmless++;
    assertEquals(plain(decoded), plain(checkpoint), `bit ${bit}`);
  }
  // Spaces that became tabs or line ends, and the key "checksum" under another name.
  assertEquals(harmless < 100, true, `${harmless} were read`);
});

Deno.test("a file cut anywhere, or with something added, is refused", async () => {
  for (const file of [await encodeCheckpoint(checkpointOf("ab", small)), fileOfPyTorch()]) {
    for (let length = 0; length < file.length; length++) {
      assertEquals(await attempt(file.slice(0, length)), null);
    }
    assertEquals(await attempt(new Uint8Array([...file, 0])), null);
  }
});

Deno.test("no damage to a file without checksum leads to another error", async () => {
  const original = fileOfPyTorch();
  const random = new Xoshiro128(1);
  const below = (n: number) => random.nextUint32() % n;
  for (let trial = 0; trial < 2000; trial++) {
    const damaged = original.slice();
    for (let n = below(4); n >= 0; n--) {
      const at = below(damaged.length);
      if (below(3) === 0) damaged.copyWithin(at, below(damaged.length), below(damaged.length));
      else damaged[at] = below(2) === 0 ? below(256) : original[below(original.length)]!;
    }
    const decoded = await attempt(damaged);
    if (decoded) assertEquals(decoded.parameters.Wxh.every(Number.isFinite), true);
  }
});

Deno.test("a file whose numbers were changed no longer has its checksum", async () => {
  const bytes = await encodeCheckpoint(checkpointOf("ab", small));
  bytes[bytes.length - 3]! ^= 1;
  assertEquals(
    await refusal(bytes),
    "its contents do not match its checksum; take an undamaged copy, or leave " +
      '"checksum" out of the metadata when the change is meant',
  );
});
