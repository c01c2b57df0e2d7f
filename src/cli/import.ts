import { InputError, withContext, withContextAsync } from "../errors.ts";
import { toCheckpoint } from "../export/decode_weights.ts";
import { parseCharacters } from "../export/vocabulary_json.ts";
import { readSafetensors, writeCheckpoint } from "../files/checkpoint_file.ts";
import { statIfExists } from "../files/file_identity.ts";
import { toInputError } from "../files/os_errors.ts";
import { quotePath, show } from "../json.ts";
import { readTextFile } from "../run/ownership.ts";
import type { Command } from "./args.ts";
import { describeModel } from "./export.ts";
import { checkNewOutput } from "./new_output.ts";
import { printResult } from "./output.ts";
import { advise, shellWord } from "./train_messages.ts";

/** More than the JSON of all characters of Unicode with their ids. */
const MAX_VOCABULARY_BYTES = 2 ** 25;

/** The files of a folder of Hugging Face. */
const WEIGHTS_FILE = "model.safetensors";
const VOCABULARY_FILE = "vocab.json";

/** `deno task import` makes a checkpoint of weights that another program trained. */
export const importCommand: Command = {
  name: "import",
  summary: "Make a checkpoint of weights that PyTorch trained",
  operands: ["<weights>"],
  options: [
    {
      name: "out",
      value: "FILE",
      description:
        "The checkpoint to create; nothing may be there, and it must be outside of run " +
        "folders",
    },
    {
      name: "vocabulary",
      value: "FILE",
      description: "JSON with the characters by their ids: a string of all characters, a list of " +
        "characters, or an object from characters to ids",
      default: `the vocabulary in the metadata of the weights, or ${VOCABULARY_FILE} beside them`,
    },
  ],
  examples: [
    "deno task import model.safetensors --vocabulary vocab.json --out imported.safetensors",
    "deno task import alice --out alice.safetensors",
  ],
  notes: [
    "The weights are a safetensors file of a state dict, or a folder with such a file as " +
    `${WEIGHTS_FILE}: of a module with one torch.nn.RNN (tanh), GRU or LSTM and one ` +
    "torch.nn.Linear, under any names. A torch.nn.Embedding of the characters may come first; it " +
    "is multiplied into the first layer. In PyTorch, save_file() of safetensors.torch writes it " +
    "from model.state_dict().",
    "The checkpoint is one for all commands, with the settings of training at their defaults.",
  ],
  async run(line) {
    const out = line.text("out");
    if (out === undefined) {
      throw new InputError("Cannot import without --out: write --out FILE, the file to create");
    }
    checkNewOutput("checkpoint", out);
    const path = line.operands[0]!;
    const isFolder = kindOf(path) === "folder";
    const file = isFolder ? `${path.replace(/\/+$/, "")}/${WEIGHTS_FILE}` : path;
    const context = `Cannot import the weights ${quotePath(file)}`;
    const weights = await withContextAsync(context, async () => {
      try {
        return await readSafetensors(file);
      } catch (error) {
        const missing = "it must be a safetensors file";
        throw toInputError(error, { path: file, action: "read", missing });
      }
    });
    const beside = file.replace(/[^/\\]*$/, "") + VOCABULARY_FILE;
    const hasOther = weights.metadata.vocabulary === undefined && kindOf(beside) === "file";
    const given = line.text("vocabulary") ?? (hasOther ? beside : undefined);
    const vocabulary = given === undefined ? undefined : readVocabulary(given);
    const checkpoint = withContext(context, () => toCheckpoint(weights, vocabulary));
    await writeCheckpoint(out, checkpoint);
    printResult(`Imported the model (${describeModel(checkpoint)}): ${show(out)}`);
    printResult(advise("To sample", `deno task sample ${shellWord(out)}`));
    printResult(advise("To train", `deno task train <text> --init-from ${shellWord(out)}`));
    return 0;
  },
};

function readVocabulary(path: string): string[] {
  return withContext(`Cannot read the vocabulary ${quotePath(path)}`, () => {
    try {
      return parseCharacters(readTextFile(path, MAX_VOCABULARY_BYTES));
    } catch (error) {
      throw toInputError(error, { path, action: "read", missing: "it must be a JSON file" });
    }
  });
}

function kindOf(path: string): "file" | "folder" | undefined {
  try {
    const info = statIfExists(path);
    return info?.isDirectory ? "folder" : info?.isFile ? "file" : undefined;
  } catch {
    // Reading it explains what is wrong.
    return undefined;
  }
}
