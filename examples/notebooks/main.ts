/** `deno task notebooks [name]`: the five notebooks, run, with their figures beside ours. */
import { exitCodeOf } from "../../src/cli/program.ts";
import type { Command } from "../../src/cli/args.ts";
import { table } from "../../src/cli/format.ts";
import { InputError } from "../../src/mod.ts";
import { alphabet } from "./alphabet.ts";
import { classNotebook } from "./class.ts";
import { hello } from "./hello.ts";
import { hope } from "./hope.ts";
import { implementRnn } from "./implement_rnn.ts";
import type { Notebook } from "./notebook.ts";

const notebooks: readonly Notebook[] = [implementRnn, hope, alphabet, hello, classNotebook];

/** `deno task notebooks` runs the five notebooks. */
export const notebooksCommand: Command = {
  name: "notebooks",
  summary: "Run the five notebooks that the project descends from",
  operands: ["[name]"],
  options: [
    {
      name: "seed",
      value: "N",
      description: "Seed of the first start; further starts take the seeds that follow",
      default: "1",
    },
    { name: "full", description: "Train as long as the notebooks do, instead of a shorter time" },
  ],
  notes: [
    `Names:\n${notebooks.map(({ name, summary }) => `  ${name.padEnd(15)}${summary}`).join("\n")}`,
    "The last column says whether a figure is in the expected band: yes, no, or a dot where there " +
    "is nothing to compare. Some notebooks fail from some seeds, and are shown failing.",
  ],
  run(line) {
    const [name] = line.operands;
    const chosen = notebooks.filter((notebook) => name === undefined || notebook.name === name);
    if (chosen.length === 0) {
      const names = notebooks.map(({ name }) => name).join(", ");
      throw new InputError(`Cannot run the notebook "${name}": the notebooks are ${names}`);
    }
    const seed = line.number("seed") ?? 1;
    if (!Number.isSafeInteger(seed) || seed < 0 || seed > MAX_SEED) {
      throw new InputError(
        `Cannot run the notebooks: "seed" must be a whole number from 0 to ${MAX_SEED}, not ${seed}`,
        { option: "seed" },
      );
    }
    for (const notebook of chosen) {
      const begin = performance.now();
      const figures = notebook.run({ seed, full: line.flag("full") });
      const seconds = (performance.now() - begin) / 1000;
      console.log(`${notebook.name}: ${notebook.summary} (${seconds.toFixed(2)} s)\n`);
      const rows = figures.map(({ what, notebook, ours, inBand }) => [
        what,
        notebook,
        ours,
        inBand === null ? "·" : inBand ? "yes" : "no",
      ]);
      console.log(`${table([["", "notebook", "ours", "in band"], ...rows], 4)}\n`);
    }
    return 0;
  },
};

/** Leaves room for the seeds after it. */
const MAX_SEED = 2 ** 53 - 1000;

if (import.meta.main) Deno.exit(await exitCodeOf([notebooksCommand], ["notebooks", ...Deno.args]));
