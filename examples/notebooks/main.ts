/**
 * `deno task notebooks [name]` runs the notebooks and prints their results next to ours.
 *
 * @module
 */
import type { Command } from "../../src/cli/args.ts";
import { table } from "../../src/cli/format.ts";
import { printResult, tableWidth } from "../../src/cli/output.ts";
import { exitCodeOf } from "../../src/cli/program.ts";
import { quote } from "../../src/json.ts";
import { InputError } from "../../src/mod.ts";
import { alphabet } from "./alphabet.ts";
import { classNotebook } from "./class.ts";
import { hello } from "./hello.ts";
import { hope } from "./hope.ts";
import { implementRnn } from "./implement_rnn.ts";
import type { Notebook, Result } from "./notebook.ts";

const notebooks: readonly Notebook[] = [implementRnn, hope, alphabet, hello, classNotebook];

/** Leaves room for the seeds that follow the first one. */
const MAX_SEED = 2 ** 53 - 1000;

/** `deno task notebooks` runs the notebooks. */
export const notebooksCommand: Command = {
  name: "notebooks",
  summary: "Run the five notebooks of examples/notebooks and compare results",
  operands: ["[name]"],
  options: [
    {
      name: "seed",
      value: "N",
      description: "Seed of the first network; further networks take the seeds after it",
      default: "1",
    },
    { name: "full", description: "Train as long as the notebooks do, instead of a shorter time" },
  ],
  notes: [
    `Names:\n${notebooks.map(({ name, summary }) => `  ${name.padEnd(15)}${summary}`).join("\n")}`,
    "The last column says whether a result is in the expected band: yes, no, or a dot where there " +
    "is nothing to compare. Some notebooks fail with some seeds, and are shown as failing.",
  ],
  run(line) {
    const chosen = choose(line.operands[0]);
    const seed = line.number("seed") ?? 1;
    if (!Number.isSafeInteger(seed) || seed < 0 || seed > MAX_SEED) {
      throw new InputError(
        `Cannot run the notebooks: "seed" must be a whole number from 0 to ${MAX_SEED}, not ${seed}`,
        { option: "seed" },
      );
    }
    for (const notebook of chosen) {
      const begin = performance.now();
      const results = notebook.run({ seed, full: line.flag("full") });
      const seconds = (performance.now() - begin) / 1000;
      printResult(`${notebook.name}: ${notebook.summary} (${seconds.toFixed(2)} s)\n`);
      printResult(`${tableOf(results)}\n`);
    }
    return 0;
  },
};

function choose(name: string | undefined): readonly Notebook[] {
  if (name === undefined) return notebooks;
  const found = notebooks.find((notebook) => notebook.name === name);
  if (found) return [found];
  const names = notebooks.map(({ name }) => name).join(", ");
  throw new InputError(`Cannot run the notebook ${quote(name)}: the notebooks are ${names}`);
}

function tableOf(results: readonly Result[]): string {
  const rows = results.map(({ quantity, notebook, ours, inBand }) => [
    quantity,
    notebook,
    ours,
    inBand === null ? "·" : inBand ? "yes" : "no",
  ]);
  return table([["", "notebook", "ours", "in band"], ...rows], { width: tableWidth() });
}

if (import.meta.main) Deno.exit(await exitCodeOf([notebooksCommand], ["notebooks", ...Deno.args]));
