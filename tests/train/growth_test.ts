/** Training that continues on a text that has grown. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import { readCheckpoint } from "../../src/files/checkpoint_file.ts";
import { readCorpus } from "../../src/files/read_corpus.ts";
import { resolveConfig } from "../../src/model/resolve_config.ts";
import { Run } from "../../src/run/run.ts";
import { RunFolder } from "../../src/run/run_folder.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { corpusIdentity } from "../../src/text/corpus_identity.ts";
import { countChars } from "../../src/text/split.ts";
import { checkGrowth, hasGrown } from "../../src/train/growth.ts";
import { splitOf } from "../../src/train/training_data.ts";
import { train } from "../../src/train/train.ts";
import { testInFolder } from "../folders.ts";

const old = "the quick brown fox jumps over the lazy dog. ".repeat(30);
const more = "Pack my box with five dozen liquor jugs! ".repeat(30);
const config = { hidden: 6, seqLength: 10, batchSize: 2, valFraction: 0.1 };

Deno.test("hasGrown() is true only if the known text is a proper prefix", async () => {
  const known = corpusIdentity(corpusFromText(old));
  const isGrown = (text: string) => hasGrown(known, corpusFromText(text));
  assertEquals(await isGrown(old + more), true);
  assertEquals(await isGrown(old + "é"), true);
  assertEquals(await isGrown(old), false);
  assertEquals(await isGrown(more + old), false);
  assertEquals(await isGrown(`${old.slice(0, -1)}x${more}`), false);
  assertEquals(await hasGrown({ ...known, texts: 2 }, corpusFromText(old + more)), false);
});

Deno.test("checkGrowth() lets nothing be held out that was trained on", () => {
  const sizes = fc.record({
    before: fc.integer({ min: 90, max: 400 }),
    added: fc.integer({ min: 1, max: 400 }),
    valFraction: fc.double({ min: 0, max: 0.5, noNaN: true }),
    testFraction: fc.double({ min: 0, max: 0.4, noNaN: true }),
  });
  let refused = 0;
  fc.assert(
    fc.property(sizes, ({ before, added, valFraction, testFraction }) => {
      const config = resolveConfig({
        hidden: 4,
        seqLength: 20,
        batchSize: 4,
        valFraction,
        testFraction,
      });
      const known = { ...corpusIdentity(corpusFromText("a")), chars: before };
      const corpus = { path: "text", length: before + added } as Parameters<typeof checkGrowth>[1];
      const trained = countChars(splitOf(before, config).train);
      const { validation, test } = splitOf(before + added, config);
      const heldOut = Math.min(...[...validation, ...test].map(([start]) => start), Infinity);
      try {
        checkGrowth(known, corpus, config);
        assert(heldOut >= trained);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        refused++;
        assert(heldOut < trained);
      }
    }),
    {
      numRuns: 500,
      // Nothing was held out of the short text, as too little would have been left for training.
      examples: [[{ before: 100, added: 10, valFraction: 0.2, testFraction: 0 }]],
    },
  );
  assert(refused > 0);
});

Deno.test("train() continues on a text that has grown, with new characters", async () => {
  const half = await train(corpusFromText(old), { config, steps: 20 });
  const corpus = corpusFromText(old + more);
  const { best, latest } = await train(corpus, { resume: half, steps: 40 });
  assertEquals(latest.progress.step, 40);
  assertEquals(latest.vocabulary.characters, corpus.vocabulary.characters);
  assertEquals(latest.corpus, corpusIdentity(corpus));
  assert(latest.progress.validationLoss !== null && best.progress.step === 40);
  // The weights of known characters are trained on, not drawn again.
  const first = await train(corpus, { resume: half.latest, steps: 20 });
  const [a, b] = [half.latest, first.latest].map(({ vocabulary, parameters }) => {
    const id = vocabulary.idOf("q".codePointAt(0)!)!;
    return parameters.by[id];
  });
  assertEquals(a, b);
  const other = corpusFromText(more + old);
  await assertRejects(() => train(other, { resume: half }), InputError, "its contents differ");
  const streams = await train(corpusFromText(old), {
    config: { ...config, holdout: "streams" },
    steps: 2,
  });
  await assertRejects(
    () => train(corpus, { resume: streams, steps: 9 }),
    InputError,
    'with "holdout" streams',
  );
});

testInFolder("Run.resume() continues on a text that has grown, and records it", async (folder) => {
  const [text, path] = [`${folder}/t.txt`, `${folder}/run`];
  Deno.writeTextFileSync(text, old);
  {
    using corpus = await readCorpus(text);
    using run = await Run.create(corpus, { path, config, limits: { steps: 20 } });
    await run.train();
  }
  Deno.writeTextFileSync(text, old + more);
  const resume = async (steps: number) => {
    using corpus = await readCorpus(text);
    using run = await Run.resume(await RunFolder.open(path), corpus, { limits: { steps } });
    const { grownFrom } = run;
    const best = await readCheckpoint(path);
    return { grownFrom, best, result: await run.train() };
  };
  const grown = await resume(40);
  assertEquals(grown.grownFrom, old.length);
  // Until another is validated, the best model is that of the smaller text.
  assertEquals([grown.best.progress.step, grown.best.vocabulary.size], [20, 30]);
  assertEquals((await readCheckpoint(path)).progress.step, 40);
  assertEquals((await resume(50)).grownFrom, null);
  const { corpus, history } = JSON.parse(Deno.readTextFileSync(`${path}/config.json`));
  assertEquals(corpus.chars, old.length + more.length);
  assertEquals(history[0].changed.chars, { from: old.length, to: old.length + more.length });
  // What was there before is no longer the text of the run.
  Deno.writeTextFileSync(text, old);
  await assertRejects(() => resume(60), InputError, "its contents differ");
});
