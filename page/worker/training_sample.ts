/** What a model writes while it is trained, in the worker that trains or beside it. */
import { type Model, sampleMany } from "../../src/mod.ts";

/** Characters of a text, or of a line at most. */
const LENGTH = 280;
/** Clear enough to read, and far from repeating itself. */
const TEMPERATURE = 0.7;
/** Lines that a model of lines writes. */
const LINES = 10;

/**
 * Continues a prompt, always with the same random numbers, so that samples differ by what was
 * learned.
 *
 * @param prompt What each text begins with; it is not part of the result.
 * @returns One text or, where each example was a line, several lines.
 * @throws {InputError} if the prompt has a character that is not in the vocabulary.
 */
export function continuePrompt(model: Model, prompt: string): string[] {
  const isOfLines = model.config.holdout === "lines";
  const texts = sampleMany(model, {
    ...{ length: LENGTH, temperature: TEMPERATURE, seed: 1, count: isOfLines ? LINES : 1 },
    ...prompt === "" ? {} : { prompt },
  });
  // A line that is not complete is one of its own in the sample, too.
  return isOfLines ? texts.map((line) => line.endsWith("\n") ? line : `${line}\n`) : texts;
}
