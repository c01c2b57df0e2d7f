/** Validation losses over the time of training, of several programs in turns. */
import { PAUSE_MS, type PreparedProgram } from "./measure.ts";
import { ProgramProcess } from "./program_process.ts";
import type { LaunchTask } from "./programs.ts";

/** A validation loss during a training. */
export interface LossPoint {
  /** Seconds of training before, without validations. */
  readonly seconds: number;
  /** Characters trained on before. */
  readonly chars: number;
  /** In nats per character. */
  readonly loss: number;
}

/** The validation losses of a program over time. */
export interface LossCurve {
  readonly name: string;
  readonly isUnroll: boolean;
  /** The version that the program printed. */
  readonly version: string;
  /** In the order of time. */
  readonly points: readonly LossPoint[];
}

/** How {@linkcode measureCurves} measures. */
export interface MeasureCurvesOptions {
  /** Its run must end after `seconds`. */
  readonly task: LaunchTask;
  /** Seconds for which each program trains. */
  readonly seconds: number;
  /** Called before each round with its number, from 1, and the number of rounds. */
  readonly onRound?: (round: number, rounds: number) => void;
}

/** Validations of each program, closer to each other where the loss falls faster: at the start. */
const VALIDATIONS = 12;
const CROWDING = 1.5;

/** The seconds of training before each validation. */
export function validationTimes(seconds: number): readonly number[] {
  return Array.from(
    { length: VALIDATIONS },
    (_, i) => seconds * ((i + 1) / VALIDATIONS) ** CROWDING,
  );
}

/**
 * Trains a network with each program in turns, a part of the time after the other, and validates after
 * each part. So a change of the machine's load affects all programs alike. The clock of a program runs
 * while it trains: starting, validating and waiting are not counted.
 *
 * @throws {Error} if a program ends.
 */
export async function measureCurves(
  programs: readonly PreparedProgram[],
  { task, seconds, onRound = () => {} }: MeasureCurvesOptions,
): Promise<readonly LossCurve[]> {
  await using stack = new AsyncDisposableStack();
  const running: { process: ProgramProcess; program: PreparedProgram; points: LossPoint[] }[] = [];
  for (const program of programs) {
    const process = stack.use(await ProgramProcess.start(program.commandOf(task)));
    running.push({ process, program, points: [] });
  }
  const times = validationTimes(seconds);
  for (const [i, time] of times.entries()) {
    onRound(i + 1, times.length);
    for (const { process, points } of running) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      const before = points.at(-1) ?? { seconds: 0, chars: 0 };
      // A round takes a part of a step more than it was asked for; the next one makes up for it.
      const round = await process.train(Math.max(0, time - before.seconds));
      points.push({
        seconds: before.seconds + round.seconds,
        chars: before.chars + round.chars,
        loss: await process.validate(),
      });
    }
  }
  return running.map(({ process: { version }, program: { name, isUnroll }, points }) => ({
    ...{ name, isUnroll, version, points },
  }));
}
