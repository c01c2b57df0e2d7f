/** What `train` prints when a run has ended: what it reached, what went badly, and what to do. */
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { BEST_CHECKPOINT } from "../files/checkpoint_file.ts";
import type { PartSummary } from "../evaluate/summary.ts";
import { show } from "../json.ts";
import type { Config } from "../model/config.ts";
import type { Run } from "../run/run.ts";
import { remediesOf } from "../train/divergence.ts";
import { isGapGrowing, isOverfitted, type Overfitting } from "../train/overfitting.ts";
import { optionOf } from "./args.ts";
import { formatCount, formatDuration, formatLoss, formatNumber } from "./format.ts";
import { advise, resumptionOf, shellWord } from "./train_messages.ts";

/** Losses that both rise by this fraction have become worse, by more than noise. */
const DETERIORATION = 0.05;
/** In fewer characters hardly any model learns more than the frequencies of characters. */
const FEW_CHARS = 200_000;
/** A text of fewer characters has nothing to learn but itself. */
const SHORT_TEXT = 100;
/** More text makes a difference up to about this length. */
const LONG_TEXT = 5_000_000;
/** Rates this low hardly learn, as fractions of the optimizer's usual rate. */
const LOW_RATE = 0.02;
const usualRates: Readonly<Record<Config["optimizer"], number>> = {
  adagrad: 0.05,
  sgd: 0.5,
  rmsprop: 0.002,
  adam: 0.006,
  adamw: 0.006,
};

/** How a run has ended. */
export interface Ending {
  /** The checkpoint with the lowest validation loss, and the one of the last step. */
  readonly best: Checkpoint;
  readonly latest: Checkpoint;
  /** The losses of the best model; `undefined` if they were not measured. */
  readonly parts: readonly PartSummary[] | undefined;
  /** Whether the held-out end of the text differs from the rest. */
  readonly differs: boolean;
}

/** The line for overfitting, when it is first seen. */
export function describeOverfitting({ bestStep, bestLoss, ...now }: Overfitting): string {
  const [from, to] = now.trainingLosses.map((loss) => formatLoss(loss));
  return `Overfitting: since step ${formatNumber(bestStep)} the validation loss has risen from ` +
    `${formatLoss(bestLoss)} to ${formatLoss(now.validationLoss)}, while the training loss fell ` +
    `from ${from} to ${to}. The best model is kept.`;
}

/** The line for a held-out end that differs from the rest of a text. */
export function describeDifference(): string {
  return "Note: the end of the text, which is held out, differs from the rest, so the validation " +
    "loss says little of the rest; --holdout streams holds out the end of each stream instead.";
}

/** The last lines of a run. */
export function conclusionOf(run: Run, ending: Ending): string {
  const { best, latest } = ending;
  const { path } = run.folder;
  const { step, ended, bestValidationLoss, bestStep } = latest.progress;
  const failure = !ended ? null : describeFailure(run, ending);
  const verb = !ended ? "Interrupted" : failure === null ? "Done" : "Ended";
  const lines = [`${verb} after ${formatCount(step, "step")}; saved in ${show(path)}`];
  if (bestValidationLoss !== null && bestStep !== null) {
    const file = show(`${path}/${BEST_CHECKPOINT}`);
    // A run that was resumed from a file may have its best model elsewhere.
    const isHere = best.progress.step === bestStep;
    lines.push(
      `Best validation loss: ${formatLoss(bestValidationLoss)} nats/char, at step ` +
        formatNumber(bestStep) + (isHere
          ? ` after ${formatDuration(best.progress.elapsedSeconds)}, saved in ${file}`
          : ", before the checkpoint that was resumed; its model is not in this run"),
    );
  }
  const end = failure === null ? describeEnd(run, ending) : null;
  lines.push(
    ...[describeEarlyEnd(run, latest), failure, end].flatMap((line) => line ?? []),
  );
  if (!ended) lines.push(advise("To resume", resumptionOf(run)));
  if (failure === null && step > 0) {
    lines.push(advise("To sample", `deno task sample ${shellWord(path)}`));
  }
  if (step > 0) {
    lines.push(
      advise("To inspect", `deno task info ${shellWord(path)}`),
      advise("To plot", `deno task plot ${shellWord(path)} --out loss.svg`),
    );
  }
  return lines.join("\n");
}

/** Why a run has ended before its other limits, and how it continues; `null` if it has not. */
function describeEarlyEnd(run: Run, { progress }: Checkpoint): string | null {
  const { limits: { patience, stopsOverfitting } } = run;
  const { validationsSinceBest: count, validationLoss, bestValidationLoss } = progress;
  if (!progress.ended) return null;
  const more = `to train on: ${resumptionOf(run)} --patience ${2 * Math.max(count, 10)}`;
  if (count >= patience) {
    return `Stopped early: no improvement in ${formatCount(count, "validation")}; ${more}`;
  }
  if (!stopsOverfitting || !isOverfitted(progress)) return null;
  const excess = Math.round(100 * (validationLoss! / bestValidationLoss! - 1));
  return `Stopped early: no improvement in ${formatCount(count, "validation")}, and the ` +
    `validation loss is ${excess} % above its lowest; ${more}`;
}

/** What has become worse since the best model, and what to change; `null` if nothing has. */
function describeEnd(run: Run, { best, latest, differs }: Ending): string | null {
  const { bestValidationLoss: lowest, validationLoss: last } = latest.progress;
  const [before, after] = [best.progress.loss, latest.progress.loss];
  if (lowest === null || last === null || before === null || after === null) return null;
  if (last > (1 + DETERIORATION) * lowest && after > (1 + DETERIORATION) * before) {
    return `Got worse: since step ${
      formatNumber(best.progress.step)
    } the validation loss rose to ` +
      `${formatLoss(last)}, and the training loss from ${formatLoss(before)} to ` +
      `${formatLoss(after)}. For a better model: ${remedies(latest.config)}`;
  }
  if (!isGapGrowing({ validation: [lowest, last], training: [before, after] })) return null;
  return `Overfitted: since step ${formatNumber(best.progress.step)} the validation loss rose to ` +
    `${formatLoss(last)}, while the training loss fell from ${formatLoss(before)} to ` +
    `${formatLoss(after)}. For a better model: ${overfittingAdvice(run, differs).join(", ")}`;
}

/** What helps against overfitting, in this run. */
function overfittingAdvice({ trainer, limits }: Run, differs: boolean): string[] {
  const { config, corpus } = trainer;
  const { layers, hidden, dropout } = config;
  return [
    ...differs ? ["--holdout streams, as the end of the text differs"] : [],
    ...corpus.length < LONG_TEXT ? ["more text"] : [],
    ...hidden >= 64 ? [`a smaller model (--hidden ${Math.round(hidden / 2)})`] : [],
    ...dropout >= 0.2 ? [] : [layers > 1 ? "--dropout 0.2" : "--layers 2 --dropout 0.2"],
    ...Number.isFinite(limits.patience) || limits.stopsOverfitting
      ? []
      : ["--patience 5 to stop earlier"],
  ];
}

/** A model that is no better than guessing, and what to change; `null` if it is better. */
function describeFailure(run: Run, { latest, parts = [], differs }: Ending): string | null {
  const [training, validation] = (["training", "validation"] as const)
    .map((name) => parts.find(({ part }) => part === name));
  // One distinct character is predicted without a loss.
  if (training === undefined || training.uniform === 0) return null;
  const against = (model: number, other: number) =>
    `(${formatLoss(model)} against ${formatLoss(other)} nats/char)`;
  if (training.model >= training.uniform) {
    return `The model is no better than guessing ${against(training.model, training.uniform)}: ${
      improvementOf(run, latest)
    }`;
  }
  if (training.model >= training.unigram) {
    return "The model has learned no more than the frequencies of characters " +
      `${against(training.model, training.unigram)}: ${improvementOf(run, latest)}`;
  }
  if (validation === undefined || validation.model < validation.uniform) return null;
  const advice = overfittingAdvice(run, differs).join(", ");
  return "The model has learned the training part, and is worse than guessing on the validation " +
    `part ${against(validation.model, validation.uniform)}: ${advice}`;
}

/** The options that help a run whose updates are too large. */
function remedies(config: Config): string {
  return remediesOf(config).map(({ key, value }) => `--${optionOf(key)} ${value}`).join(" ");
}

/** What to change in a run whose model has learned nothing. */
function improvementOf(run: Run, { config, progress }: Checkpoint): string {
  const { chars, step } = progress;
  const text = run.trainer.corpus.length;
  if (text < SHORT_TEXT) return `a text of ${formatCount(text, "character")} is too short`;
  const usual = usualRates[config.optimizer];
  const [{ key, value } = { key: "lr", value: usual }] = remediesOf(config);
  const isHigh = key === "init" || config.lr > usual * 5 || config.momentum > 0.9;
  if (isHigh) {
    return `train again with ${remedies(config)}`;
  }
  if (chars < FEW_CHARS || step < 2 * config.warmup) {
    return `${formatCount(step, "step")} (${
      formatCount(chars, "character")
    }) are too few to learn from; to train on: ` +
      `${resumptionOf(run)} --steps ${10 * Math.max(step, 100)}`;
  }
  return config.lr < LOW_RATE * usual
    ? `train again with a higher learning rate (--lr ${usual})`
    : `train longer, or again with --${optionOf(key)} ${value}`;
}
