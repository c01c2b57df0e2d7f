/**
 * Continues a text with the model of a checkpoint file or a run folder:
 *
 *     node sample.js ../../runs/alice "Alice was "
 *
 * @module
 */
import { sample } from "@unroll/unroll";
import { readCheckpoint } from "@unroll/unroll/files";

const [, , path, prompt = ""] = process.argv;
try {
  const model = await readCheckpoint(path);
  // Without a prompt, a text begins like a later line of the model.
  const options = { length: 300, temperature: 0.7, ...prompt && { prompt } };
  console.log(prompt + sample(model, options));
} catch (error) {
  // Errors of the library are one line, and say what would be right.
  console.error(error.message);
  process.exitCode = 1;
}
