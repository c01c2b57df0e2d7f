import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { LineLoader } from "../../src/text/line_batches.ts";
import { findLines, splitLines } from "../../src/text/lines.ts";

const names = Array.from({ length: 300 }, (_, i) => `name${i * 7919 % 211}`);
const text = `${names.join("\n")}\n`;

Deno.test("findLines() finds the lines that are not empty, with or without a last line break", () => {
  const texts = fc.array(fc.stringMatching(/^[a-cé🌧]{0,4}$/u), { minLength: 1 });
  fc.assert(fc.property(texts, fc.boolean(), (lines, hasEnd) => {
    const text = `\n${lines.join("\n")}${hasEnd ? "\n" : ""}x`;
    const corpus = corpusFromText(text);
    const { starts, lengths } = findLines(corpus);
    const found = [...starts].map((start, i) =>
      corpus.vocabulary.decode(corpus.read(start, lengths[i]!))
    );
    assertEquals(found, text.split("\n").filter((line) => line !== ""));
  }));
  const refused = (text: string) =>
    assertThrows(() => findLines(corpusFromText(text)), InputError).message;
  assert(refused("one").includes("no line break"));
  assert(refused("\n\n").includes("all its lines are empty"));
});

Deno.test("splitLines() holds out whole lines, and equal lines together", () => {
  const corpus = corpusFromText(text);
  const lines = findLines(corpus);
  const fractions = { valFraction: 0.2, testFraction: 0.1 };
  const { split, train } = splitLines(lines, { ...fractions, length: corpus.length });
  const read = ([start, end]: readonly [number, number]) =>
    corpus.vocabulary.decode(corpus.read(start, end - start)).replaceAll("\n", "");
  const parts = [split.train, split.validation, split.test].map((spans) => spans.map(read));
  assertEquals(parts.flat().toSorted(), names.toSorted());
  assertEquals(parts[0]!.length, train.length);
  const [training, ...heldOut] = parts.map((lines) => new Set(lines));
  for (const line of heldOut.flatMap((part) => [...part])) assert(!training!.has(line), line);
  assert(parts[1]!.length > 30 && parts[1]!.length < 90 && parts[2]!.length > 5);
  // A line stays in its part, whatever follows.
  const grown = corpusFromText(`${text}name9\nmore\n`);
  const after = splitLines(findLines(grown), { ...fractions, length: grown.length });
  assertEquals(after.split.validation.slice(0, split.validation.length), split.validation);
});

Deno.test("LineLoader reads each line once an epoch, in another order in each", () => {
  const corpus = corpusFromText(text);
  const lines = findLines(corpus);
  const train = Uint32Array.from(lines.starts.keys());
  const options = { lines, train, batchSize: 4, seqLength: 9, seed: 3 };
  const loader = new LineLoader(corpus, options);
  assertEquals([loader.batchesPerEpoch, loader.cut], [75, 0]);
  const [inputs, targets] = [new Uint32Array(36), new Uint32Array(36)];
  const epoch = () => {
    const read: string[] = [];
    for (let batch = 0; batch < 75; batch++) {
      assertEquals(loader.next(inputs, targets), true);
      for (let b = 0; b < 4; b++) {
        const column = (ids: Uint32Array) => ids.filter((_, row) => row % 4 === b);
        const line = corpus.vocabulary.decode(column(targets));
        // What is read is what is predicted, one character later, after a line break.
        assertEquals(corpus.vocabulary.decode(column(inputs)), `\n${line}`.slice(0, 9));
        read.push(line.replaceAll("\n", ""));
      }
    }
    return read;
  };
  const [first, second] = [epoch(), epoch()];
  for (const lines of [first, second]) assertEquals(lines.toSorted(), names.toSorted());
  assert(first.join() !== second.join() && first.join() !== names.join());
  // From any position, as a resumed run needs it.
  const other = new LineLoader(corpus, options);
  other.position = 75;
  const position = loader.position;
  loader.position = 75;
  assertEquals(epoch(), second);
  assertEquals([position, loader.position], [150, 150]);
});

Deno.test("LineLoader.meanLoss() counts lines and their ends, and no filling", () => {
  const corpus = corpusFromText("ab\nabcdefgh\n");
  const lines = findLines(corpus);
  const train = Uint32Array.of(0, 1);
  const options = { lines, train, batchSize: 2, seqLength: 5, seed: 1 };
  const loader = new LineLoader(corpus, options);
  assertEquals(loader.cut, 1);
  const [inputs, targets] = [new Uint32Array(10), new Uint32Array(10)];
  loader.next(inputs, targets);
  const short = targets[4] === corpus.vocabulary.idOf(0x0a) ? 0 : 1;
  const losses = Float64Array.from(
    { length: 10 },
    (_, row) => row % 2 !== short ? 1 : row < 6 ? 2 : 100,
  );
  assertEquals(loader.meanLoss(losses), (3 * 2 + 5 * 1) / 8);
});
