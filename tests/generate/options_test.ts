import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { checkOptions, type GenerateOptions } from "../../src/generate/options.ts";

const rejection = (options: GenerateOptions) =>
  assertThrows(() => checkOptions(options), InputError);

Deno.test("checkOptions() rejects numbers out of their range, and names the option", () => {
  for (
    const [options, fragment] of [
      [{ length: -1 }, "a whole number, 0 or above, not -1"],
      [{ length: 1.5 }, "not 1.5"],
      [{ length: Infinity }, "not Infinity"],
      [{ temperature: NaN }, "a finite number above 0, not NaN"],
      [{ temperature: Infinity }, "not Infinity"],
      [{ temperature: -1 }, "not -1"],
      [{ temperature: 0 }, 'not 0; to always take the most probable character, use "greedy"'],
      [
        { topK: 0 },
        "a whole number, 1 or above, not 0; to sample from all characters, leave it out",
      ],
      [{ topK: 2.5 }, "not 2.5"],
      [{ topP: 0 }, 'a number above 0, at most 1, not 0; to always take .*, use "greedy"'],
      [{ topP: 1.01 }, "not 1.01"],
      [{ topP: NaN }, "not NaN"],
      [{ seed: -1 }, "a whole number from 0 to 9007199254740991, not -1"],
      [{ seed: 0.5 }, "not 0.5"],
      [{ count: 0 }, "a whole number, 1 or above, not 0"],
      [{ count: 1.5 }, "not 1.5"],
      [{ beam: 0 }, "a whole number from 1 to 1024, not 0"],
      [{ beam: 1025 }, "not 1025"],
      [{ beam: 1.5 }, "not 1.5"],
    ] as readonly (readonly [GenerateOptions, string])[]
  ) {
    const { message, option } = rejection(options);
    const [name] = Object.keys(options);
    assertEquals(option, name);
    assertMatch(message, new RegExp(`^Cannot sample: "${name}" must be .*${fragment}$`));
  }
});

Deno.test("checkOptions() rejects combinations without effect, and accepts all others", () => {
  const all: Required<GenerateOptions> = {
    prompt: "a",
    length: 5,
    temperature: 0.7,
    topK: 5,
    topP: 0.9,
    greedy: true,
    seed: 3,
    stop: ".",
    count: 2,
    beam: 4,
  };
  const excluded: Record<string, readonly string[]> = {
    beam: ["temperature", "topK", "topP", "greedy", "seed", "count", "stop"],
    greedy: ["temperature", "topK", "topP", "seed", "count", "beam"],
  };
  const names = Object.keys(all) as (keyof GenerateOptions)[];
  for (const a of names) {
    for (const b of names) {
      const options = { [a]: all[a], [b]: all[b] };
      if (excluded[a]?.includes(b) || excluded[b]?.includes(a)) {
        const [first, second] = a === "beam" || (a === "greedy" && b !== "beam") ? [a, b] : [b, a];
        const { message, option } = rejection(options);
        const start = `^Cannot sample with both "${first}" and "${second}": `;
        assertMatch(message, new RegExp(`${start}[a-z ]+; leave one of them out$`));
        assertEquals(option, second);
      } else checkOptions(options);
    }
  }
});

Deno.test("checkOptions() accepts options without effect next to any other", () => {
  checkOptions({});
  checkOptions({ greedy: false, temperature: 2, seed: 1 });
  checkOptions({ greedy: true, count: 1 });
  checkOptions({ beam: 3, count: 1, greedy: false, length: 0 });
  checkOptions({ temperature: 2, topK: 3, topP: 1, seed: 0, count: 255, stop: "x", length: 1 });
});
