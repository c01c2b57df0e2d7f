import { assert, assertEquals, assertThrows } from "@std/assert";
import { decodeSafetensors, encodeSafetensors } from "../../src/checkpoint/safetensors.ts";
import type { Tensor } from "../../src/checkpoint/safetensors.ts";
import { InputError } from "../../src/errors.ts";
import { decodeWeights } from "../../src/export/decode_weights.ts";
import { parseCharacters } from "../../src/export/vocabulary_json.ts";
import { encodeWeights } from "../../src/export/weights.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { Vocabulary } from "../../src/text/vocabulary.ts";
import { checkpointOf } from "../checkpoint/checkpoints.ts";
import { largestDifference, models, scored, text } from "./models.ts";

Deno.test("decodeWeights() reads what encodeWeights() wrote, bit for bit", () => {
  for (const [name, model] of models) {
    const read = decodeWeights(encodeWeights(model));
    const { cell, layers, hidden, precision } = read.config;
    assertEquals(`${cell}-${layers}-${precision}`, name);
    assertEquals([hidden, read.vocabulary.characters], [5, model.vocabulary.characters]);
    assertEquals(read.parameters, model.parameters);
    assertEquals(read.progress.step, 0);
  }
});

Deno.test("decodeWeights() keeps the unknown symbol of encodeWeights()", () => {
  const model = models.get("gru-1-f32")!;
  const known = [...model.vocabulary.characters].with(3, "\ufffd").join("");
  const vocabulary = Vocabulary.fromText(known, { unknown: true });
  const read = decodeWeights(encodeWeights({ ...model, vocabulary }));
  assertEquals(read.vocabulary.unknown, vocabulary.unknown);
  assertEquals(read.vocabulary.characters, vocabulary.characters);
});

/** The tensors of a model under other names, with the characters in another order. */
function foreign(
  name: string,
  change: (tensors: Map<string, Tensor>) => void = () => {},
): { bytes: Uint8Array; vocabulary: string[] } {
  const model = models.get(name)!;
  const size = model.vocabulary.size;
  const order = Array.from({ length: size }, (_, id) => (id * 7 + 3) % size);
  assertEquals(new Set(order).size, size);
  const { tensors } = decodeSafetensors(encodeWeights(model));
  const renamed = new Map<string, Tensor>();
  for (const [key, { shape, data }] of tensors) {
    const moved = data.slice();
    if (key.startsWith("head.")) {
      const columns = shape[1] ?? 1;
      order.forEach((from, to) =>
        moved.set(data.subarray(from * columns, (from + 1) * columns), to * columns)
      );
    } else if (key === "rnn.weight_ih_l0") {
      for (let i = 0; i < shape[0]!; i++) {
        order.forEach((from, to) => moved[i * size + to] = data[i * size + from]!);
      }
    }
    renamed.set(key.replace("rnn.", "decoder.lstm.").replace("head.", "fc."), {
      shape,
      data: moved,
    });
  }
  change(renamed);
  const characters = [...model.vocabulary.characters];
  return {
    bytes: encodeSafetensors(Object.fromEntries(renamed), {}),
    vocabulary: order.map((id) => characters[id]!),
  };
}

Deno.test("decodeWeights() takes any names and any order of characters", () => {
  for (const name of ["rnn-1-f32", "gru-3-f64", "lstm-3-f32"]) {
    const { bytes, vocabulary } = foreign(name);
    const read = decodeWeights(bytes, { vocabulary });
    assertEquals(read.parameters, models.get(name)!.parameters);
    assertEquals(scored(read).losses, scored(models.get(name)!).losses);
  }
});

Deno.test("decodeWeights() adds both biases, and takes missing ones for zero", () => {
  const { bytes, vocabulary } = foreign("lstm-1-f64", (tensors) => {
    tensors.set("decoder.lstm.bias_hh_l0", tensors.get("decoder.lstm.bias_ih_l0")!);
    tensors.delete("fc.bias");
  });
  const { parameters } = decodeWeights(bytes, { vocabulary });
  const { bh } = models.get("lstm-1-f64")!.parameters;
  assertEquals(Array.from(parameters.bh), Array.from(bh, (x) => x + x));
  assert(parameters.by.every((x) => x === 0));
});

Deno.test("decodeWeights() multiplies an embedding into the first layer", () => {
  const model = checkpointOf(text, { hidden: 5, cell: "gru", precision: "f64" });
  const size = model.vocabulary.size;
  for (const length of [3, 5]) {
    const random = new Xoshiro128(length);
    const draw = (count: number) => Float64Array.from({ length: count }, () => random.normal());
    const [weight, embedding] = [draw(15 * length), draw(size * length)];
    const { tensors, metadata } = decodeSafetensors(encodeWeights(model));
    const all = {
      ...Object.fromEntries(tensors),
      "rnn.weight_ih_l0": { shape: [15, length], data: weight },
      "embed.weight": { shape: [size, length], data: embedding },
    };
    const { parameters } = decodeWeights(encodeSafetensors(all, metadata));
    const expected = Array.from({ length: 15 * size }, (_, at) => {
      const [i, j] = [Math.floor(at / size), at % size];
      let sum = 0;
      for (let k = 0; k < length; k++) sum += weight[i * length + k]! * embedding[j * length + k]!;
      return sum;
    });
    assert(largestDifference([...parameters.Wxh], expected) < 1e-14);
    assertEquals(parameters.Why, model.parameters.Why);
  }
});

Deno.test("decodeWeights() rejects other networks and vocabularies, and says what is wrong", () => {
  const rejects = (
    message: string,
    change: (tensors: Map<string, Tensor>) => void,
    edit: (characters: string[]) => unknown = (characters) => characters,
  ) => {
    const { bytes, vocabulary } = foreign("gru-1-f32", change);
    const given = edit(vocabulary) as string[];
    const error = assertThrows(() => decodeWeights(bytes, { vocabulary: given }), InputError);
    assert(error.message.startsWith("Cannot read the weights"), error.message);
    assert(error.message.includes(message), error.message);
    assert(!error.message.includes("\n"), error.message);
  };
  const tensor = (...shape: number[]): Tensor => ({
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
  });
  const none = () => {};
  const at = "decoder.lstm.";
  rejects("one torch.nn.RNN", (t) => t.delete(`${at}weight_ih_l0`));
  rejects("2 tensors", (t) => t.set("other.weight_ih_l0", tensor(2, 2)));
  rejects("bidirectional", (t) => t.set(`${at}weight_ih_l0_reverse`, tensor(2, 2)));
  rejects("weight_ih_l2", (t) => t.set(`${at}weight_ih_l2`, tensor(15, 5)));
  rejects("weight_hh_l0", (t) => t.set(`${at}weight_hh_l0`, tensor(10, 5)));
  rejects("weight_hh_l0", (t) => t.delete(`${at}weight_hh_l0`));
  rejects("weight_hh_l0", (t) => t.set(`${at}weight_hh_l0`, tensor(15)));
  rejects("bias_ih_l0", (t) => t.set(`${at}bias_ih_l0`, tensor(14)));
  rejects("no other tensors", (t) => [t.delete("fc.weight"), t.delete("fc.bias")]);
  rejects("torch.nn.Linear", (t) => t.delete("fc.weight"));
  rejects("torch.nn.Linear", (t) => t.set("norm.weight", tensor(5)));
  rejects("head.bias", (t) => t.set("fc.bias", tensor(3)));
  rejects("must agree", (t) => t.set("fc.weight", tensor(4, 5)));
  rejects("finite", (t) => t.get("fc.bias")!.data.fill(NaN));
  rejects("must agree", none, (characters) => characters.slice(1));
  rejects("single character", none, (characters) => characters.with(2, "ab"));
  rejects("single character", none, (characters) => characters.with(2, "\ud800"));
  rejects("twice", none, (characters) => characters.with(2, characters[3]!));
  rejects('"vocabulary"', none, () => undefined);
  rejects('"vocabulary"', none, () => "abc");
  assertThrows(
    () => decodeWeights(new TextEncoder().encode("PK\x03\x04rest of it")),
    InputError,
    "zip",
  );
});

Deno.test("parseCharacters() reads strings, lists and objects, and names what is wrong", () => {
  assertEquals(parseCharacters('"aé🌧"'), ["a", "é", "🌧"]);
  assertEquals(parseCharacters('["b", "a"]'), ["b", "a"]);
  assertEquals(parseCharacters('{"b": 1, "1": 0, "0": 2}'), ["1", "b", "0"]);
  assertEquals(parseCharacters('{"1": "x", "0": "y"}'), ["y", "x"]);
  for (
    const wrong of ["7", "null", '{"a": 1}', '{"a": 0, "b": 0}', '{"a": 0.5}', "[", '{"a": [0]}']
  ) {
    assertThrows(() => parseCharacters(wrong), InputError);
  }
});
