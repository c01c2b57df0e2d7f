import { checkGradients } from "../engine/gradient_check.ts";
import { InputError } from "../errors.ts";
import { type Cell, cellNames } from "../model/cells.ts";
import { type Command, type CommandLine, optionOf } from "./args.ts";
import { quote } from "../json.ts";
import { listed, table } from "./format.ts";
import { printResult, tableWidth } from "./output.ts";

/** The largest relative error that counts as agreement. */
const TOLERANCE = 1e-6;
/** Larger sizes would take hours: each parameter costs four forward passes. */
const MAX = { hidden: 512, seqLength: 1000, batchSize: 256, layers: 16, threads: 64 } as const;
const defaults = { hidden: 16, seqLength: 12, batchSize: 3, layers: 1, threads: 1 } as const;
const defaultCell: Cell = "rnn";

/** `deno task gradcheck` compares back-propagation with finite differences. */
export const gradcheckCommand: Command = {
  name: "gradcheck",
  summary: "Check the gradients of back-propagation against finite differences",
  operands: [],
  options: [
    {
      name: "cell",
      value: "NAME",
      description: `Recurrent cell: ${listed(cellNames)}`,
      default: defaultCell,
    },
    {
      name: "layers",
      value: "N",
      description: "Number of stacked recurrent layers",
      default: String(defaults.layers),
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
      description: "Sequence length: characters that back-propagation through time unrolls",
      default: String(defaults.seqLength),
    },
    {
      name: "batch-size",
      value: "N",
      description: "Number of streams side by side",
      default: String(defaults.batchSize),
    },
    {
      name: "dropout",
      value: "X",
      description: "Probability of dropping each value that a layer passes to the next",
      default: "0",
    },
    {
      name: "threads",
      value: "N",
      description: "Number of threads",
      default: String(defaults.threads),
    },
  ],
  examples: ["deno task gradcheck --cell lstm --layers 2"],
  notes: [
    "Every element of every parameter of a random f64 network is compared with a central difference " +
    `of the loss. The exit code is 1 if a relative error is above ${TOLERANCE}. A gradient below a ` +
    "ten-thousandth of the largest is measured relative to that ten-thousandth, as the differences " +
    "are no more accurate.",
  ],
  run(line) {
    const layers = readSize(line, "layers");
    const checks = checkGradients({
      hidden: readSize(line, "hidden"),
      seqLength: readSize(line, "seqLength"),
      batchSize: readSize(line, "batchSize"),
      layers,
      threads: readSize(line, "threads"),
      cell: readCell(line),
      dropout: readDropout(line, layers),
    });
    const rows = checks.map((check) => [
      check.name,
      String(check.elements),
      check.largestError.toExponential(2),
      String(check.index),
      check.gradient.toExponential(9),
      check.difference.toExponential(9),
    ]);
    const head = ["parameter", "elements", "largest error", "at", "gradient", "difference"];
    printResult(table([head, ...rows], { rightFrom: 1, width: tableWidth() }));
    const worst = Math.max(...checks.map(({ largestError }) => largestError));
    const passed = worst <= TOLERANCE;
    printResult(
      `\n${passed ? "Passed" : "Failed"}: the largest relative error is ` +
        `${worst.toExponential(2)}, the tolerance ${TOLERANCE}`,
    );
    return passed ? 0 : 1;
  },
};

function readCell(line: CommandLine): Cell {
  const name = line.text("cell") ?? defaultCell;
  const cell = cellNames.find((cell) => cell === name);
  if (cell !== undefined) return cell;
  throw new InputError(
    `Cannot check gradients: "cell" must be one of ${cellNames.join(", ")}, not ${quote(name)}`,
    { option: "cell" },
  );
}

function readDropout(line: CommandLine, layers: number): number {
  const dropout = line.number("dropout") ?? 0;
  if (!(dropout >= 0 && dropout < 1)) {
    throw new InputError(
      `Cannot check gradients: "dropout" must be a number from 0 up to, not including, 1, not ` +
        dropout,
      { option: "dropout" },
    );
  }
  if (dropout > 0 && layers === 1) {
    throw new InputError(
      `Cannot check gradients: "dropout" ${dropout} has no effect with one layer, as it drops ` +
        `between layers; "layers" must be 2 or more`,
      { option: "dropout" },
    );
  }
  return dropout;
}

function readSize(line: CommandLine, name: keyof typeof defaults): number {
  const value = line.number(optionOf(name)) ?? defaults[name];
  if (Number.isInteger(value) && value >= 1 && value <= MAX[name]) return value;
  throw new InputError(
    `Cannot check gradients: "${name}" must be a whole number from 1 to ${MAX[name]}, not ${value}`,
    { option: name },
  );
}
