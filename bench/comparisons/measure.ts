/** Measures programs in turns. */
import { median } from "../statistics.ts";
import type { TimingOptions } from "../timing_options.ts";
import { type LaunchCommand, ProgramProcess } from "./program_process.ts";
import type { LaunchTask } from "./programs.ts";
import type { RoundResult } from "./protocol.ts";

/** A program that is ready to be started. */
export interface PreparedProgram {
  readonly name: string;
  readonly variant?: string;
  readonly isUnroll: boolean;
  readonly commandOf: (task: LaunchTask) => LaunchCommand;
}

/** The measurements of one program with one network. */
export interface ProgramResult {
  readonly name: string;
  readonly variant?: string;
  readonly isUnroll: boolean;
  /** The version that the program printed. */
  readonly version: string;
  /** The warm-up round, from the initial weights on; losses are compared over it. */
  readonly warmup: RoundResult;
  /** Characters per second of each round; of the warm-up alone if a step takes too long. */
  readonly speeds: readonly number[];
}

/** How {@linkcode measurePrograms} runs the programs. */
export interface MeasureProgramsOptions extends TimingOptions {
  readonly task: LaunchTask;
  /** Called with the reason when a program fails to start; the others are measured. */
  readonly onFailure: (program: PreparedProgram, reason: string) => void;
}

/** A program whose warm-up takes this many times `seconds` is not measured again. */
const MAX_WARMUP_FACTOR = 4;
/** Milliseconds before each round, in which the spinning threads of some libraries fall asleep. */
export const PAUSE_MS = 100;

/**
 * Lets all programs train one network in turns, so that a change of the machine's load
 * affects all of them alike.
 *
 * @returns One result per name, that of the fastest variant.
 */
export async function measurePrograms(
  programs: readonly PreparedProgram[],
  { task, rounds, seconds, onFailure }: MeasureProgramsOptions,
): Promise<readonly ProgramResult[]> {
  await using stack = new AsyncDisposableStack();
  const running: { process: ProgramProcess; result: ProgramResult & { speeds: number[] } }[] = [];
  for (const program of programs) {
    const { name, variant, isUnroll, commandOf } = program;
    try {
      const process = stack.use(await ProgramProcess.start(commandOf(task)));
      const { version } = process;
      const warmup = await process.train(seconds);
      const result = { name, ...variant && { variant }, isUnroll, version, warmup, speeds: [] };
      running.push({ process, result });
    } catch (error) {
      onFailure(program, error instanceof Error ? error.message : String(error));
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const { process, result } of running) {
      if (result.warmup.seconds > MAX_WARMUP_FACTOR * seconds) continue;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      result.speeds.push(charsPerSecond(await process.train(seconds)));
    }
  }
  for (const { result } of running) {
    if (result.speeds.length === 0) result.speeds.push(charsPerSecond(result.warmup));
  }
  return fastestVariants(running.map(({ result }) => result));
}

function charsPerSecond({ chars, seconds }: RoundResult): number {
  return chars / seconds;
}

/** The result with the highest median speed of each name, in the order of the names. */
export function fastestVariants(results: readonly ProgramResult[]): readonly ProgramResult[] {
  const fastest = new Map<string, ProgramResult>();
  for (const result of results) {
    const other = fastest.get(result.name);
    if (!other || median(result.speeds) > median(other.speeds)) fastest.set(result.name, result);
  }
  return [...fastest.values()];
}
