/** What a model reads of a text that is written for it. */
import { type Model, toKnown, type UnknownPolicy } from "../../src/mod.ts";

/** A text before a cursor. */
export interface WrittenPrompt {
  /** Any text. */
  readonly prompt: string;
  /** What happens to characters that the model does not know. */
  readonly unknown: UnknownPolicy;
}

/**
 * The prompt that a model reads. Without a character it begins as after the end of a line.
 *
 * @returns The prompt; `undefined` for none: a model of lines begins one, and a vocabulary may have
 * no line break.
 */
export function knownPrompt(
  { vocabulary, config }: Model,
  { prompt, unknown }: WrittenPrompt,
): string | undefined {
  const { text } = toKnown(prompt.toWellFormed(), { vocabulary, unknown });
  if (text !== "") return text;
  return config.holdout !== "lines" && vocabulary.has(0x0a) ? "\n" : undefined;
}
