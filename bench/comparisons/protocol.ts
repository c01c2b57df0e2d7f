/**
 * The protocol between `deno task compare` and the programs that it measures: lines of text.
 *
 * A program is started as
 *
 *     program TASK threads
 *
 * TASK is a JSON file, a `Task` of task.ts: paths of the text as little-endian 32-bit character ids
 * and of the initial weights as 32-bit numbers, unroll's configuration, and where the streams and the
 * validation part are. (The program in C gets what it needs as arguments.) All programs train the same
 * network in the same way, as unroll does:
 *
 * - The weights begin with those of the file.
 * - The B streams are read T characters at a time. When position + T + 1 reaches the length of a
 *   stream, all streams begin again with a zero hidden state.
 * - The loss is summed over T and averaged over B; gradients are clipped.
 * - The rules of the optimizers are those of assembly/optimizers.ts: Adagrad's ε = 1e-8 is inside the
 *   root, that of the others outside.
 * - With `weightAverage`, the weights are averaged after each update.
 *
 * The program (→) then answers the commands (←):
 *
 *     → {"ready": "2.1"}     ready to train; the version of the library or compiler
 *     ← train 1.5            train for 1.5 seconds, at least one step
 *     → {"chars": 6400, "seconds": 1.51, "loss": 3.1}
 *                            characters trained on, and their mean loss in nats per character
 *     ← steps 10             train for 10 steps
 *     → {"chars": 6400, "seconds": 1.51, "loss": 3.1}
 *     ← validate             programs that can: measure the validation loss
 *     → {"validation_loss": 2.9}
 *     ← (end of input)       exit
 */
import { quote } from "../../src/json.ts";

/** The first line that a program prints. */
export interface ReadyMessage {
  /** The version of the library or compiler. */
  readonly ready: string;
}

/** What a program prints after training for some seconds. */
export interface RoundResult {
  /** Characters trained on. */
  readonly chars: number;
  readonly seconds: number;
  /** The mean loss of all batches in nats per character. */
  readonly loss: number;
}

/**
 * Parses the first line of a program.
 *
 * @throws {Error} if the line is not a ready message.
 */
export function readReady(line: string): ReadyMessage {
  const { ready } = parseObject(line);
  if (typeof ready !== "string") throw unexpected(line);
  return { ready };
}

/**
 * Parses the result of a round.
 *
 * @throws {Error} if the line is not a result or a number is out of range.
 */
export function readRound(line: string): RoundResult {
  const { chars, seconds, loss } = parseObject(line);
  if (
    typeof chars !== "number" || typeof seconds !== "number" || typeof loss !== "number" ||
    !Number.isInteger(chars) || chars < 1 || !(seconds > 0)
  ) {
    throw unexpected(line);
  }
  return { chars, seconds, loss };
}

/**
 * Parses a validation loss, in nats per character.
 *
 * @throws {Error} if the line is not a validation loss.
 */
export function readValidation(line: string): number {
  const { validation_loss: loss } = parseObject(line);
  if (typeof loss !== "number") throw unexpected(line);
  return loss;
}

function parseObject(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch { /* The error below quotes the line. */ }
  throw unexpected(line);
}

function unexpected(line: string): Error {
  return new Error(
    `Cannot read a program's answer: ${quote(line)} is not a message of the protocol`,
  );
}
