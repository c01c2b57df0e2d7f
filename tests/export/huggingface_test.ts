import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { encodeHuggingFace } from "../../src/export/huggingface.ts";
import { TORCH_RECIPE } from "../../src/export/model_card.ts";
import { parseCharacters } from "../../src/export/vocabulary_json.ts";
import { encodeWeights, hashWeights } from "../../src/export/weights.ts";
import { models } from "./models.ts";

const model = models.get("gru-1-f32")!;
const decode = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

Deno.test({
  name: "TORCH_RECIPE is in the guide (needs --allow-read)",
  ignore: Deno.permissions.querySync({ name: "read" }).state !== "granted",
  fn() {
    const guide = Deno.readTextFileSync(new URL("../../docs/guide.md", import.meta.url));
    assert(guide.includes(`\`\`\`python\n${TORCH_RECIPE}\`\`\`\n`));
  },
});

Deno.test("encodeHuggingFace() makes weights, sizes and a vocabulary", () => {
  const files = encodeHuggingFace(model);
  assertEquals(files.get("model.safetensors"), encodeWeights(model));
  const config = JSON.parse(decode(files.get("config.json")));
  const { cell, vocab_size, hidden_size, num_hidden_layers, torch_dtype, training } = config;
  assertEquals(
    { cell, vocab_size, hidden_size, num_hidden_layers, torch_dtype },
    {
      cell: "gru",
      vocab_size: model.vocabulary.size,
      hidden_size: 5,
      num_hidden_layers: 1,
      torch_dtype: "float32",
    },
  );
  assertEquals(training, model.config);
  const characters = parseCharacters(decode(files.get("vocab.json")));
  assertEquals(characters.join(""), model.vocabulary.characters);
});

Deno.test("encodeHuggingFace() fills the model card from the run, and hides the folders of the text", () => {
  const corpus = { ...model.corpus!, path: "/home/ada/secret/poems | `x`.txt", chars: 12_345 };
  const files = encodeHuggingFace({ ...model, corpus }, { license: "cc-by-4.0" });
  const card = decode(files.get("README.md"));
  const [, front, body] = /^---\n([^]*?)---\n([^]*)$/.exec(card)!;
  for (
    const line of [
      'license: "cc-by-4.0"',
      "pipeline_tag: text-generation",
      "  - gru",
      "            value: 0.333333",
    ]
  ) {
    assert(front!.split("\n").includes(line), `${line} in ${front}`);
  }
  for (
    const part of [
      "12,345 characters",
      corpus.sha256,
      hashWeights(model),
      "0.3333 nats per character (0.4809 bits)",
      "a GRU with 1 layer of 5 units",
      "| `lrSchedule` | `constant` |",
      "poems \\| 'x'.txt",
    ]
  ) assert(body!.includes(part), `${part} in ${body}`);
  assert(!card.includes("secret"));
  assertEquals(card.match(/^# .*$/gm), ["# poems \\| \\`x\\`"]);
});

Deno.test("encodeHuggingFace() needs neither a text nor a license nor a validation", () => {
  const { progress } = model;
  const unknown = { ...model, corpus: null, progress: { ...progress, validationLoss: null } };
  const card = decode(encodeHuggingFace(unknown).get("README.md"));
  assert(!card.includes("model-index") && !card.includes("license:"), card);
  assert(card.includes("# char-rnn") && card.includes("No license was stated."), card);
});

Deno.test("encodeHuggingFace() rejects a license or name that would break the front matter", () => {
  for (const license of ["", "MIT", "mit\ntags: x", "a b", 7]) {
    assertThrows(
      () => encodeHuggingFace(model, { license: license as string }),
      InputError,
      "license",
    );
  }
  for (const name of ["", "a\nb", "x".repeat(97)]) {
    assertThrows(() => encodeHuggingFace(model, { name }), InputError, "name");
  }
});
