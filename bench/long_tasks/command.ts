import { fileURLToPath } from "node:url";
import type { Command } from "../../src/cli/args.ts";
import { printMessage, printResult } from "../../src/cli/output.ts";
import { LONG_TASK_MS } from "./main_thread.ts";
import { uses } from "./uses.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** `deno task bench-long-tasks`: how long the page's main thread computes without a pause. */
export const longTasksCommand: Command = {
  name: "bench-long-tasks",
  summary: "Measure the longest tasks of the page's main thread, in Chromium",
  operands: [],
  options: [],
  notes: [
    "Uses the page in the ways that give its main thread most to do, and reads a trace of each. " +
    "Longest is the time that a task computed; long tasks are those that took " +
    `${LONG_TASK_MS} ms or more by the clock, with what other programs and threads did.`,
  ],
  async run() {
    Deno.chdir(root);
    printResult(`${"".padEnd(36)}${"tasks".padStart(8)}${"longest".padStart(10)}  long tasks`);
    for (const { name, measure } of uses) {
      printMessage(`${name} …`);
      const { count, longest, long } = await measure();
      const ms = `${longest.toFixed(0)} ms`;
      printResult(
        `${name.padEnd(36)}${`${count}`.padStart(8)}${ms.padStart(10)}${`${long}`.padStart(12)}`,
      );
    }
    return 0;
  },
};
