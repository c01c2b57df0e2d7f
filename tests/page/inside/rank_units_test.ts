/** Ranking units, against correlations in two passes. */
import { assert, assertEquals } from "@std/assert";
import { Correlations } from "../../../page/inside/correlation.ts";
import { features } from "../../../page/inside/features.ts";
import { type RankOptions, rankUnits, SHIFTS } from "../../../page/inside/rank_units.ts";
import { TextReader } from "../../../page/inside/text_reader.ts";
import { kindsOfCell } from "../../../page/inside/units.ts";
import { Xoshiro128 } from "../../../src/random.ts";
import { modelOf } from "../../generate/models.ts";

/** Pearson's correlation by its definition, in two passes. */
function pearson(x: ArrayLike<number>, y: ArrayLike<number>): number {
  const mean = (a: ArrayLike<number>) => Array.from(a).reduce((s, v) => s + v, 0) / a.length;
  const [mx, my] = [mean(x), mean(y)];
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    xy += (x[i]! - mx) * (y[i]! - my);
    xx += (x[i]! - mx) ** 2;
    yy += (y[i]! - my) ** 2;
  }
  return xx === 0 || yy === 0 ? 0 : xy / Math.sqrt(xx * yy);
}

function complete(options: RankOptions) {
  const steps = rankUnits(options);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

Deno.test("Correlations agree with two passes, also of values far from 0", () => {
  const random = new Xoshiro128(3);
  const [rows, units] = [500, 4];
  const feature = Float64Array.from({ length: rows }, () => random.uniform() < 0.3 ? 1 : 0);
  // Unit 0 is noise, 1 follows the feature, 2 opposes it by a millionth of its value, 3 is constant.
  const activations = Float64Array.from({ length: rows * units }, (_, i) => {
    const f = feature[Math.floor(i / units)]!;
    return [
      random.normal(),
      f + random.normal(),
      1 - 1e-5 * (f + random.normal()),
      0.7,
    ][i % units]!;
  });
  const correlations = new Correlations(units, [feature, feature.map(() => 1)]);
  for (let row = 0; row < rows; row += 60) {
    correlations.add(activations.subarray(row * units, (row + 60) * units));
  }
  const actual = correlations.with(0);
  for (let u = 0; u < units; u++) {
    const column = feature.map((_, row) => activations[row * units + u]!);
    assert(Math.abs(actual[u]! - (u === 3 ? 0 : pearson(column, feature))) < 1e-8, `unit ${u}`);
  }
  assertEquals([...correlations.with(1)], [0, 0, 0, 0], "a constant feature");
});

Deno.test("rankUnits() finds the units with the largest correlations, and what chance reaches", () => {
  const text = 'He said "row, row" and left. "Now," she said. '.repeat(8);
  const model = modelOf(text, { cell: "lstm", layers: 2, hidden: 5 }, 0.8);
  const ids = model.vocabulary.encode(text);
  using reader = new TextReader(model, ids);
  const groups = [0, 1].flatMap((layer) => kindsOfCell.lstm.map((kind) => ({ kind, layer })));
  const all = features.quotes.compute([...text]);
  for (const [from, to] of [[0, ids.length], [100, 333]] as const) {
    const feature = all.slice(from, to);
    const expected: { name: string; r: number; chance: number }[] = [];
    for (const { kind, layer } of groups) {
      const values: number[] = [];
      for (let block = 0; block < reader.blocks; block++) {
        values.push(...reader.values(reader.read(block), { kind, layer }));
      }
      for (let index = 0; index < 5; index++) {
        const column = Array.from(feature, (_, i) => values[(from + i) * 5 + index]!);
        const chances = Array.from({ length: SHIFTS }, (_, i) => {
          const by = Math.round(feature.length * (i + 1) / (SHIFTS + 1));
          const shifted = feature.map((_, row) => feature[(row + by) % feature.length]!);
          return Math.abs(pearson(column, shifted));
        });
        const chance = Math.max(...chances);
        expected.push({ name: `${kind} ${layer} ${index}`, r: pearson(column, feature), chance });
      }
    }
    const actual = complete({ reader, feature, from, groups, count: 60 });
    assertEquals(actual.units.length, 60);
    for (const { unit: { kind, layer, index }, correlation } of actual.units) {
      const { r } = expected.find(({ name }) => name === `${kind} ${layer} ${index}`)!;
      assert(Math.abs(correlation - r) < 1e-9, `${kind} ${layer} ${index}: ${correlation}, ${r}`);
    }
    const sizes = actual.units.map(({ correlation }) => Math.abs(correlation));
    assertEquals(sizes, sizes.toSorted((a, b) => b - a));
    const chance = Math.max(...expected.map(({ chance }) => chance));
    assert(Math.abs(actual.chance - chance) < 1e-9);
  }
});
