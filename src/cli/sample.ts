import { beamSearch } from "../generate/beam.ts";
import { checkOptions, generateDefaults, isOfLines, MAX_BEAM } from "../generate/options.ts";
import { sampleStream, sampleTexts } from "../generate/sampler.ts";
import { InputError } from "../errors.ts";
import { readCheckpoint } from "../files/checkpoint_file.ts";
import type { Model } from "../model/model.ts";
import { type Command, type CommandLine, present } from "./args.ts";
import { toKnown, type UnknownPolicy } from "../text/unknown.ts";
import { describeUnknown } from "../text/unknown_characters.ts";
import { findUnknown } from "../text/vocabulary.ts";
import {
  encodingOption,
  readText,
  readTextOptions,
  reportUnknown,
  unknownOption,
  unknownPolicyOf,
} from "./read_text.ts";
import { runInteractive } from "./interactive.ts";
import { latestOption, whichCheckpoint } from "./which_checkpoint.ts";
import { printJson, TextOutput } from "./output.ts";

/** `deno task sample` generates text with a trained model. */
export const sampleCommand: Command = {
  name: "sample",
  summary: "Generate text with a trained model",
  operands: ["<run|checkpoint>"],
  options: [
    {
      name: "prompt",
      value: "TEXT",
      description: "Text to continue, of any length, which is printed first",
      default: "none: the text begins like a later line of the model",
      group: "Text",
    },
    {
      name: "prompt-file",
      value: "FILE",
      description:
        "Text to continue, read from a file, to its last line break; - is standard input",
      group: "Text",
    },
    { ...encodingOption, description: "Encoding of the file of --prompt-file", group: "Text" },
    {
      name: "interactive",
      description:
        "Continue each line that is written: at a terminal, or in a pipe. An empty line " +
        "continues the text; /next lists the most probable characters, /help the commands. Ctrl-C " +
        "stops a continuation, Ctrl-D ends",
      group: "Text",
    },
    { ...unknownOption, group: "Text" },
    {
      name: "length",
      value: "N",
      description: "Number of characters to generate",
      default: String(generateDefaults.length),
      group: "Text",
    },
    {
      name: "stop",
      value: "TEXT",
      description: "End a text early, after the first occurrence of this text",
      group: "Text",
    },
    {
      name: "count",
      value: "N",
      description: 'Number of texts to generate, each one printed after a line "--- 1 of 3 ---"',
      default: `${generateDefaults.count}, without such a line`,
      group: "Text",
    },
    {
      name: "temperature",
      value: "X",
      description: "Divide the logits by X: below 1 for safer text, above 1 for more varied text",
      default: String(generateDefaults.temperature),
      group: "Sampling",
    },
    {
      name: "top-k",
      value: "K",
      description: "Sample from the K most probable characters only",
      group: "Sampling",
    },
    {
      name: "top-p",
      value: "P",
      description: "Nucleus sampling: sample from the smallest set of characters whose " +
        "probabilities sum to P",
      group: "Sampling",
    },
    {
      name: "seed",
      value: "N",
      description: "Seed of the random numbers",
      default: String(generateDefaults.seed),
      group: "Sampling",
    },
    {
      name: "greedy",
      description: "Always take the most probable character instead of sampling",
      group: "Search",
    },
    {
      name: "beam",
      value: "N",
      description:
        `Search for the most probable text with a beam of width N, at most ${MAX_BEAM}, ` +
        "instead of sampling",
      group: "Search",
    },
    { ...latestOption, group: "Model" },
    {
      name: "json",
      description:
        "Print one JSON object: prompt, and texts, each with text (without the prompt) " +
        "and stopped, or log_probability after a beam search",
      group: "Output",
    },
  ],
  examples: [
    'deno task sample runs/alice --prompt "Alice " --length 300 --temperature 0.5',
    "deno task sample runs/alice --count 3 --top-p 0.9 --stop .",
    "deno task sample runs/alice --interactive --length 200",
  ],
  notes: [
    "Only the text goes to standard output. A run folder stands for its best checkpoint; see --latest.",
    "Without a prompt the model first writes some hundred characters that are thrown away, up to a " +
    "blank line or, if none comes, a line break, the end of a sentence or a space. A prompt " +
    "is read as it is; after one of a few characters the first word may be malformed, so write at " +
    "least 20.",
    "Filters apply in this order: temperature, top-k, top-p. Text i of a seed is the same whatever " +
    "--count is.",
  ],
  async run(line) {
    const given = readOptions(line);
    checkOptions(given);
    const unknown = unknownPolicyOf(line);
    checkPrompts(line);
    const model = await readCheckpoint(line.operands[0]!, whichCheckpoint(line));
    if (line.flag("interactive")) {
      return await runInteractive(model, {
        sampling: given,
        toReadable: (text) =>
          readablePrompt(text, { model, unknown, subject: "Cannot continue this line" })!,
      });
    }
    const file = line.text("prompt-file");
    const written = file === undefined ? given.prompt : await readPrompt(file, line);
    const prompt = readablePrompt(written, { model, unknown });
    const options = { ...given, ...present({ prompt }) };
    if (line.flag("json")) {
      printJson({ prompt: options.prompt ?? null, texts: generate(model, options) });
      return 0;
    }
    const { count = 1, beam, ...others } = options;
    if (beam === undefined && count === 1) {
      const characters = sampleStream(model, others);
      await using output = new TextOutput();
      await output.write(prompt ?? "");
      for await (const character of characters) await output.write(character);
      return 0;
    }
    const texts = beam === undefined
      ? sampleTexts(model, { ...others, count })
      : [beamSearch(model, { ...others, beam }).text];
    await using output = new TextOutput();
    let rank = 0;
    for (const text of texts) {
      const heading = count > 1 ? [`--- ${++rank} of ${count} ---\n`, "\n"] : ["", ""];
      const [head, end] = isOfLines(model.config) ? ["", text.endsWith("\n") ? "" : "\n"] : heading;
      await output.write(`${head}${prompt ?? ""}${text}${end}`);
    }
    return 0;
  },
};

/** The longest prompt of a file: a model forgets what is farther back by far. */
const MAX_PROMPT_BYTES = 1_000_000;

async function readPrompt(path: string, line: CommandLine): Promise<string> {
  const reading = { ...readTextOptions(line), maxBytes: MAX_PROMPT_BYTES };
  using corpus = await readText([path], reading);
  return corpus.vocabulary.decode(corpus.read(0, corpus.length));
}

/** Checks that there is one source of prompts, and that lines have what they can use. */
function checkPrompts(line: CommandLine): void {
  if (line.has("encoding") && !line.has("prompt-file")) {
    throw new InputError(
      "Cannot use --encoding without --prompt-file: it is the encoding of that file; leave it out",
    );
  }
  const sources = ["prompt", "prompt-file", "interactive"].filter((name) => line.has(name));
  const useless = line.has("interactive")
    ? ["count", "beam", "json"].find((name) => line.has(name))
    : undefined;
  const [first, second = useless] = sources;
  if (second === undefined) return;
  const reason = second === useless
    ? "each line has one continuation, which is printed as it is sampled"
    : "there is one text to continue";
  throw new InputError(
    `Cannot use both --${first} and --${second}: ${reason}; leave one of them out`,
  );
}

/** The prompt as the model reads it; what it does not know is reported. */
function readablePrompt(
  prompt: string | undefined,
  { model: { vocabulary }, unknown, subject = "Cannot sample with this prompt" }: {
    readonly model: Model;
    readonly subject?: string;
    readonly unknown: UnknownPolicy | undefined;
  },
): string | undefined {
  if (prompt === undefined) return undefined;
  if (unknown !== undefined) {
    const known = toKnown(prompt, { vocabulary, unknown });
    reportUnknown(known.unknown, unknown);
    return known.text;
  }
  const found = findUnknown(prompt, vocabulary);
  if (found.length > 0 && vocabulary.unknown === undefined) {
    throw new InputError(
      `${subject}: it has characters that the model does not know, ` +
        `${describeUnknown(found)}; leave them out, or set --unknown to skip or replace`,
    );
  }
  reportUnknown(found, unknown);
  return prompt;
}

/** The generated texts, without the prompt, as the JSON output has them. */
function generate(model: Model, options: ReturnType<typeof readOptions>) {
  const { beam, count, ...others } = options;
  const { stop } = others;
  if (beam !== undefined) {
    // What has no effect with a beam is refused before.
    const { text, logProbability } = beamSearch(model, { ...others, beam });
    return [{ text, log_probability: logProbability }];
  }
  return Array.from(sampleTexts(model, { ...others, ...present({ count }) }), (text) => ({
    text,
    stopped: stop !== undefined && text.endsWith(stop),
  }));
}

function readOptions(line: CommandLine) {
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
