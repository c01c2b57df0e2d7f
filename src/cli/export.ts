import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { InputError } from "../errors.ts";
import { encodeHuggingFace } from "../export/huggingface.ts";
import { encodeOnnx, type OnnxDtype, onnxDtypes } from "../export/onnx.ts";
import { encodePytorch } from "../export/pytorch.ts";
import { encodeWeights } from "../export/weights.ts";
import { readCheckpoint } from "../files/checkpoint_file.ts";
import { quote, show } from "../json.ts";
import type { Model } from "../model/model.ts";
import { suggest } from "../suggest.ts";
import { type Command, present } from "./args.ts";
import { formatBytes, formatCount, formatNumber, listed } from "./format.ts";
import { checkNewOutput, writeNewFile, writeNewFolder } from "./new_output.ts";
import { printResult } from "./output.ts";
import { latestOption, whichCheckpoint } from "./which_checkpoint.ts";

/** The formats of one file. */
const fileFormats: Readonly<
  Record<string, (checkpoint: Checkpoint, dtype?: OnnxDtype) => Uint8Array>
> = {
  safetensors: encodeWeights,
  onnx: (checkpoint, dtype) => encodeOnnx(checkpoint, present({ dtype })),
  pytorch: encodePytorch,
};
const formats = ["safetensors", "onnx", "huggingface", "pytorch"];

/** `deno task export` writes a model as the file of another program. */
export const exportCommand: Command = {
  name: "export",
  summary: "Write a trained model for PyTorch, ONNX Runtime or Hugging Face",
  operands: ["<run|checkpoint>"],
  options: [
    {
      name: "format",
      value: "NAME",
      description: "safetensors: the weights and the vocabulary; onnx: a graph for ONNX Runtime; " +
        "huggingface: a folder with weights, config.json, vocab.json and a model card; " +
        "pytorch: a state dict for torch.load",
    },
    {
      name: "out",
      value: "PATH",
      description: "The file or folder to create; nothing may be there, and it must be outside " +
        "of run folders",
    },
    {
      name: "dtype",
      value: "TYPE",
      description: `What the graph of the format onnx computes in: ${onnxDtypes.join(" or ")}. ` +
        "float64 has the losses of score; float32 is faster, and its losses differ by some 1e-6",
      default: onnxDtypes[0],
    },
    {
      name: "license",
      value: "ID",
      description:
        "License in the model card of the format huggingface: an identifier of Hugging " +
        "Face, such as mit, cc-by-4.0 or other",
      default: "none is stated",
    },
    latestOption,
  ],
  examples: [
    "deno task export runs/alice --format onnx --out alice.onnx",
    "deno task export runs/alice --format huggingface --license mit --out alice",
  ],
  notes: [
    "Exported are the weights alone; a checkpoint has the state of the optimizer too. The names and " +
    "shapes are those of torch.nn.RNN, GRU or LSTM as rnn, and of torch.nn.Linear as head. The " +
    "guide shows how to load each format.",
    "The ONNX graph takes ids and the hidden state, and returns logits and the next hidden state, " +
    "for any batch and sequence length. It computes in double precision, as score does; many " +
    "processors besides the CPU have none, and need --dtype float32. The weights in the file have " +
    "the precision of the model.",
  ],
  async run(line) {
    const format = readFormat(line.text("format"));
    const out = line.text("out");
    if (out === undefined) {
      throw new InputError("Cannot export without --out: write --out PATH, the file to create");
    }
    const license = line.text("license");
    if (license !== undefined && format !== "huggingface") {
      throw new InputError(
        `Cannot use --license with --format ${format}: only huggingface has a model card; leave it out`,
      );
    }
    const dtype = readDtype(line.text("dtype"), format);
    checkNewOutput("model", out);
    const checkpoint = await readCheckpoint(line.operands[0]!, whichCheckpoint(line));
    let bytes: number;
    if (format === "huggingface") {
      const files = encodeHuggingFace(checkpoint, present({ license }));
      await writeNewFolder("model", out, files);
      bytes = [...files.values()].reduce((sum, { length }) => sum + length, 0);
    } else {
      const file = fileFormats[format]!(checkpoint, dtype);
      await writeNewFile("model", out, file);
      bytes = file.length;
    }
    printResult(
      `Exported the model of step ${formatNumber(checkpoint.progress.step)} ` +
        `(${describeModel(checkpoint)}): ${show(out)}, ${formatBytes(bytes)}`,
    );
    return 0;
  },
};

function readFormat(format: string | undefined): string {
  const expected = `the formats are ${listed(formats)}`;
  if (format === undefined) {
    throw new InputError(`Cannot export without --format: write --format NAME; ${expected}`);
  }
  if (formats.includes(format)) return format;
  const nearest = suggest(format, formats);
  throw new InputError(
    `Cannot use --format ${quote(format)}: there is no such format; ` +
      (nearest === undefined ? expected : `did you mean ${nearest}?`),
  );
}

function readDtype(dtype: string | undefined, format: string): OnnxDtype | undefined {
  if (dtype === undefined) return undefined;
  if (format !== "onnx") {
    throw new InputError(
      `Cannot use --dtype with --format ${format}: its weights have the precision of the model; ` +
        "leave it out",
    );
  }
  const known = onnxDtypes.find((name) => name === dtype);
  if (known !== undefined) return known;
  throw new InputError(`Cannot use --dtype ${quote(dtype)}: the types are ${listed(onnxDtypes)}`);
}

/** What a model is, for example `gru, 1 layer of 128 units, 65 characters`. */
export function describeModel({ config, vocabulary }: Model): string {
  const { cell, layers, hidden } = config;
  return `${cell}, ${formatCount(layers, "layer")} of ${formatCount(hidden, "unit")}, ` +
    formatCount(vocabulary.size, "character");
}
