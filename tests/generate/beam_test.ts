import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { beamSearch } from "../../src/generate/beam.ts";
import { sample } from "../../src/generate/sampler.ts";
import type { Model } from "../../src/model/model.ts";
import { modelOf, probabilitiesAfter } from "./models.ts";

/** All texts of a length with ln of their probability after the prime, by the plain reference. */
function allTexts(model: Model, prompt: string, length: number): { text: string; score: number }[] {
  let all = [{ ids: [...model.vocabulary.encode(prompt)], text: "", score: 0 }];
  for (let n = 0; n < length; n++) {
    all = all.flatMap(({ ids, text, score }) =>
      [...probabilitiesAfter(model, ids)].map((p, id) => ({
        ids: [...ids, id],
        text: text + model.vocabulary.decode([id]),
        score: score + Math.log(p),
      }))
    );
  }
  return all;
}

Deno.test("a beam as wide as all texts finds the most probable of all", () => {
  for (const [text, length] of [["ab", 6], ["abc", 4], ["a🌧 b", 3]] as const) {
    for (const precision of ["f64", "f32", "f32-strict"] as const) {
      for (const size of [0.3, 1, 2]) {
        const model = modelOf(text, { precision }, size);
        for (const prompt of [..."ab", "aab"]) {
          const wanted = allTexts(model, prompt, length)
            .reduce((best, other) => other.score > best.score ? other : best);
          const beam = model.vocabulary.size ** length;
          const found = beamSearch(model, { prompt, length, beam });
          assertEquals(found.text, wanted.text);
          const error = Math.abs(found.logProbability - wanted.score);
          assert(error < (precision === "f64" ? 1e-12 : 1e-5), `${error}`);
        }
      }
    }
  }
});

/** The same search by its definition: all beginnings and characters, sorted, and the best kept. */
function reference(model: Model, prompt: string, length: number, beam: number): string {
  const before = [...model.vocabulary.encode(prompt)];
  let beams = [{ ids: [] as number[], score: 0 }];
  for (let n = 0; n < length; n++) {
    beams = beams
      .flatMap(({ ids, score }) =>
        [...probabilitiesAfter(model, [...before, ...ids])]
          .map((p, id) => ({ ids: [...ids, id], score: score + Math.log(p) }))
      )
      .toSorted((a, b) => b.score - a.score)
      .slice(0, beam);
  }
  return model.vocabulary.decode(beams[0]!.ids);
}

Deno.test("a narrow beam follows as many beginnings as it is wide", () => {
  let found = 0;
  const shallow = [0.2, 0.4, 0.7, 1].map((size) => modelOf("abcd", {}, size));
  const deep = (["gru", "lstm"] as const).map((cell) => modelOf("abcd", { cell, layers: 2 }));
  for (const model of [...shallow, ...deep]) {
    const greedy = sample(model, { prompt: "a", length: 8, greedy: true });
    for (const beam of [1, 2, 3, 5, 8]) {
      const { text } = beamSearch(model, { prompt: "a", length: 8, beam });
      assertEquals(text, reference(model, "a", 8, beam));
      if (beam === 1) assertEquals(text, greedy);
      if (text !== greedy) found++;
    }
  }
  assert(found > 0, "wider beams find other texts");
});

Deno.test("a wider beam finds the same text again, and the first of equal ones", () => {
  const model = modelOf("the cat sat on the mat.\n");
  const wide = beamSearch(model, { prompt: "the", length: 30, beam: 40 });
  assertEquals(beamSearch(model, { prompt: "the", length: 30, beam: 40 }), wide);
  assert(
    wide.logProbability >= beamSearch(model, { prompt: "the", length: 30, beam: 1 }).logProbability,
  );

  // Without weights every text is as probable as another.
  const even = modelOf("cab", {}, 0);
  for (const beam of [1, 2, 3, 5, 100]) {
    const { text, logProbability } = beamSearch(even, { length: 7, beam });
    assertEquals(text, "aaaaaaa");
    assert(Math.abs(logProbability + 7 * Math.log(3)) < 1e-12);
  }
  // Of two characters that are equally probable, each after each.
  even.parameters.by[0] = -9;
  assertEquals(beamSearch(even, { length: 5, beam: 20 }).text, "bbbbb");
});

Deno.test("of equally probable texts the first by its first characters is taken", () => {
  for (const precision of ["f64", "f32"] as const) {
    // After "c", "a" and "b" are equally probable, and after each the other is the more probable.
    const model = modelOf("abc", { hidden: 1, precision }, 0);
    model.parameters.Wxh.set([1, -1, 0]);
    model.parameters.Why.set([-3, 3, 0]);
    model.parameters.by.set([0, 0, -9]);
    for (const beam of [2, 3, 4, 9, 40]) {
      for (let length = 1; length < 7; length++) {
        const { text } = beamSearch(model, { prompt: "c", length, beam });
        assertEquals(text, "ababab".slice(0, length));
      }
    }
  }
});

Deno.test("the text has just the length, and follows a prime of any length", () => {
  const model = modelOf("tick tock ", { precision: "f32" });
  assertEquals(beamSearch(model, { length: 0 }), { text: "", logProbability: 0 });
  assertEquals([...beamSearch(model, { beam: 2 }).text].length, 500);
  const prompt = "tick tock ".repeat(50);
  assertEquals(
    beamSearch(model, { prompt, length: 20, beam: 1 }).text,
    sample(model, { prompt, length: 20, greedy: true }),
  );
});

Deno.test("what cannot be searched is refused", () => {
  const model = modelOf("ab");
  for (
    const [options, words] of [
      [{ beam: 0 }, '"beam" must be a whole number from 1 to 1024, not 0'],
      [{ beam: 1025 }, '"beam" must be a whole number from 1 to 1024, not 1025'],
      [{ length: -1 }, '"length" must be a whole number'],
      [{ prompt: "" }, "the prime text is empty"],
      [{ prompt: "c" }, 'character 1, "c" (U+0063), is not among'],
    ] as const
  ) assertThrows(() => beamSearch(model, options), InputError, words);
});
