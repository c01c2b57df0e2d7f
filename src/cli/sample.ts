import { Sampler } from "../generate/sampler.ts";
import { readCheckpoint } from "../model/checkpoint_file.ts";
import { type Command, present } from "./options.ts";

/** `deno task sample`: text from a trained model. */
export const sampleCommand: Command = {
  name: "sample",
  summary: "Write text with a trained model",
  operands: ["<run|checkpoint>"],
  options: [
    {
      name: "prime",
      value: "TEXT",
      meaning: "Text to continue; it is written first",
      default: "a line break, which is not written",
    },
    {
      name: "length",
      value: "N",
      meaning: "Characters to generate",
      default: "500",
    },
    {
      name: "temperature",
      value: "X",
      meaning: "Below 1: safer; above 1: wilder",
      default: "1",
    },
    { name: "greedy", meaning: "Always take the most probable character" },
    {
      name: "seed",
      value: "N",
      meaning: "Seed of the random draws",
      default: "1",
    },
  ],
  notes: [
    "The text alone goes to standard output.",
    "",
    '  deno task sample runs/alice --prime "Alice " --length 300 --temperature 0.7',
  ],
  async run(line) {
    const prime = line.text("prime");
    const options = present({
      prime,
      length: line.number("length"),
      temperature: line.number("temperature"),
      seed: line.number("seed"),
      greedy: line.flag("greedy"),
    });
    const characters = new Sampler(await readCheckpoint(line.operands[0]!)).generate(options);
    await write(prime ?? "");
    let piece = "";
    for (const character of characters) {
      piece += character;
      // A terminal shows each character as it comes; a pipe gets larger pieces.
      if (Deno.stdout.isTerminal() || piece.length >= PIECE) {
        await write(piece);
        piece = "";
      }
    }
    await write(piece + (Deno.stdout.isTerminal() ? "\n" : ""));
    return 0;
  },
};

const PIECE = 4096;

/** Writes all of a text to standard output, whose `write` may take only a part at a time. */
async function write(text: string): Promise<void> {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(await Deno.stdout.write(bytes));
}
