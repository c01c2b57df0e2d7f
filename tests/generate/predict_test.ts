import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { score } from "../../src/evaluate/score.ts";
import { predictNext } from "../../src/generate/predict.ts";
import type { SamplingFilters } from "../../src/generate/sampling.ts";
import { sampleMany } from "../../src/generate/sampler.ts";
import { modelOf } from "./models.ts";

const model = modelOf("abcdefg", { hidden: 9, precision: "f64" }, 0.9);

/** The probability of each character that may follow. */
function distribution(...args: Parameters<typeof predictNext>): Map<string, number> {
  return new Map(
    predictNext(...args).map(({ character, probability }) => [character, probability]),
  );
}

Deno.test("predictNext() gives the probabilities that score() measures", () => {
  for (const prompt of ["a", "bad", "gabfedc".repeat(30)]) {
    const next = distribution(model, prompt);
    assertEquals(next.size, 7);
    assertAlmostEquals([...next.values()].reduce((sum, p) => sum + p, 0), 1, 1e-12);
    for (const [character, probability] of next) {
      const { nats } = score(model, prompt + character).characters.at(-1)!;
      assertAlmostEquals(probability, Math.exp(-nats), 1e-12);
    }
    const probabilities = [...next.values()];
    assertEquals(probabilities, probabilities.toSorted((a, b) => b - a));
  }
});

Deno.test("predictNext() gives the distribution that sampleMany() draws from", () => {
  const filters = { temperature: 0.8, topK: 4, topP: 0.95 };
  const next = distribution(model, "cab", filters);
  assert(next.size <= 4);
  const counts = new Map<string, number>();
  const texts = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((seed) =>
    sampleMany(model, { ...filters, prompt: "cab", length: 1, count: 255, seed })
  );
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  for (const character of counts.keys()) assert(next.has(character), character);
  for (const [character, p] of next) {
    const share = (counts.get(character) ?? 0) / texts.length;
    // Five standard deviations.
    assert(
      Math.abs(share - p) < 5 * Math.sqrt(p * (1 - p) / texts.length),
      `${character} ${share}`,
    );
  }
});

Deno.test("predictNext() rejects prompts and filters that are wrong, and names them", () => {
  for (
    const [prompt, filters, option] of [
      ["", {}, "prompt"],
      ["x", {}, "prompt"],
      ["a", { topK: 0 }, "topK"],
      ["a", { temprature: 1 }, "temprature"],
    ] as const
  ) {
    const error = assertThrows(
      () => predictNext(model, prompt, filters as SamplingFilters),
      InputError,
    );
    assertEquals(error.option, option);
  }
});

Deno.test("predictNext() predicts how a line begins, for a model of lines", () => {
  const ofLines = modelOf("ab\ncd\n", { holdout: "lines" });
  const beginnings = distribution(ofLines, "");
  const texts = sampleMany(ofLines, { length: 1, count: 100 });
  for (const text of texts) assert(beginnings.has(text));
  // Of a model without lines, it is what follows one line break.
  const { config: { holdout: _, ...config }, ...others } = ofLines;
  const other = { ...others, config: { ...config, holdout: "end" as const } };
  assertEquals(beginnings, distribution(other, "\n"));
});
