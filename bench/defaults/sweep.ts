/** Trains every candidate on a text for a time, by steps, so that other programs change no result. */
import { evaluate } from "../../src/evaluate/evaluate.ts";
import { resolveConfig } from "../../src/model/resolve_config.ts";
import type { Corpus } from "../../src/text/corpus.ts";
import { autoConfig } from "../../src/train/auto_config.ts";
import { describeModel } from "../../src/train/auto_reasons.ts";
import { train } from "../../src/train/train.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { median } from "../statistics.ts";
import type { Candidate } from "./candidates.ts";
import type { RunResult } from "./results.ts";

/** Below so many characters, 5 % of a text are too few to measure a loss on. */
const SHORT_TEXT = 300_000;
/** The part of a run's time that is training; validation, samples and checkpoints take the rest. */
const TRAINING_SHARE = 0.95;
const SPEED_ROUNDS = 7;
const SPEED_ROUND_MS = 300;

/** A run of the sweep. */
export interface PlannedRun {
  readonly name: string;
  readonly corpus: Corpus;
  readonly candidate: Candidate;
  /** Time limit; `null` for a run without limits. */
  readonly minutes: number | null;
  readonly seed: number;
}

/** The configuration of a run: what the candidate leaves open is picked as `train` picks it. */
export function configOf({ corpus, candidate, minutes, seed }: PlannedRun) {
  const fraction = corpus.length < SHORT_TEXT ? 0.1 : 0.05;
  const parts = { valFraction: fraction, testFraction: fraction };
  const limits = minutes === null ? {} : { minutes };
  const { config } = autoConfig(corpus, { ...candidate.config, ...parts, seed }, limits);
  return resolveConfig(config);
}

/** Characters a second that a run trains on; the median of a few short rounds. */
export function measureSpeed(run: PlannedRun): number {
  using trainer = Trainer.create(run.corpus, configOf(run));
  trainer.step();
  const speeds = Array.from({ length: SPEED_ROUNDS }, () => {
    const begin = performance.now();
    let steps = 0;
    while (performance.now() - begin < SPEED_ROUND_MS) {
      trainer.step();
      steps++;
    }
    return steps * trainer.charsPerStep * 1000 / (performance.now() - begin);
  });
  return median(speeds);
}

/**
 * Makes a run, and measures its best model on the test part.
 *
 * @param speed Characters a second, which turn the time limit into steps.
 * @returns `undefined` if the text is too short to hold out a test part.
 */
export async function makeRun(run: PlannedRun, speed: number): Promise<RunResult | undefined> {
  const { corpus, candidate, minutes, seed, name } = run;
  const config = configOf(run);
  const charsPerStep = config.seqLength * config.batchSize;
  const steps = minutes === null ? undefined : {
    steps: Math.max(1, Math.round(minutes * 60 * TRAINING_SHARE * speed / charsPerStep)),
  };
  let split: Trainer["split"] | undefined;
  const { best, latest } = await train(corpus, {
    config,
    ...steps,
    onStart: (trainer) => {
      split = trainer.split;
    },
  });
  const validationLoss = best.progress.validationLoss;
  if (split === undefined || split.test.length === 0 || validationLoss === null) return undefined;
  const { natsPerChar } = await evaluate(best, corpus, { spans: split.test });
  return {
    text: name,
    hash: corpus.sha256,
    minutes,
    options: candidate.options,
    seed,
    model: describeModel(config),
    speed: Math.round(speed),
    chars: latest.progress.chars,
    bestAt: best.progress.step / latest.progress.step,
    validationLoss,
    testLoss: natsPerChar,
  };
}
