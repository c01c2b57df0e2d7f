/** The options `--rounds` and `--seconds`, which the benchmark commands share. */
import type { CommandLine, Option } from "../src/cli/args.ts";
import { InputError } from "../src/errors.ts";

/** How long each program or kernel is timed. */
export interface TimingOptions {
  /** Rounds; each round times everything once, one after the other. */
  readonly rounds: number;
  /** Seconds for which a round times each program or kernel. */
  readonly seconds: number;
}

const MAX_ROUNDS = 10_000;
const MAX_SECONDS = 3600;

/** The entries of the option table that {@linkcode readTimingOptions} reads. */
export function timingOptions(defaults: TimingOptions): readonly Option[] {
  return [
    {
      name: "rounds",
      value: "N",
      description: "Rounds, each of which times everything once",
      default: String(defaults.rounds),
    },
    {
      name: "seconds",
      value: "X",
      description: "Seconds to time each entry in a round",
      default: String(defaults.seconds),
    },
  ];
}

/**
 * Reads the timing options from a command line.
 *
 * @throws {InputError} if a number is out of range.
 */
export function readTimingOptions(line: CommandLine, defaults: TimingOptions): TimingOptions {
  const rounds = line.number("rounds") ?? defaults.rounds;
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > MAX_ROUNDS) {
    throw new InputError(
      `Cannot measure: "rounds" must be a whole number from 1 to ${MAX_ROUNDS}, not ${rounds}`,
      { option: "rounds" },
    );
  }
  const seconds = line.number("seconds") ?? defaults.seconds;
  if (!(seconds > 0 && seconds <= MAX_SECONDS)) {
    throw new InputError(
      `Cannot measure: "seconds" must be above 0 and at most ${MAX_SECONDS}, not ${seconds}`,
      { option: "seconds" },
    );
  }
  return { rounds, seconds };
}
