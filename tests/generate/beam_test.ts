import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { beamSearch } from "../../src/generate/beam.ts";
import { sample } from "../../src/generate/sampler.ts";
import type { Model } from "../../src/model/model.ts";
import { modelOf, probabilitiesAfter } from "./models.ts";

/** All texts of a length with ln of their probability, by the reference network. */
function allTexts(
  model: Model,
  prompt: string,
  length: number,
): { text: string; logProbability: number }[] {
  let all = [{ ids: [...model.vocabulary.encode(prompt)], text: "", logProbability: 0 }];
  for (let n = 0; n < length; n++) {
    all = all.flatMap(({ ids, text, logProbability }) =>
      [...probabilitiesAfter(model, ids)].map((p, id) => ({
        ids: [...ids, id],
        text: text + model.vocabulary.decode([id]),
        logProbability: logProbability + Math.log(p),
      }))
    );
  }
  return all;
}

Deno.test("beamSearch() with a beam as wide as there are texts finds the most probable one", () => {
  for (const [text, length] of [["ab", 6], ["abc", 4], ["a🌧 b", 3]] as const) {
    for (const precision of ["f64", "f32", "f32-strict"] as const) {
      for (const deviation of [0.3, 1, 2]) {
        const model = modelOf(text, { precision }, deviation);
        for (const prompt of [..."ab", "aab"]) {
          const expected = allTexts(model, prompt, length)
            .reduce((best, other) => other.logProbability > best.logProbability ? other : best);
          const beam = model.vocabulary.size ** length;
          const found = beamSearch(model, { prompt, length, beam });
          assertEquals(found.text, expected.text);
          const error = Math.abs(found.logProbability - expected.logProbability);
          assert(error < (precision === "f64" ? 1e-12 : 1e-5), `${error}`);
        }
      }
    }
  }
});

/** Beam search by definition: extend all hypotheses, sort, keep the best. */
function referenceBeamSearch(model: Model, prompt: string, length: number, beam: number): string {
  const before = [...model.vocabulary.encode(prompt)];
  let beams = [{ ids: [] as number[], logProbability: 0 }];
  for (let n = 0; n < length; n++) {
    beams = beams
      .flatMap(({ ids, logProbability }) =>
        [...probabilitiesAfter(model, [...before, ...ids])]
          .map((p, id) => ({ ids: [...ids, id], logProbability: logProbability + Math.log(p) }))
      )
      .toSorted((a, b) => b.logProbability - a.logProbability)
      .slice(0, beam);
  }
  return model.vocabulary.decode(beams[0]!.ids);
}

Deno.test("beamSearch() keeps as many hypotheses as the beam is wide", () => {
  let different = 0;
  const shallow = [0.2, 0.4, 0.7, 1].map((deviation) => modelOf("abcd", {}, deviation));
  const deep = (["gru", "lstm"] as const).map((cell) => modelOf("abcd", { cell, layers: 2 }));
  for (const model of [...shallow, ...deep]) {
    const greedy = sample(model, { prompt: "a", length: 8, greedy: true });
    for (const beam of [1, 2, 3, 5, 8]) {
      const { text } = beamSearch(model, { prompt: "a", length: 8, beam });
      assertEquals(text, referenceBeamSearch(model, "a", 8, beam));
      if (beam === 1) assertEquals(text, greedy);
      if (text !== greedy) different++;
    }
  }
  assert(different > 0, "wide beams find texts other than greedy decoding");
});

Deno.test("beamSearch() is deterministic, and finds nothing less probable with a wide beam", () => {
  const model = modelOf("the cat sat on the mat.\n");
  const wide = beamSearch(model, { prompt: "the", length: 30, beam: 40 });
  assertEquals(beamSearch(model, { prompt: "the", length: 30, beam: 40 }), wide);
  assert(
    wide.logProbability >= beamSearch(model, { prompt: "the", length: 30, beam: 1 }).logProbability,
  );
});

Deno.test("beamSearch() returns the first of equally probable texts", () => {
  // Without weights all texts are equally probable.
  const even = modelOf("cab", {}, 0);
  for (const beam of [1, 2, 3, 5, 100]) {
    const { text, logProbability } = beamSearch(even, { length: 7, beam });
    assertEquals(text, "aaaaaaa");
    assert(Math.abs(logProbability + 7 * Math.log(3)) < 1e-12);
  }
  // "a" is improbable; "b" and "c" are equally probable.
  even.parameters.by[0] = -9;
  assertEquals(beamSearch(even, { length: 5, beam: 20 }).text, "bbbbb");
});

Deno.test("beamSearch() orders equally probable texts by their first difference", () => {
  for (const precision of ["f64", "f32"] as const) {
    // After "c", "a" and "b" are equally probable; after each of them the other one is likely.
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

Deno.test("beamSearch() returns `length` characters after a prompt of any length", () => {
  const model = modelOf("tick tock ", { precision: "f32" });
  assertEquals(beamSearch(model, { length: 0 }), { text: "", logProbability: 0 });
  assertEquals([...beamSearch(model, { beam: 2 }).text].length, 500);
  const prompt = "tick tock ".repeat(50);
  assertEquals(
    beamSearch(model, { prompt, length: 20, beam: 1 }).text,
    sample(model, { prompt, length: 20, greedy: true }),
  );
});

Deno.test("beamSearch() rejects wrong options, and names them", () => {
  const model = modelOf("ab");
  for (
    const [options, option, fragment] of [
      [{ beam: 0 }, "beam", "not 0"],
      [{ length: -1 }, "length", "not -1"],
      [{ prompt: "" }, "prompt", "it is empty"],
      [{ prompt: "c" }, "prompt", 'character 1, "c" (U+0063), is not among'],
    ] as const
  ) {
    const error = assertThrows(() => beamSearch(model, options), InputError, fragment);
    assertEquals(error.option, option);
  }
});
