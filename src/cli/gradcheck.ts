import { checkGradients } from "../engine/gradient_check.ts";
import { InputError } from "../errors.ts";
import { type Cell, gateCounts } from "../model/parameters.ts";
import type { Command, CommandLine } from "./args.ts";
import { table } from "./table.ts";

/** The largest relative error that counts as agreement. */
const TOLERANCE = 1e-6;
/** Sizes beyond these would take hours: every parameter costs four forward passes. */
const MOST = { hidden: 512, seqLength: 1000, batchSize: 256, layers: 16, threads: 64 } as const;
const defaults = { hidden: 16, seqLength: 12, batchSize: 3, layers: 1, threads: 1 } as const;

/** `deno task gradcheck`: back-propagation against finite differences. */
export const gradcheckCommand: Command = {
  name: "gradcheck",
  summary: "Compare the f64 module's gradients with central differences",
  operands: [],
  options: [
    {
      name: "cell",
      value: "NAME",
      description: "Recurrent cell: rnn, gru or lstm",
      default: "rnn",
    },
    {
      name: "layers",
      value: "N",
      description: "Layers",
      default: String(defaults.layers),
    },
    {
      name: "dropout",
      value: "X",
      description: "Share of what each layer passes to the next that is dropped",
      default: "0",
    },
    {
      name: "hidden",
      value: "N",
      description: "Hidden units of each layer",
      default: String(defaults.hidden),
    },
    {
      name: "seq-length",
      value: "N",
      description: "Steps unrolled",
      default: String(defaults.seqLength),
    },
    {
      name: "batch-size",
      value: "N",
      description: "Streams side by side",
      default: String(defaults.batchSize),
    },
    {
      name: "threads",
      value: "N",
      description: "Threads to compute with",
      default: String(defaults.threads),
    },
  ],
  notes: [
    "Every element of every parameter of a random network is compared. An element smaller than a",
    "ten-thousandth of the largest of all is measured against that ten-thousandth, because the",
    `differences are no better themselves. Exit code 1 above ${TOLERANCE}.`,
  ],
  run(line) {
    const sizes = {
      hidden: size(line, "hidden"),
      seqLength: size(line, "seqLength"),
      batchSize: size(line, "batchSize"),
      layers: size(line, "layers"),
      threads: size(line, "threads"),
      cell: cellOf(line),
      dropout: dropoutOf(line),
    };
    const checks = checkGradients(sizes);
    const rows = checks.map((check) => [
      check.name,
      String(check.elements),
      check.largestError.toExponential(2),
      String(check.index),
      check.gradient.toExponential(9),
      check.difference.toExponential(9),
    ]);
    const head = ["parameter", "elements", "largest error", "at", "gradient", "difference"];
    console.log(table([head, ...rows], 1));
    const worst = checks.reduce((most, { largestError }) => Math.max(most, largestError), 0);
    const passed = worst <= TOLERANCE;
    console.log(
      `${passed ? "Passed" : "Failed"}: the largest relative error is ${worst.toExponential(2)}, ` +
        `${TOLERANCE} is allowed`,
    );
    return passed ? 0 : 1;
  },
};

function cellOf(line: CommandLine): Cell {
  const cell = line.text("cell") ?? "rnn";
  if (Object.hasOwn(gateCounts, cell)) return cell as Cell;
  throw new InputError(
    `Cannot check gradients: "cell" must be one of ${Object.keys(gateCounts).join(", ")}, not ` +
      JSON.stringify(cell),
  );
}

function dropoutOf(line: CommandLine): number {
  const dropout = line.number("dropout") ?? 0;
  if (dropout === 0) return 0;
  if (!(dropout > 0 && dropout < 1)) {
    throw new InputError(
      `Cannot check gradients: "dropout" must be a number from 0 up to, not including, 1, not ` +
        dropout,
    );
  }
  if (size(line, "layers") === 1) {
    throw new InputError(
      `Cannot check gradients with dropout and one layer: it drops between layers; give --layers 2 ` +
        `or more`,
    );
  }
  return dropout;
}

function size(line: CommandLine, name: keyof typeof defaults): number {
  const value = line.number(name) ?? defaults[name];
  if (!Number.isInteger(value) || value < 1 || value > MOST[name]) {
    throw new InputError(
      `Cannot check gradients: "${name}" must be a whole number from 1 to ${
        MOST[name]
      }, not ${value}`,
    );
  }
  return value;
}
