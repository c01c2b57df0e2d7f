/** Looking into a model and a text, against what the library computes. */
import { assert, assertEquals } from "@std/assert";
import { Connectivity } from "../../../page/inside/connectivity.ts";
import { features } from "../../../page/inside/features.ts";
import { Inspection } from "../../../page/inside/inspection.ts";
import { LEAD } from "../../../page/inside/text_parts.ts";
import { corpusFromText, score, toKnown, train, type UnknownPolicy } from "../../../src/mod.ts";
import type { Model } from "../../../src/engine/mod.ts";
import { modelOf } from "../../generate/models.ts";

const KNOWN = 'He said "row, row" and left. "Now," she said. ';
/** Several blocks, with characters in between that the model does not know. */
const TEXT = KNOWN.repeat(12) + "§§" + KNOWN.repeat(3);

const model = modelOf(KNOWN, { cell: "lstm", layers: 2, hidden: 5 }, 0.7);

function inspect(model: Model, text: string, unknown: UnknownPolicy = "skip"): Inspection {
  return new Inspection(model, { text, unknown });
}

async function lossesOf(inspection: Inspection): Promise<number[]> {
  const all: number[] = [];
  for await (const { from, nats } of inspection.losses()) {
    assertEquals(from, all.length);
    all.push(...nats);
  }
  return all;
}

Deno.test("Inspection has the losses of score(), and none of unknown characters", async () => {
  const losses = await lossesOf(inspect(model, TEXT));
  assertEquals(losses.length, TEXT.length);
  assert(Number.isNaN(losses[0]));
  const unknown = TEXT.indexOf("§");
  assert(Number.isNaN(losses[unknown]) && Number.isNaN(losses[unknown + 1]));
  const known = losses.filter((loss) => !Number.isNaN(loss));
  const expected = score(model, TEXT.replaceAll("§", "")).characters;
  assertEquals(known.length, expected.length);
  // The losses are posted in single precision.
  expected.forEach(({ nats }, i) => assert(Math.abs(known[i]! - nats) < 1e-5 * Math.max(1, nats)));
});

Deno.test("Inspection has the losses of score() with what replaces unknown characters", async () => {
  const text = "Hé said: §Row" + KNOWN;
  const inspection = inspect(model, text, "replace");
  const losses = await lossesOf(inspection);
  const known = toKnown(text, { vocabulary: model.vocabulary, unknown: "replace" }).text;
  assertEquals(known, "He said   row" + KNOWN);
  const expected = score(model, known).characters;
  assertEquals(losses.length, expected.length + 1);
  expected.forEach(({ nats }, i) => assert(Math.abs(losses[i + 1]! - nats) < 1e-4));
  assertEquals((await inspection.character(1)).readAs, "e");
});

Deno.test("Inspection looks at a character before and after the losses were computed", async () => {
  const position = TEXT.length - 3;
  const fresh = await inspect(model, TEXT).character(position);
  const read = inspect(model, TEXT);
  const losses = await lossesOf(read);
  const detail = await read.character(position);
  assertEquals(fresh, detail);
  assert(Math.abs(detail.nats! - losses[position]!) < 1e-5);

  const { characters } = score(model, TEXT.replaceAll("§", ""), { top: 5 });
  const expected = characters.at(position - TEXT.length)!;
  assertEquals(detail.top.map(({ character }) => character), expected.top.map((t) => t.character));

  const ids = model.vocabulary.encode(TEXT.replaceAll("§", "")).subarray(0, position - 2);
  using connectivity = new Connectivity(model, ids.length);
  const [target] = model.vocabulary.encode(TEXT[position]!);
  const all = connectivity.compute({ ids, target: target! });
  assertEquals(detail.from + detail.connectivity.length, position);
  assert(detail.connectivity.length >= 256);
  const shown = [...detail.connectivity].filter((_, i) => TEXT[detail.from + i] !== "§");
  shown.toReversed().forEach((norm, i) => {
    const exact = all[all.length - 1 - i]!;
    assert(Math.abs(norm - exact) <= 1e-6 * exact + 1e-30, `${i}: ${norm} for ${exact}`);
  });
  const unknown = TEXT.indexOf("§") - detail.from;
  assertEquals([...detail.connectivity.slice(unknown, unknown + 2)], [0, 0]);
});

Deno.test("Inspection has nothing to say about the first and unknown characters", async () => {
  const inspection = inspect(model, "§He");
  assertEquals((await inspection.character(0)).readAs, null);
  const first = await inspection.character(1);
  assertEquals([first.readAs, first.nats, first.connectivity.length], ["H", null, 0]);
  assertEquals((await inspection.character(2)).connectivity.length, 1);
  for (const text of ["", "§", "H"]) {
    const empty = inspect(model, text);
    assertEquals((await lossesOf(empty)).filter((loss) => !Number.isNaN(loss)), []);
    assertEquals((await empty.rank("vowel")).units.every((unit) => unit.correlation === 0), true);
  }
});

Deno.test("Inspection returns the values of a unit in any part of the text", async () => {
  const unit = { kind: "f", layer: 1, index: 3 } as const;
  const whole = await inspect(model, TEXT).activations(unit, { from: 0, to: TEXT.length });
  const part = await inspect(model, TEXT).activations(unit, { from: 530, to: 600 });
  assertEquals(part, whole.slice(530, 600));
  const isUnknown = [...TEXT].map((character) => character === "§");
  assertEquals([...whole].map(Number.isNaN), isUnknown);
});

Deno.test("Inspection ranks by a selection against its surroundings", async () => {
  const inspection = inspect(model, TEXT);
  const byQuotes = await inspection.rank("quotes");
  assertEquals(byQuotes.units.length, 8);
  const [best] = byQuotes.units;
  const span = { from: 0, to: TEXT.length };
  const values = await inspection.activations(best!.unit, span);
  const feature = features.quotes.compute([...TEXT]);
  const rows = [...TEXT].map((c, i) => [values[i]!, feature[i]!, c] as const)
    .filter(([, , c]) => c !== "§");
  const mean = (k: 0 | 1) => rows.reduce((sum, row) => sum + row[k], 0) / rows.length;
  const [a, f] = [mean(0), mean(1)];
  const sum = (term: (row: typeof rows[number]) => number) =>
    rows.reduce((total, row) => total + term(row), 0);
  const r = sum(([x, y]) => (x - a) * (y - f)) /
    Math.sqrt(sum(([x]) => (x - a) ** 2) * sum(([, y]) => (y - f) ** 2));
  assert(Math.abs(r - best!.correlation) < 1e-5);

  const selected = await inspection.rank({ from: 300, to: 310 });
  assert(Math.abs(selected.units[0]!.correlation) > 0);
  assert(selected.chance > 0 && selected.chance <= 1);
});

/** Lines, one of several blocks, and an empty one. */
const LINES = ["row, row", "he said: now", "", KNOWN.repeat(4), "and left", "said he"];

Deno.test("Inspection reads each line of a model of lines from a zero state, as score() does", async () => {
  const ofLines = modelOf(
    `${LINES.join("\n")}\n`,
    { cell: "gru", layers: 2, holdout: "lines" },
    0.7,
  );
  const text = LINES.join("\n");
  const losses = await lossesOf(inspect(ofLines, text));
  score(ofLines, text).characters.forEach(({ nats }, i) => {
    assert(Math.abs(losses[i + 1]! - nats) < 1e-5 * Math.max(1, nats), `${i + 1}`);
  });

  // What is seen of a line, in any order, is what is seen of it alone.
  const inspection = inspect(ofLines, text);
  const unit = { kind: "z", layer: 1, index: 2 } as const;
  for (const line of [4, 1, 3, 5]) {
    const from = LINES.slice(0, line).join("\n").length;
    const to = from + 1 + LINES[line]!.length;
    const alone = inspect(ofLines, text.slice(from, to));
    assertEquals(
      await inspection.activations(unit, { from, to }),
      await alone.activations(unit, { from: 0, to: to - from }),
    );
    for (const position of [1, 5, to - from - 1]) {
      const detail = await inspection.character(from + position);
      const expected = await alone.character(position);
      const there = { position: expected.position + from, from: expected.from + from };
      assertEquals(detail, { ...expected, ...there });
    }
  }
  const selected = { from: text.length - 3, to: text.length };
  const ranked = await inspect(ofLines, text).rank(selected);
  assertEquals(
    ranked,
    await inspect(ofLines, text.slice(LINES[0]!.length)).rank(
      { from: selected.from - LINES[0]!.length, to: selected.to - LINES[0]!.length },
    ),
  );
});

Deno.test("Inspection has nearly the same losses after the lead of a part as after all", async () => {
  // Words in an order that never repeats.
  const words = ["she", "sells", "sea", "shells", "by", "the", "shore,", "so", "says", "he.\n"];
  const text = Array.from({ length: 2000 }, (_, i) => words[i * i * 7 % 101 % 10]).join(" ");
  const { best } = await train(corpusFromText(text), {
    config: { cell: "lstm", hidden: 32, seqLength: 32, batchSize: 4 },
    steps: 400,
    threads: 1,
  });
  const after = LEAD + 3000;
  const whole = await lossesOf(inspect(best, text));
  const part = await lossesOf(inspect(best, text.slice(after - LEAD)));
  const differences = whole.slice(after).map((nats, i) => Math.abs(nats - part[i + LEAD]!));
  assert(differences.length > 3000);
  assert(Math.max(...differences) < 1e-3, `${Math.max(...differences)}`);
});
