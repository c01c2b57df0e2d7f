import { beamSearch } from "../generate/beam.ts";
import { checkOptions } from "../generate/options.ts";
import { sampleMany, Sampler } from "../generate/sampler.ts";
import { readCheckpoint } from "../checkpoint/file.ts";
import { type Command, type CommandLine, present } from "./args.ts";
import { TextOutput } from "./text_output.ts";

/** `deno task sample`: text from a trained model. */
export const sampleCommand: Command = {
  name: "sample",
  summary: "Write text with a trained model",
  operands: ["<run|checkpoint>"],
  options: [
    {
      name: "prompt",
      value: "TEXT",
      description: "Text to continue; it is written first",
      default: "a line break, which is not written",
    },
    { name: "length", value: "N", description: "Characters to generate", default: "500" },
    {
      name: "stop",
      value: "TEXT",
      description:
        "End each text with this one, which is written too, when it comes before the length",
    },
    {
      name: "count",
      value: "N",
      description: "Texts to write, each after a line with its number; at most 255",
      default: "1, without that line",
    },
    {
      name: "temperature",
      value: "X",
      description: "Below 1: safer; above 1: wilder",
      default: "1",
    },
    { name: "top-k", value: "K", description: "Draw from the K most probable characters only" },
    {
      name: "top-p",
      value: "P",
      description: "Draw from the fewest characters only that have the share P of the probability",
    },
    { name: "seed", value: "N", description: "Seed of the random draws", default: "1" },
    { name: "greedy", description: "Draw nothing: always take the most probable character" },
    {
      name: "beam",
      value: "N",
      description:
        "Draw nothing: look for the most probable text of the length, following N beginnings " +
        "at a time; at most 1024",
    },
    {
      name: "json",
      description:
        "Write one JSON object: prime, and texts, each with text (without the prime) and " +
        "stopped, or of a beam search log_probability",
    },
  ],
  notes: [
    'The text alone goes to standard output. Of several texts, each follows a line "--- 1 of 3 ---".',
    "The temperature comes first; top-k chooses from what it gives, and top-p from what is left.",
    "Text i of a seed is the same whatever the count.",
    "",
    '  deno task sample runs/alice --prompt "Alice " --length 300 --temperature 0.7',
    "  deno task sample runs/alice --count 3 --top-p 0.9 --stop .",
  ],
  async run(line) {
    const given = optionsOf(line);
    checkOptions(given);
    const model = await readCheckpoint(line.operands[0]!);
    const { prompt, stop, count = 1, beam } = given;
    if (beam === undefined && count === 1 && !line.flag("json")) {
      await using output = new TextOutput();
      const characters = new Sampler(model).generate(given);
      await output.write(prompt ?? "");
      for (const character of characters) await output.write(character);
      return 0;
    }
    const texts = beam === undefined
      ? sampleMany(model, given).map((text) => ({
        text,
        stopped: stop !== undefined && text.endsWith(stop),
      }))
      : [beamSearch(model, given)].map(({ text, logProbability }) => ({
        text,
        log_probability: logProbability,
      }));
    if (line.flag("json")) {
      console.log(JSON.stringify({ prompt: prompt ?? null, texts }));
      return 0;
    }
    await using output = new TextOutput();
    for (const [i, { text }] of texts.entries()) {
      if (count > 1) await output.write(`--- ${i + 1} of ${count} ---\n`);
      await output.write(`${prompt ?? ""}${text}`);
      if (count > 1) await output.write("\n");
    }
    return 0;
  },
};

function optionsOf(line: CommandLine) {
  return present({
    prompt: line.text("prompt"),
    length: line.number("length"),
    stop: line.text("stop"),
    count: line.number("count"),
    temperature: line.number("temperature"),
    topK: line.number("top-k"),
    topP: line.number("top-p"),
    seed: line.number("seed"),
    greedy: line.flag("greedy") || undefined,
    beam: line.number("beam"),
  });
}
