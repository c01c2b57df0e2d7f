/** Rejected checkpoints: each error is one line that says what is wrong. */
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
  assertEquals(
    await changed({}, { format: undefined }),
    'it has no "format" in its metadata; a checkpoint of unroll has "unroll-checkpoint-2"',
  );
  const formats = [
    ["unroll-checkpoint-1", "is of an earlier version", "train it again"],
    ["unroll-checkpoint-3", "is of a later version", "use a later version of unroll"],
    ["unroll-checkpoint-2 ", "is unknown", "it must be a checkpoint of unroll"],
  ] as const;
  for (const [format, wrong, right] of formats) {
    assertEquals(
      await changed({}, { format }),
      `its format "${format}" ${wrong}; this version reads "unroll-checkpoint-2"; ${right}`,
    );
  }
  for (const key of ["config", "vocabulary"]) {
    assertEquals(
      await changed({}, { [key]: undefined }),
      `it has no "${key}" in its metadata; a checkpoint has one`,
    );
  }
  for (const key of ["config", "vocabulary", "progress", "corpus"]) {
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
});

Deno.test("encodeCheckpoint() rejects what does not fit the configuration", async () => {
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
    "it has 1 of the optimizer's state slots; with the optimizer sgd it must have 0",
  );
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
  assertEquals(
    await refusal(bytes),
    "its contents do not match its checksum; use an undamaged copy, or remove " +
      '"checksum" from the metadata if the change is intended',
  );
});
