import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { checkOptions } from "../../src/generate/options.ts";

type Given = Parameters<typeof checkOptions>[0];

const refusal = (given: Given) => assertThrows(() => checkOptions(given), InputError).message;

Deno.test("numbers out of their range are refused, with what would be right", () => {
  for (
    const [given, line] of [
      [{ length: -1 }, '"length" must be a whole number, 0 or above, not -1'],
      [{ length: Infinity }, '"length" must be a whole number, 0 or above, not Infinity'],
      [{ temperature: NaN }, '"temperature" must be a finite number above 0, not NaN'],
      [
        { temperature: 0 },
        '"temperature" must be a finite number above 0, not 0; ' +
        "for the most probable characters, use greedy",
      ],
      [
        { topK: 0 },
        '"top-k" must be a whole number, 1 or above, not 0; ' +
        "to draw from all characters, leave it out",
      ],
      [{ topK: 2.5 }, '"top-k" must be a whole number, 1 or above, not 2.5'],
      [
        { topP: 0 },
        '"top-p" must be a number above 0, at most 1, not 0; ' +
        "for the most probable characters, use greedy",
      ],
      [{ topP: 1.01 }, '"top-p" must be a number above 0, at most 1, not 1.01'],
      [{ topP: NaN }, '"top-p" must be a number above 0, at most 1, not NaN'],
      [{ count: 0 }, '"count" must be a whole number from 1 to 255, not 0'],
      [{ count: 256 }, '"count" must be a whole number from 1 to 255, not 256'],
      [{ beam: 0 }, '"beam" must be a whole number from 1 to 1024, not 0'],
      [{ beam: 1.5 }, '"beam" must be a whole number from 1 to 1024, not 1.5'],
    ] as readonly (readonly [Given, string])[]
  ) assertEquals(refusal(given), `Cannot sample: ${line}`);
});

Deno.test("options that exclude each other are refused, and others are not", () => {
  const all: Required<Given> = {
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
  const names = { topK: "top-k", topP: "top-p" } as Partial<Record<string, string>>;
  const excluded: Record<string, readonly string[]> = {
    beam: ["temperature", "topK", "topP", "greedy", "seed", "count", "stop"],
    greedy: ["temperature", "topK", "topP", "seed", "count", "beam"],
  };
  const keys = Object.keys(all) as (keyof Given)[];
  for (const a of keys) {
    for (const b of keys) {
      const given = { [a]: all[a], [b]: all[b] };
      if (excluded[a]?.includes(b) || excluded[b]?.includes(a)) {
        const [first, second] = a === "beam" || (a === "greedy" && b !== "beam") ? [a, b] : [b, a];
        assertMatch(
          refusal(given),
          new RegExp(
            `^Cannot sample with both "${first}" and "${names[second] ?? second}": ` +
              "[a-z :]+; leave one of them out$",
          ),
        );
      } else checkOptions(given);
    }
  }
});

Deno.test("what holds anyway excludes nothing", () => {
  checkOptions({});
  checkOptions({ greedy: false, temperature: 2, seed: 1 });
  checkOptions({ greedy: true, count: 1 });
  checkOptions({ beam: 3, count: 1, greedy: false, length: 0 });
  checkOptions({ temperature: 2, topK: 3, topP: 1, seed: 0, count: 255, stop: "x", length: 1 });
});
