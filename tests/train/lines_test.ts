/** Training on lines: each is an example. */
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { evaluate } from "../../src/evaluate/evaluate.ts";
import { score } from "../../src/evaluate/score.ts";
import { summarize } from "../../src/evaluate/summary.ts";
import { sampleMany } from "../../src/generate/sampler.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { prepareTraining, train } from "../../src/train/train.ts";

const parts = [["ka", "ri", "mo", "ta"], ["lu", "ne", "so"], ["rik", "da", "na"]] as const;
const names = parts[0].flatMap((a) => parts[1].flatMap((b) => parts[2].map((c) => a + b + c)));
const corpus = corpusFromText(`${names.join("\n")}\n`.repeat(4), "names");
const config = { holdout: "lines", hidden: 24, batchSize: 4, valFraction: 0.2 } as const;
const options = { config, steps: 400 };
const { latest, best } = await train(corpus, options);

Deno.test("train() with holdout lines learns lines, and sample() writes whole ones", () => {
  assertEquals(latest.config.seqLength, 8);
  const lines = sampleMany(latest, { count: 60, seed: 5 });
  for (const line of lines) assert(/^[a-z]+\n$/.test(line), JSON.stringify(line));
  const known = lines.filter((line) => names.includes(line.trimEnd()));
  assert(known.length > 40, String(known.length));
  const continued = sampleMany(latest, { count: 20, prompt: "kar" });
  for (const line of continued) assert(/^[a-z]*\n$/.test(line), JSON.stringify(line));
});

Deno.test("train() with holdout lines resumes with the same bits", async () => {
  // A run with a higher limit begins likewise.
  const steady = { ...config, layers: 1, lrSchedule: "constant" } as const;
  const whole = await train(corpus, { config: steady, steps: 400 });
  const half = await train(corpus, { config: steady, steps: 151 });
  const resumed = await train(corpus, { resume: half, steps: 400 });
  assertEquals(resumed.latest.parameters, whole.latest.parameters);
  assertEquals(resumed.latest.progress.loss, whole.latest.progress.loss);
});

Deno.test("losses of a model of lines are those of lines from a zero state", async () => {
  const { natsPerChar, chars } = await evaluate(best, corpus);
  // The first line has no line break before it, so that its first character is not predicted.
  assertEquals(chars, corpus.length - 1);
  const { split } = await trainSplit();
  const [training, validation] = (await summarize(best, corpus, { split }))!;
  const whole = training!.model * training!.chars + validation!.model * validation!.chars;
  assertAlmostEquals(whole / (training!.chars + validation!.chars), natsPerChar, 1e-6);
  assert(training!.model < training!.bigram);
  const text = corpus.vocabulary.decode(corpus.read(0, corpus.length));
  assertAlmostEquals(score(best, text).natsPerChar, natsPerChar, 1e-6);
});

async function trainSplit() {
  using prepared = await prepareTraining(corpus, { ...options, steps: 1 });
  return { split: prepared.trainer.split };
}

Deno.test("train() with holdout lines rejects a text without lines", async () => {
  const refused = (text: string, words: string) =>
    assertRejects(() => train(corpusFromText(text), options), InputError, words);
  await refused("a text in one line", "it has no line break");
  await refused("\n\n", "all its lines are empty");
});
