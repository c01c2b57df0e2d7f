import { assert, assertEquals, assertRejects } from "@std/assert";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/checkpoint/checkpoint.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/checkpoint/safetensors.ts";
import { InputError } from "../../src/errors.ts";
import { beamSearch } from "../../src/generate/beam.ts";
import { predictNext } from "../../src/generate/predict.ts";
import { sample } from "../../src/generate/sampler.ts";
import { resolveConfig } from "../../src/model/resolve_config.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { Trainer } from "../../src/train/trainer.ts";

const rare = Array.from({ length: 150 }, (_, i) => String.fromCodePoint(0x4e00 + i)).join("");
const corpus = corpusFromText(`${rare}abab`, "text", { minCount: 2 });
const config = resolveConfig({ hidden: 4, seqLength: 8, batchSize: 1, valFraction: 0 });
using trainer = Trainer.create(corpus, config);
for (let step = 0; step < 30; step++) trainer.step();
const checkpoint = trainer.checkpoint();

Deno.test("sample() and beamSearch() never write the unknown symbol, however probable", () => {
  assertEquals(corpus.vocabulary.characters, "ab\ufffd");
  for (const options of [{ seed: 1 }, { greedy: true }, { topK: 3, prompt: "ab☃" }]) {
    assert(/^[ab]{200}$/.test(sample(checkpoint, { length: 200, ...options })));
  }
  assert(/^[ab]{20}$/.test(beamSearch(checkpoint, { length: 20, beam: 5 }).text));
  assertEquals(
    predictNext(checkpoint, "ab").find(({ character }) => character === "\ufffd")
      ?.probability ?? 0,
    0,
  );
});

Deno.test("a checkpoint keeps the unknown symbol, and refuses one that is none", async () => {
  const bytes = await encodeCheckpoint(checkpoint);
  const { vocabulary } = await decodeCheckpoint(bytes);
  assert(vocabulary.equals(corpus.vocabulary));
  const { tensors, metadata } = decodeSafetensors(bytes);
  const { checksum: _, ...others } = metadata;
  const encode = (unknown: string) =>
    encodeSafetensors(Object.fromEntries(tensors), { ...others, unknown });
  await assertRejects(
    () => decodeCheckpoint(encode('"a"')),
    InputError,
    `the metadata's "unknown" must be "\ufffd", a character of its vocabulary`,
  );
});
