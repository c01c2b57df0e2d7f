/** The model card of a Hugging Face repository: its README.md, with YAML front matter. */

import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { sizesOf } from "../model/model.ts";
import { parameterCount } from "../model/parameters.ts";
import { escapeInvisible } from "../printable.ts";
import { hashWeights } from "./weights.ts";

/** What a model card has that a checkpoint does not. */
export interface CardOptions {
  /** The name of the model. */
  readonly name: string;
  /** The identifier of the license, for example `mit`; `undefined` if none was chosen. */
  readonly license: string | undefined;
}

/**
 * Python that loads the exported folder into `torch.nn`: `predict(ids)` takes ids of the shape
 * [T, B], and returns logits of the shape [T, B, V] and the state after them.
 */
export const TORCH_RECIPE = `import json, torch
from safetensors.torch import load_file

config, weights = json.load(open("config.json")), load_file("model.safetensors")
vocab, dtype = json.load(open("vocab.json")), weights["head.bias"].dtype
V, H, L = config["vocab_size"], config["hidden_size"], config["num_hidden_layers"]
cell = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[config["cell"]]
model = torch.nn.ModuleDict({"rnn": cell(V, H, L), "head": torch.nn.Linear(H, V)}).to(dtype)
model.load_state_dict(weights)

def predict(ids, state=None):  # ids [T, B], for example [[vocab[c]] for c in text]
    h, state = model["rnn"](torch.nn.functional.one_hot(ids, V).to(dtype), state)
    return model["head"](h), state
`;

/** Formats the model card of a checkpoint. */
export function modelCard(checkpoint: Checkpoint, options: CardOptions): string {
  const { config, vocabulary, progress, corpus } = checkpoint;
  const { name, license } = options;
  const { cell, layers, hidden } = config;
  const loss = progress.validationLoss;
  const text = corpus === null ? null : fileName(corpus.path);
  return `---
${frontMatter(checkpoint, options)}---

# ${inline(name)}

A character-level language model: ${describeCell(cell)} with ${layers} ${
    layers === 1 ? "layer" : "layers"
  } of ${hidden} units, trained with unroll. It reads and predicts single characters.

## Training

| | |
| --- | --- |
${
    table([
      ...corpus === null ? [] : [
        ["text", `${code(text!)}: ${number(corpus.chars)} characters`],
        ["SHA-256 of the text", code(corpus.sha256)],
      ],
      ["distinct characters", number(vocabulary.size)],
      ["weights", number(parameterCount(sizesOf(checkpoint)))],
      ["SHA-256 of the weights", code(hashWeights(checkpoint))],
      [
        "steps",
        `${number(progress.step)} (${progress.epoch.toFixed(2)} epochs, ` +
        `${number(progress.chars)} characters)`,
      ],
      ["seconds", progress.elapsedSeconds.toFixed(1)],
      ["training loss, smoothed", nats(progress.loss)],
      ["validation loss", nats(loss)],
    ])
  }

Losses are cross-entropies. ${
    config.valFraction > 0
      ? `The validation loss is that of the held-out ${
        percent(config.valFraction)
      } of the text, read from a zero hidden state.`
      : "No part of the text was held out."
  }

## Use

| file | contents |
| --- | --- |
| \`model.safetensors\` | the weights, with the names of a PyTorch state dict |
| \`config.json\` | sizes, and the settings of the training |
| \`vocab.json\` | the id of each character |

\`\`\`python
${TORCH_RECIPE}\`\`\`

unroll makes a checkpoint of this folder with \`deno task import\`.

## Settings

| | |
| --- | --- |
${table(Object.entries(config).map(([key, value]) => [code(key), code(String(value))]))}

## License

${license === undefined ? "No license was stated." : `License: ${code(license)}.`}${
    text === null ? "" : ` The model has learned from ${code(text)}, and may repeat parts of it.`
  }
`;
}

/** The metadata of the repository. Strings are JSON, which YAML includes. */
function frontMatter({ config, progress, corpus }: Checkpoint, options: CardOptions): string {
  const loss = progress.validationLoss;
  const lines = [
    ...options.license === undefined ? [] : [`license: ${yaml(options.license)}`],
    "library_name: pytorch",
    "pipeline_tag: text-generation",
    "tags:",
    ...["char-rnn", "character-level", config.cell, "unroll"].map((tag) => `  - ${tag}`),
    ...loss === null ? [] : [
      "model-index:",
      `  - name: ${yaml(options.name)}`,
      "    results:",
      "      - task:",
      "          type: text-generation",
      "        dataset:",
      `          name: ${yaml(corpus === null ? "unknown" : fileName(corpus.path))}`,
      "          type: text",
      "          split: validation",
      "        metrics:",
      "          - type: cross-entropy",
      "            name: Validation loss in nats per character",
      `            value: ${Number(loss.toFixed(6))}`,
    ],
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function describeCell(cell: Checkpoint["config"]["cell"]): string {
  return { rnn: "a tanh RNN", gru: "a GRU", lstm: "an LSTM" }[cell];
}

/** The last part of a path, which may name its user in the others. */
export function fileName(path: string): string {
  return path.split(/[/\\]/).findLast((part) => part !== "") ?? "text";
}

function table(rows: readonly (readonly string[])[]): string {
  return rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Untrusted text as code of Markdown, on one line of a table. */
function code(text: string): string {
  const safe = escapeInvisible(text).replaceAll("`", "'").replaceAll("|", "\\|");
  return `\`${safe}\``;
}

/** Untrusted text as Markdown without effects. */
function inline(text: string): string {
  return escapeInvisible(text).replace(/[\\`*_{}[\]<>()#+!|]/g, "\\$&");
}

function yaml(text: string): string {
  return JSON.stringify(escapeInvisible(text));
}

function nats(loss: number | null): string {
  if (loss === null) return "not measured";
  return `${loss.toFixed(4)} nats per character (${(loss / Math.LN2).toFixed(4)} bits)`;
}

function number(n: number): string {
  return Math.round(n).toLocaleString("en");
}

function percent(fraction: number): string {
  return `${Number((100 * fraction).toPrecision(3))} %`;
}
