import type { CommandLine, Option } from "../src/cli/args.ts";
import { InputError } from "../src/errors.ts";

/** How often, and how long each time, something is measured. */
export interface TimingOptions {
  /** How often everything is measured, one after the other each time. */
  readonly rounds: number;
  /** How long each is measured in a round, in seconds. */
  readonly seconds: number;
}

const MAX_ROUNDS = 10_000;
const MAX_SECONDS = 3600;

/** The options that {@linkcode readTimingOptions} reads. */
export function timingOptions(defaults: TimingOptions): readonly Option[] {
  return [
    {
      name: "rounds",
      value: "N",
      description: "How often everything is measured, one after the other each time",
      default: String(defaults.rounds),
    },
    {
      name: "seconds",
      value: "X",
      description: "How long each is measured in a round",
      default: String(defaults.seconds),
    },
  ];
}

/**
 * Reads a plan.
 * @throws {InputError} when a number is out of range.
 */
export function readTimingOptions(line: CommandLine, defaults: TimingOptions): TimingOptions {
  const rounds = line.number("rounds") ?? defaults.rounds;
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > MAX_ROUNDS) {
    throw new InputError(
      `Cannot measure: "rounds" must be a whole number from 1 to ${MAX_ROUNDS}, not ${rounds}`,
    );
  }
  const seconds = line.number("seconds") ?? defaults.seconds;
  if (!(seconds > 0 && seconds <= MAX_SECONDS)) {
    throw new InputError(
      `Cannot measure: "seconds" must be above 0 and at most ${MAX_SECONDS}, not ${seconds}`,
    );
  }
  return { rounds, seconds };
}
