import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { beamSearch } from "../../src/generate/beam.ts";
import { BurnIn } from "../../src/generate/burn_in.ts";
import { sample, sampleMany, sampleStream } from "../../src/generate/sampler.ts";
import { argmax } from "../../src/model/logits.ts";
import type { Model } from "../../src/model/model.ts";
import { Xoshiro128 } from "../../src/random.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { Vocabulary } from "../../src/text/vocabulary.ts";
import { createTrainer } from "../trainers.ts";
import { modelOf } from "./models.ts";

/** A text of records, and a model that was trained on it in a second. */
function trainedOn(record: (random: Xoshiro128) => string, steps = 900): Model {
  const random = new Xoshiro128(3);
  const text = Array.from({ length: 900 }, () => record(random)).join("");
  const config = { cell: "gru", hidden: 32, seqLength: 40, batchSize: 8, lr: 0.01 } as const;
  using trainer = createTrainer(corpusFromText(text), config);
  for (let step = 0; step < steps; step++) trainer.step();
  return trainer.model();
}

function pick(random: Xoshiro128, list: string): string {
  const words = list.split(" ");
  return words[Math.floor(random.uniform() * words.length)]!;
}

const wordModel = trainedOn((random) =>
  `${pick(random, "B D F G K L M P R S")}${pick(random, "a e i o u")}` +
  `${pick(random, "n r l")}${pick(random, "ton ville burg mere")}\n`
);
const isWord = (line: string) => /^[BDFGKLMPRS][aeiou][nrl](ton|ville|burg|mere)$/.test(line);

const noteModel = trainedOn((random) =>
  `from: ${pick(random, "Ann Tom Eve")}\nto: ${pick(random, "Ida Max Lee")}\n` +
  `text: ${pick(random, "yes no maybe")}.\n\n`
);

const shareOf = <T>(items: readonly T[], isOne: (item: T) => boolean) =>
  items.filter(isOne).length / items.length;

Deno.test("sample() without a prompt begins lines as well as it continues", () => {
  const options = { count: 250, length: 80 };
  const lines = sampleMany(wordModel, options).map((text) => text.split("\n"));
  const first = shareOf(lines.map(([line]) => line!), isWord);
  const later = shareOf(lines.flatMap((all) => all.slice(1, -1)), isWord);
  const cold = sampleMany(wordModel, { ...options, prompt: "\n" })
    .map((text) => text.split("\n")[0]!);
  assert(shareOf(cold, isWord) < 0.8 * later, `${shareOf(cold, isWord)} from a zero hidden state`);
  // Four standard deviations of a share of 250.
  assert(first > later - 4 * Math.sqrt(later * (1 - later) / 250), `${first}, later ${later}`);
});

/** Where a text begins if the model writes this one; the text from there on. */
function beginningOf(text: string): string {
  const vocabulary = Vocabulary.fromText(text);
  const burnIn = new BurnIn(vocabulary, { random: new Xoshiro128(1, 1) });
  const characters = [...text];
  for (const [i, character] of characters.entries()) {
    const logits = new Float64Array(vocabulary.size).fill(-1000);
    logits[vocabulary.idOf(character.codePointAt(0)!)!] = 0;
    if (burnIn.next(logits, argmax).beginsText) return characters.slice(i).join("");
  }
  return "";
}

Deno.test("BurnIn ends at the best boundary that the text has", () => {
  for (
    const [what, text, expected] of [
      ["lines", "Anna\n".repeat(300), /^Anna\n/],
      ["lines of Windows", "Anna\r\n".repeat(300), /^Anna\r\n/],
      ["lines of an old Macintosh", "Anna\r".repeat(300), /^Anna\r/],
      ["records", "from: A\nto: B\n\n".repeat(300), /^from: A\n/],
      ["records of Windows", "from: A\r\nto: B\r\n\r\n".repeat(300), /^from: A\r\n/],
      ["blank lines of spaces", "from: A\nto: B\n  \n".repeat(300), /^from: A\n/],
      ["several blank lines", "from: A\nto: B\n\n\n\n".repeat(300), /^from: A\n/],
      ["indented lines", "if a:\n    b\n".repeat(300), /^(if a:| {4}b)\n/],
      ["one blank line at its start", `\n${"Anna\n".repeat(200)}`, /^Anna\n/],
      ["one blank line, then none", `Ann\n\n${"Anna\n".repeat(200)}`, /^Anna\n/],
      ["sentences on one line", "He ran. She was. ".repeat(200), /^(He|She) /],
      ["quotations", "He ran.” “She was!” ".repeat(200), /^(He|“She) /],
      ["a line break that does not come", `a\n${"He ran. She was. ".repeat(300)}`, /^(He|She) /],
      ["Chinese", "春天來了。花開了！「好。」".repeat(200), /^[春花「]/],
      ["words on one line", "onetwo ".repeat(300), /^onetwo /],
      ["words with wide spaces", "onetwo   ".repeat(300), /^onetwo /],
      ["one long word", "onetwo".repeat(300), /^[a-z]/],
    ] as const
  ) {
    const beginning = beginningOf(text);
    assertMatch(beginning, expected, what);
    const length = [...text].length - [...beginning].length;
    assert(length >= 200 && length < 200 + 900, `${what}: ${length} characters`);
  }
  assertEquals([...beginningOf("\n".repeat(3000))].length, 3000 - 1700, "the longest burn-in");
});

Deno.test("sample() without a prompt never begins with a line break if it can avoid it", () => {
  for (const model of [wordModel, noteModel, modelOf("the cat sat on the mat.\n")]) {
    for (const text of sampleMany(model, { count: 50, length: 1, temperature: 2 })) {
      assertNotEquals(text, "\n");
    }
  }
});

Deno.test("sample() without a prompt is the same in every way of calling it", async () => {
  for (const model of [wordModel, noteModel]) {
    const options = { length: 50, seed: 8, temperature: 0.8, stop: "e\n" };
    const all = sampleMany(model, { ...options, count: 30 });
    assert(new Set(all).size > 15);
    for (const count of [1, 2, 7, 29]) {
      assertEquals(sampleMany(model, { ...options, count }), all.slice(0, count));
    }
    assertEquals(sample(model, options), all[0]);
    assertEquals((await Array.fromAsync(sampleStream(model, options))).join(""), all[0]);
    assertNotEquals(sample(model, { ...options, seed: 9 }), all[0]);
    // A shorter text is the beginning of a longer one.
    assertEquals(sample(model, { seed: 8, length: 9 }), sample(model, { seed: 8 }).slice(0, 9));
  }
});

Deno.test("sample() with stop ignores an occurrence in the burn-in", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const text = sample(wordModel, { seed, length: 200 });
    const stopped = sample(wordModel, { seed, length: 200, stop: "\n" });
    assertEquals(stopped, text.slice(0, text.indexOf("\n") + 1));
    assert(stopped.length > 1, JSON.stringify(stopped));
  }
});

Deno.test("sample() with greedy and beamSearch() of width 1 agree without a prompt", () => {
  for (const model of [wordModel, noteModel]) {
    const greedy = sample(model, { greedy: true, length: 30 });
    assertEquals(beamSearch(model, { beam: 1, length: 30 }).text, greedy);
    assertEquals(sample(model, { topK: 1, length: 30, seed: 4 }).length, 30);
  }
  assert(isWord(sample(wordModel, { greedy: true, stop: "\n" }).trimEnd()));
  const { text, logProbability } = beamSearch(wordModel, { beam: 20, length: 6 });
  assert(/^[BDFGKLMPRS][aeiou][nrl]/.test(text), text);
  assert(logProbability < 0 && logProbability > -9, `${logProbability}`);
});

Deno.test("sample() without a prompt works with any vocabulary", () => {
  for (
    const text of ["a", "\n", " ", "\r", "ab", "\u0301", "👩", "。", "a\r\nb", "\n ", ".\t", "\0"]
  ) {
    const model = modelOf(text.repeat(9));
    const all = sampleMany(model, { count: 3, length: 7 });
    assert(all.every((text) => [...text].length === 7), JSON.stringify(all));
    assertEquals(sample(model, { length: 7 }), all[0]);
    assertEquals([...sample(model, { length: 7, greedy: true })].length, 7);
    assertEquals([...beamSearch(model, { length: 7, beam: 3 }).text].length, 7);
  }
});

Deno.test("sampleStream() yields to the event loop in the burn-in", async () => {
  // Nothing but line breaks: the longest burn-in.
  const model = modelOf("\n", { hidden: 500 });
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  for await (const _ of sampleStream(model, { length: 1 }));
  clearInterval(timer);
  assert(turns > 1, `${turns} turns`);
});
