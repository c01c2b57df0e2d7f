import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
} from "../../src/checkpoint/checkpoint.ts";
import { decodeSafetensors } from "../../src/checkpoint/safetensors.ts";
import { checkpointOf, configOfPyTorch as config, fileOfPyTorch, plain } from "./checkpoints.ts";
import { readByHand } from "./files.ts";

const small = { hidden: 2, batchSize: 3, seqLength: 4 };

const anyCheckpoint: fc.Arbitrary<Checkpoint> = fc.record({
  text: fc.string({ unit: "binary", minLength: 1, maxLength: 12 }),
  name: fc.string({ unit: "binary" }),
  config: fc.record({
    hidden: fc.integer({ min: 1, max: 5 }),
    batchSize: fc.integer({ min: 1, max: 4 }),
    seed: fc.maxSafeNat(),
    lr: fc.double({ min: 0, minExcluded: true, noNaN: true, noDefaultInfinity: true }),
    precision: fc.constantFrom("f32" as const, "f32-strict" as const, "f64" as const),
    optimizer: fc.constantFrom("adagrad" as const, "sgd" as const),
    weightAverage: fc.constantFrom(0, 0.1),
  }),
}).map(({ text, name, config }) => checkpointOf(text, config, name));

Deno.test("decodeCheckpoint() and encodeCheckpoint() undo each other bit by bit", async () => {
  await fc.assert(fc.asyncProperty(anyCheckpoint, async (checkpoint) => {
    const bytes = await encodeCheckpoint(checkpoint);
    const decoded = await decodeCheckpoint(bytes);
    assertEquals(plain(decoded), plain(checkpoint));
    assertEquals(await encodeCheckpoint(decoded), bytes);
  }));
});

Deno.test("decodeCheckpoint() keeps emoji, no corpus, unknown losses and infinite sums", async () => {
  const checkpoint = checkpointOf('a\u{1f469}\u200d\u{1f680}"\\\n\0\ufeff\u{10ffff}', small);
  checkpoint.optimizerState![0]!.Why[1] = Infinity;
  const progress = { ...checkpoint.progress, loss: NaN, validationLoss: Infinity };
  const decoded = await decodeCheckpoint(
    await encodeCheckpoint({ ...checkpoint, progress, corpus: null }),
  );
  assertEquals(decoded.vocabulary.characters, checkpoint.vocabulary.characters);
  assertEquals(decoded.corpus, null);
  assertEquals(decoded.progress, { ...progress, loss: null, validationLoss: null });
  assertEquals(decoded.optimizerState![0]!.Why[1], Infinity);
});

Deno.test("encodeCheckpoint() writes PyTorch's names and shapes for an independent reader", async () => {
  for (const precision of ["f32", "f32-strict", "f64"] as const) {
    const checkpoint = checkpointOf("hello", { ...small, precision });
    const { metadata, tensors } = readByHand(await encodeCheckpoint(checkpoint));
    const { parameters: p, optimizerState, hiddenState } = checkpoint;
    const s = optimizerState![0]!;
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
    assertEquals(format, "unroll-checkpoint-2");
    const { config, progress, corpus } = checkpoint;
    assertEquals(
      Object.fromEntries(Object.entries(json).map(([key, text]) => [key, JSON.parse(text)])),
      { config, vocabulary: "ehlo", progress, corpus },
    );
    assertMatch(checksum!, /^[0-9a-f]{64}$/);
  }
});

Deno.test("encodeCheckpoint() writes the documented checksum", async () => {
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

Deno.test("decodeCheckpoint() reads a file of PyTorch, adds its biases and fills what is missing", async () => {
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
    optimizerState: null,
    hiddenState: ["Float32Array", ...new Array<number>(4 * 3 * 2).fill(0)],
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
      bestStep: null,
      loggedStep: null,
      validationsSinceBest: 0,
      lrReductions: 0,
      badSteps: 0,
      badLoss: null,
      ended: false,
      elapsedSeconds: 0,
    },
    corpus: null,
  });
  assertEquals(Object.isFrozen(checkpoint.config), true);
});

Deno.test("encodeCheckpoint() writes training weights with weight averaging only", async () => {
  const averaged = checkpointOf("ab", { ...small, weightAverage: 0.25 });
  const { tensors } = decodeSafetensors(await encodeCheckpoint(averaged));
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
    /the tensor "training\.\S+" does not belong to .+ without weight averaging$/,
  );
  averaged.trainingParameters!.by[1] = NaN;
  const wrong = await assertRejects(() => encodeCheckpoint(averaged), InputError);
  assertMatch(wrong.message, /the tensor "training.head.bias" is NaN at index 1/);
});
