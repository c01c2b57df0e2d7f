import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { decodeCheckpoint } from "../../src/checkpoint/checkpoint.ts";
import { decodeSafetensors } from "../../src/checkpoint/safetensors.ts";
import { encodeWeights, hashWeights, stateDict } from "../../src/export/weights.ts";
import { createSha256 } from "../../src/sha256.ts";
import { largestDifference, models, scored } from "./models.ts";
import { torchLosses } from "./torch_reference.ts";

Deno.test("encodeWeights() makes a state dict with which PyTorch's equations give the losses of score()", () => {
  for (const [name, model] of models) {
    const { tensors, metadata } = decodeSafetensors(encodeWeights(model));
    const { cell, layers } = model.config;
    assertEquals(metadata, {
      format: "pt",
      cell,
      vocabulary: JSON.stringify(model.vocabulary.characters),
    });
    const { ids, losses } = scored(model);
    const difference = largestDifference(torchLosses({ cell, layers, tensors }, ids), losses);
    assert(
      difference < (model.config.precision === "f64" ? 1e-12 : 1e-6),
      `${name}: ${difference}`,
    );
  }
});

Deno.test("stateDict() lists the tensors as PyTorch does, layer by layer", () => {
  const names = stateDict(models.get("gru-3-f32")!).map(([name]) => name);
  assertEquals(names.slice(0, 5), [
    "rnn.weight_ih_l0",
    "rnn.weight_hh_l0",
    "rnn.bias_ih_l0",
    "rnn.bias_hh_l0",
    "rnn.weight_ih_l1",
  ]);
  assertEquals(names.slice(-2), ["head.weight", "head.bias"]);
});

Deno.test("hashWeights() is the SHA-256 of the numbers of the state dict", async () => {
  const model = models.get("gru-1-f32")!;
  const hash = createSha256();
  for (const [, { data }] of stateDict(model)) hash.update(new Uint8Array(data.slice().buffer));
  assertEquals(hashWeights(model), hash.digest());
  const { parameters } = model;
  const changed = { ...model, parameters: { ...parameters, by: parameters.by.map((x) => x + 1) } };
  assertNotEquals(hashWeights(changed), hashWeights(model));
  const error = await decodeCheckpoint(encodeWeights(model)).catch((error) => error);
  assert(/weights alone/.test(error.message), error.message);
});
