/** Spans are cut into pieces that are read side by side, with the loss of one reading. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Evaluator } from "../../src/evaluate/evaluator.ts";
import { countSums, EVAL_SEQ_LENGTH, type Piece, piecesOf } from "../../src/evaluate/pieces.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import type { Span } from "../../src/text/split.ts";
import { createTrainer } from "../trainers.ts";

Deno.test("piecesOf() predicts each character of a span once, with context before", () => {
  const length = fc.oneof(fc.integer({ min: 2, max: 50_000 }), fc.integer({ min: 2, max: 1e9 }));
  fc.assert(fc.property(fc.nat(1000), length, (start, length) => {
    const pieces = [...piecesOf([[start, start + length]])];
    assert(pieces.length <= 64);
    assertEquals(pieces[0]!.start, start);
    let from = start;
    for (const piece of pieces) {
      assertEquals(piece.from, from);
      assert(piece.start === start || piece.from - piece.start === 512);
      // A step of a measurement is either counted as a whole or not at all.
      assertEquals((piece.from - piece.start) % EVAL_SEQ_LENGTH, 0);
      if (pieces.length > 1) assert(piece.end - piece.from <= length);
      from = piece.end - 1;
    }
    assertEquals(from, start + length - 1);
  }));
});

Deno.test("piecesOf() reads a span of fewer than 16,384 predictions as a whole", () => {
  assertEquals([...piecesOf([[5, 5 + 16_384], [20_000, 20_002]])], [
    { start: 5, from: 5, end: 16_389 },
    { start: 20_000, from: 20_000, end: 20_002 },
  ]);
  assertEquals([...piecesOf([[0, 16_385]])].length, 2);
});

const text = Array.from({ length: 5000 }, (_, i) => `${(i * i) % 97} rains, ${i % 31} dry. `).join(
  "",
);
const corpus = corpusFromText(text);

for (const precision of ["f32", "f64"] as const) {
  Deno.test(`Evaluator.measure() has the same bits for pieces together and alone, ${precision}`, () => {
    for (const cell of ["rnn", "lstm", "gru"] as const) {
      using trainer = createTrainer(corpus, {
        cell,
        precision,
        hidden: 20,
        seqLength: 20,
        batchSize: 4,
      });
      for (let step = 0; step < 20; step++) trainer.step();
      const model = trainer.model();
      const { parameters } = model;
      // Eleven pieces: of a long span, of short ones, and of single predictions.
      const spans: Span[] = [[0, 40_000], [40_000, 40_002], [41_000, 41_130], [42_000, 42_257]]
        .concat(Array.from({ length: 4 }, (_, i) => [43_000 + 100 * i, 43_090 + 99 * i]))
        .map(([start, end]) => [start!, end!]);
      const pieces = [...piecesOf(spans)];
      assert(pieces.length > 8 && pieces.length % 8 !== 0);
      const sumsOf = (pieces: readonly Piece[]) => {
        using evaluator = new Evaluator(model, { threads: 1 });
        return [...evaluator.measure(corpus, { parameters, pieces })].flatMap(({ sums }) => sums);
      };
      const together = sumsOf(pieces);
      assertEquals(together.length, pieces.reduce((sum, piece) => sum + countSums(piece), 0));
      assertEquals(together, pieces.flatMap((piece) => sumsOf([piece])));
    }
  });
}

Deno.test("Evaluator.loss() of a long span is that of reading it from its start", () => {
  const config = { cell: "lstm", hidden: 24, seqLength: 20, batchSize: 16, lr: 0.01 } as const;
  using trainer = createTrainer(corpus, config);
  for (let step = 0; step < 150; step++) trainer.step();
  const model = trainer.model();
  const { parameters } = model;
  using evaluator = new Evaluator(model, { threads: 1 });
  const { length } = corpus;
  const loss = evaluator.loss(corpus, { parameters, spans: [[0, length]] });
  let nats = 0;
  const whole = [{ start: 0, from: 0, end: length }];
  for (const { sums } of evaluator.measure(corpus, { parameters, pieces: whole })) {
    nats = sums.reduce((sum, each) => sum + each, nats);
  }
  assert(Math.abs(loss / (nats / (length - 1)) - 1) < 1e-6, `${loss} ${nats / (length - 1)}`);
});
