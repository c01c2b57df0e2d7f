/** Rejected checkpoints: each error is one line that names what is wrong. */
import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
} from "../../src/checkpoint/checkpoint.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
  type Tensor,
} from "../../src/checkpoint/safetensors.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { checkpointOf, configOfPyTorch as config, fileOfPyTorch, plain } from "./checkpoints.ts";

const small = { hidden: 2, batchSize: 3, seqLength: 4 };

/** The message with which a file is rejected, without its context. */
async function refusal(bytes: Uint8Array): Promise<string> {
  const { message } = await assertRejects(() => decodeCheckpoint(bytes, "a\nb"), InputError);
  const context = 'Cannot read the checkpoint "a\\nb": ';
  assertStringIncludes(message, context);
  assertMatch(message, /^\P{C}+$/u);
  return message.slice(context.length);
}

const f32 = (shape: readonly number[], ...numbers: number[]): Tensor => ({
  shape,
  data: new Float32Array(numbers),
});

/** The message for PyTorch's file with other tensors and metadata. */
function changed(
  tensors: Record<string, Tensor | undefined>,
  metadata: Record<string, string | undefined> = {},
): Promise<string> {
  const original = decodeSafetensors(fileOfPyTorch());
  const defined = <T>(values: Record<string, T | undefined>) =>
    Object.fromEntries(
      Object.entries(values).filter((entry): entry is [string, T] => entry[1] !== undefined),
    );
  return refusal(encodeSafetensors(
    defined({ ...Object.fromEntries(original.tensors), ...tensors }),
    defined({ ...original.metadata, ...metadata }),
  ));
}

Deno.test("decodeCheckpoint() requires exactly the tensors of the configuration", async () => {
  const sum = { "adagrad.sum.head.bias": f32([3], 0, 0, 0) };
  const sgd = { config: JSON.stringify({ ...config, optimizer: "sgd" }) };
  const cases: [tensors: Record<string, Tensor | undefined>, name: string, reason: string][] = [
    [{ "head.bias": undefined }, "head.bias", "is missing"],
    [{ "rnn.bias_hh_l0": undefined }, "rnn.bias_hh_l0", "is missing"],
    [{ "rnn.weight_ih_l1": f32([1], 0) }, "rnn.weight_ih_l1", "the optimizer adagrad"],
    [{ "head.weight": f32([2, 3], 1, 2, 3, 4, 5, 6) }, "head.weight", "must be F32 [3, 2]"],
    [
      { "head.bias": { shape: [3], data: new Float64Array(3) } },
      "head.bias",
      "is F64 [3]; by configuration and vocabulary it must be F32 [3]",
    ],
    [{ "state.hidden": f32([2, 3], 0, 0, 0, 0, 0, 0) }, "state.hidden", "must be F32 [1, 3, 2]"],
    [sum, "adagrad.sum.rnn.weight_ih_l0", "is missing"],
  ];
  for (const [tensors, name, reason] of cases) {
    const message = await changed(tensors);
    assertStringIncludes(message, `the tensor "${name}" `);
    assertStringIncludes(message, reason);
  }
  const message = await changed(sum, sgd);
  assertStringIncludes(message, 'the tensor "adagrad.sum.head.bias" does not belong');
  assertStringIncludes(message, "the optimizer sgd");
});

Deno.test("decodeCheckpoint() rejects non-finite tensors and names them", async () => {
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
    checkpoint.optimizerState![0]!.by[1] = x;
    const { message } = await assertRejects(() => encodeCheckpoint(checkpoint), InputError);
    assertMatch(
      message,
      /^Cannot encode the checkpoint: the tensor "adagrad.sum.head.bias" is .+ 0 or above$/,
    );
  }
});

Deno.test("decodeCheckpoint() rejects missing and invalid metadata", async () => {
  assertStringIncludes(await changed({}, { format: undefined }), 'no "format" in its metadata');
  const formats = [
    ["unroll-checkpoint-1", "earlier version"],
    ["unroll-checkpoint-3", "later version"],
    ["unroll-checkpoint-2 ", "unknown"],
  ] as const;
  for (const [format, wrong] of formats) {
    const message = await changed({}, { format });
    for (const part of [`"${format}" is`, wrong, 'reads "unroll-checkpoint-2"']) {
      assertStringIncludes(message, part);
    }
  }
  for (const key of ["config", "vocabulary"]) {
    assertStringIncludes(await changed({}, { [key]: undefined }), `it has no "${key}"`);
  }
  for (const key of ["config", "vocabulary", "progress", "corpus"]) {
    assertEquals(await changed({}, { [key]: "{" }), `the metadata's "${key}" is not valid JSON`);
    assertStringIncludes(
      await changed({}, { [key]: "[[]]" }),
      `the metadata's "${key}" is nested 2 deep`,
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
});

Deno.test("encodeCheckpoint() rejects what does not fit the configuration", async () => {
  const checkpoint = checkpointOf("ab", small);
  const refused = async (wrong: Partial<Checkpoint>) =>
    (await assertRejects(() => encodeCheckpoint({ ...checkpoint, ...wrong }), InputError)).message;
  const cases: [wrong: Partial<Checkpoint>, reason: string][] = [
    [{ hiddenState: new Float64Array(6) }, '"state.hidden" is F64 [1, 3, 2]; '],
    [{ progress: { ...checkpoint.progress, step: NaN } }, '"progress": "step" must be'],
    [{ config: { ...checkpoint.config, optimizer: "sgd" } }, "the optimizer sgd it must have 0"],
  ];
  for (const [wrong, reason] of cases) {
    const message = await refused(wrong);
    assertMatch(message, /^Cannot encode the checkpoint: /);
    assertStringIncludes(message, reason);
  }
  await assertRejects(
    () => encodeCheckpoint({ ...checkpoint, hiddenState: new Float32Array(5) }),
    RangeError,
  );
});

/** Decodes a damaged file; `null` when it is rejected in one line. */
async function attempt(bytes: Uint8Array): Promise<Checkpoint | null> {
  try {
    return await decodeCheckpoint(bytes, "x");
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    assertMatch(error.message, /^Cannot read the checkpoint "x": \P{C}+$/u);
    return null;
  }
}

Deno.test("decodeCheckpoint() rejects any changed bit, or reads the original", async () => {
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

Deno.test("decodeCheckpoint() rejects a truncated or extended file", async () => {
  for (const file of [await encodeCheckpoint(checkpointOf("ab", small)), fileOfPyTorch()]) {
    for (let length = 0; length < file.length; length++) {
      assertEquals(await attempt(file.slice(0, length)), null);
    }
    assertEquals(await attempt(new Uint8Array([...file, 0])), null);
  }
});

Deno.test("decodeCheckpoint() throws only InputError for a damaged file without checksum", async () => {
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

Deno.test("decodeCheckpoint() rejects changed numbers by the checksum", async () => {
  const bytes = await encodeCheckpoint(checkpointOf("ab", small));
  bytes[bytes.length - 3]! ^= 1;
  assertStringIncludes(await refusal(bytes), "do not match its checksum");
});
