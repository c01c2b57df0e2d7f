import type { Plan } from "../plan.ts";
import type { StepSize } from "../sizes.ts";
import { median } from "../statistics.ts";
import { Program, type Start } from "./program.ts";
import type { Round } from "./protocol.ts";

/** A contender that could be prepared. */
export interface Entry {
  readonly name: string;
  readonly variant?: string;
  readonly ours: boolean;
  readonly start: (size: StepSize) => Start;
}

/** What was measured of an entry at one size. */
export interface Outcome {
  readonly name: string;
  readonly variant?: string;
  readonly ours: boolean;
  /** The version that the program named. */
  readonly version: string;
  /** From the first weights on; warming up, and what losses are compared over. */
  readonly first: Round;
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
export async function contest(
  entries: readonly Entry[],
  size: StepSize,
  { rounds, seconds }: Plan,
  onFailure: (entry: Entry, reason: string) => void,
): Promise<readonly Outcome[]> {
  const running: { entry: Entry; program: Program; outcome: Outcome & { speeds: number[] } }[] = [];
  for (const entry of entries) {
    try {
      const [program, version] = await Program.start(entry.start(size));
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

function speedOf({ chars, seconds }: Round): number {
  return chars / seconds;
}

/** Of each name the one that is fastest, in the order of the names. */
export function fastestVariants(outcomes: readonly Outcome[]): readonly Outcome[] {
  const best = new Map<string, Outcome>();
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
