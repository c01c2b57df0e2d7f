import { assertEquals } from "@std/assert";
import {
  fastestVariants,
  measurePrograms,
  type PreparedProgram,
  type ProgramResult,
} from "../../../bench/comparisons/measure.ts";
import { resolveConfig } from "../../../src/model/resolve_config.ts";

const result = (name: string, variant: string, ...speeds: number[]): ProgramResult => ({
  ...{ name, variant, isUnroll: false, version: "1", speeds },
  warmup: { chars: 10, seconds: 1, loss: 1 },
});

Deno.test("fastestVariants() keeps the variant with the highest median speed", () => {
  const [a1, a2] = [result("a", "1", 10, 11, 99), result("a", "2", 20, 21, 22)];
  const b = result("b", "1", 5);
  assertEquals(fastestVariants([a1, b, a2]), [a2, b]);
});

const config = resolveConfig({ hidden: 8, seqLength: 5, batchSize: 2 });
const task = {
  path: "task.json",
  task: {
    ...{ text: "text", ids: "ids", weights: "weights", parameters: [], vocabulary: 2, config },
    ...{ streams: { starts: [], length: 0 }, validation: [], run: {} },
  },
};

/** A program that trains 10 characters a round and reports a time for it. */
const fakeProgram = (name: string, seconds: number): PreparedProgram => {
  const round = JSON.stringify({ chars: 10, seconds, loss: 1 });
  const code = `console.log('{"ready": "1"}');` +
    `for await (const _ of Deno.stdin.readable) console.log('${round}');`;
  return {
    name,
    isUnroll: false,
    commandOf: () => ({ command: Deno.execPath(), args: ["eval", code] }),
  };
};

Deno.test({
  name: "measurePrograms() times slow programs once, and reports those that fail to start " +
    "(needs --allow-run)",
  ignore: Deno.permissions.querySync({ name: "run" }).state !== "granted",
  async fn() {
    const missing: PreparedProgram = {
      ...fakeProgram("missing", 1),
      commandOf: () => ({ command: Deno.execPath(), args: ["eval", "throw 'not installed'"] }),
    };
    const failures: string[] = [];
    const results = await measurePrograms(
      [fakeProgram("fast", 1), missing, fakeProgram("slow", 5)],
      {
        task,
        rounds: 2,
        seconds: 1,
        onFailure: ({ name }, reason) => failures.push(`${name}: ${reason}`),
      },
    );
    assertEquals(results.map(({ name, speeds }) => ({ name, speeds })), [
      { name: "fast", speeds: [10, 10] },
      { name: "slow", speeds: [2] },
    ]);
    assertEquals(failures.map((line) => line.split(":")[0]), ["missing"]);
  },
});
