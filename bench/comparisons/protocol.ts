/**
 * How a program that trains is asked, and answers: lines of text.
 *
 *     program IDS V H T B threads rate init
 *         IDS: a file, the text as one little-endian u32 a character, each below V; cut into B
 *         streams that are read T characters at a time, all from the start again, with a zero
 *         state, when position + T + 1 reaches their length; loss summed over T, averaged over B;
 *         elements of the gradient clipped to ±5; Adagrad, 1e-8 inside the root; weights from the
 *         normal distribution of deviation init
 *     → {"ready": "2.1"}                   when it could train: its version
 *     ← 1.5                                train for 1.5 seconds, a step at least
 *     → {"chars": 6400, "seconds": 1.51, "loss": 3.1}   nats a character, mean over these
 *     ← (end)                              exit
 */

/** What a program says first. */
export interface ReadyMessage {
  /** The version of what it is made with. */
  readonly ready: string;
}

/** What a program tells of a round. */
export interface RoundResult {
  /** Characters trained on. */
  readonly chars: number;
  readonly seconds: number;
  /** Mean loss of all batches of the round, in nats per character. */
  readonly loss: number;
}

/**
 * Reads the first line of a program.
 * @throws {Error} when it is anything else.
 */
export function readReady(line: string): ReadyMessage {
  const value = parse(line);
  if (typeof value.ready !== "string") throw unexpected(line);
  return { ready: value.ready };
}

/**
 * Reads a program's answer.
 * @throws {Error} when it is anything else, or its numbers cannot be.
 */
export function readRound(line: string): RoundResult {
  const { chars, seconds, loss } = parse(line);
  if (
    typeof chars !== "number" || typeof seconds !== "number" || typeof loss !== "number" ||
    !Number.isInteger(chars) || chars < 1 || !(seconds > 0)
  ) {
    throw unexpected(line);
  }
  return { chars, seconds, loss };
}

function parse(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch { /* Said below. */ }
  throw unexpected(line);
}

function unexpected(line: string): Error {
  return new Error(`Cannot use a program's answer: ${JSON.stringify(line)} is none`);
}
