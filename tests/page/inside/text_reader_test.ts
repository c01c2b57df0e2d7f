/** Reading a text block by block, against the reference network. */
import { assert, assertEquals } from "@std/assert";
import { BLOCK, TextReader } from "../../../page/inside/text_reader.ts";
import { logSumExp, mostProbable } from "../../../page/inside/predictions.ts";
import { kindsOfCell } from "../../../page/inside/units.ts";
import { cells } from "../../../src/model/cells.ts";
import type { Cell } from "../../../src/model/cells.ts";
import { sizesOf } from "../../../src/model/model.ts";
import { modelOf } from "../../generate/models.ts";
import { oneHot, referenceGradients, softmax } from "../../reference/network.ts";

const TEXT = "row, row, row your boat ".repeat(14);

for (const cell of ["rnn", "gru", "lstm"] satisfies Cell[]) {
  Deno.test(`TextReader has the values of the reference network in any order of blocks: ${cell}`, () => {
    const model = modelOf(TEXT, { cell, layers: 2 }, 0.5);
    const ids = model.vocabulary.encode(TEXT);
    const sizes = sizesOf(model);
    const H = sizes.hidden;
    const vectors = oneHot(ids, sizes.inputs);
    const expected = referenceGradients(sizes, model.parameters, {
      seqLength: ids.length,
      batchSize: 1,
      inputs: vectors,
      targets: vectors,
      hiddenState: new Float64Array(2 * H),
      cellState: new Float64Array(2 * H),
    });
    using reader = new TextReader(model, ids);
    assertEquals(reader.blocks, Math.ceil(ids.length / BLOCK));
    for (const block of [2, 0, 1, 2]) {
      const read = reader.read(block);
      const rows = (array: Float64Array, columns: number) =>
        array.subarray(read.from * columns, (read.from + read.length) * columns);
      assertClose(reader.logits(read), rows(expected.logits, sizes.outputs));
      for (const layer of [0, 1]) {
        for (const kind of kindsOfCell[cell]) {
          const actual = reader.values(read, { kind, layer });
          if (kind === "hidden") assertClose(actual, rows(expected.hiddenStates[layer]!, H));
          else if (kind === "cell") assertClose(actual, rows(expected.cellStates![layer]!, H));
          else {
            const { gateNames, gates } = cells[cell];
            const g = gateNames.indexOf(kind);
            const row = (t: number) => (read.from + t) * gates * H + g * H;
            const gate = Array.from(
              { length: read.length * H },
              (_, i) => expected.gates[layer]![row(Math.floor(i / H)) + i % H]!,
            );
            assertClose(actual, gate);
          }
        }
      }
    }
  });
}

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  assertEquals(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    assert(Math.abs(actual[i]! - expected[i]!) < 1e-9, `[${i}]: ${actual[i]} for ${expected[i]}`);
  }
}

Deno.test("mostProbable() sorts the probabilities of the reference", () => {
  const logits = Float64Array.of(1, 3, 3, -2);
  const expected = softmax(logits);
  const top = mostProbable(logits, 3);
  assertEquals(top.map(({ id }) => id), [1, 2, 0]);
  for (const { id, probability } of top) assert(Math.abs(probability - expected[id]!) < 1e-15);
  assertEquals(logSumExp([1000, 1000]), 1000 + Math.log(2));
});
