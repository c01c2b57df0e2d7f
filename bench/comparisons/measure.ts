import type { TimingOptions } from "../timing_options.ts";
import type { NetworkSize } from "../network_size.ts";
import { median } from "../statistics.ts";
import { type LaunchCommand, ProgramProcess } from "./program_process.ts";
import type { RoundResult } from "./protocol.ts";

/** A contender that could be prepared. */
export interface PreparedProgram {
  readonly name: string;
  readonly variant?: string;
  readonly ours: boolean;
  readonly start: (size: NetworkSize) => LaunchCommand;
}

/** What was measured of an entry at one size. */
export interface ProgramResult {
  readonly name: string;
  readonly variant?: string;
  readonly ours: boolean;
  /** The version that the program named. */
  readonly version: string;
  /** From the first weights on; warming up, and what losses are compared over. */
  readonly first: RoundResult;
  /** Characters per second of each round; of the first alone, if a step takes too long. */
  readonly speeds: readonly number[];
}

/** A program whose first step takes so many times its seconds is not asked again. */
const PATIENCE = 4;
/** What some libraries' threads take to fall asleep. */
const PAUSE_MS = 100;

/**
 * Lets all programs train a network of one size in turns.
 *
 * @param onFailure Called with the reason when one cannot; the others go on.
 */
export async function measurePrograms(
  entries: readonly PreparedProgram[],
  size: NetworkSize,
  { rounds, seconds }: TimingOptions,
  onFailure: (entry: PreparedProgram, reason: string) => void,
): Promise<readonly ProgramResult[]> {
  const running: {
    entry: PreparedProgram;
    program: ProgramProcess;
    outcome: ProgramResult & { speeds: number[] };
  }[] = [];
  for (const entry of entries) {
    try {
      const [program, version] = await ProgramProcess.start(entry.start(size));
      const first = await program.round(seconds);
      const { name, variant, ours } = entry;
      const outcome = { name, ...variant && { variant }, ours, version, first, speeds: [] };
      running.push({ entry, program, outcome });
    } catch (error) {
      onFailure(entry, error instanceof Error ? error.message : String(error));
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const { program, outcome } of running) {
      if (outcome.first.seconds > PATIENCE * seconds) continue;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      outcome.speeds.push(speedOf(await program.round(seconds)));
    }
  }
  for (const { program, outcome } of running) {
    await program.close();
    if (outcome.speeds.length === 0) outcome.speeds.push(speedOf(outcome.first));
  }
  return fastestVariants(running.map(({ outcome }) => outcome));
}

function speedOf({ chars, seconds }: RoundResult): number {
  return chars / seconds;
}

/** Of each name the one that is fastest, in the order of the names. */
export function fastestVariants(outcomes: readonly ProgramResult[]): readonly ProgramResult[] {
  const best = new Map<string, ProgramResult>();
  for (const outcome of outcomes) {
    const other = best.get(outcome.name);
    if (!other || median(outcome.speeds) > median(other.speeds)) best.set(outcome.name, outcome);
  }
  return [...best.values()];
}

/**
 * How many times as fast ours is, round by round; what was measured once is compared with each.
 */
export function ratios(ours: readonly number[], theirs: readonly number[]): readonly number[] {
  return ours.map((speed, round) => speed / theirs[theirs.length === 1 ? 0 : round]!);
}
