import { parameterCount } from "../model/parameters.ts";
import { sizesOf } from "../model/model.ts";
import type { Schedule } from "../train/schedule.ts";
import type { Trainer } from "../train/trainer.ts";
import type { Display } from "./display.ts";

/** Characters that take half a minute or so to validate. */
const LONG_VALIDATION = 10_000_000;

/** Says what will be trained, on what, and for how long. */
export function introduce(
  display: Display,
  trainer: Trainer,
  schedule: Schedule,
  folder: string,
  preset: string | undefined,
): void {
  const { config, corpus, split } = trainer;
  const sizes = sizesOf({ config, vocabulary: corpus.vocabulary });
  display.line(
    `Text: ${corpus.path}, ${number(corpus.length)} characters, ` +
      `${number(corpus.vocabulary.size)} distinct`,
  );
  if (split.validation) {
    const [start, end] = split.validation;
    display.line(
      `Split: ${number(start)} to train on, the last ${number(end - start)} to validate` +
        (end - start < LONG_VALIDATION ? "" : ", which takes a while; --val holds out less"),
    );
  } else {
    const why = config.val === 0 ? "" : "; the text is too short to hold a part out";
    display.line(`Split: all of it to train on, none to validate${why}`);
  }
  const { cell, layers, dropout } = config;
  const units = `${number(config.hidden)} hidden units`;
  display.line(
    `Model: ${cell}, ${layers === 1 ? units : `${layers} layers of ${units}`}` +
      `${dropout > 0 ? `, dropout ${dropout}` : ""}, ${
        number(parameterCount(sizes))
      } parameters, ` +
      config.precision,
  );
  display.line(
    `Training: ${config.batch} stream${config.batch === 1 ? "" : "s"} of ${config.seq} ` +
      `characters a step, ${config.optimizer}, lr ${config.lr}` +
      `${config.schedule === "constant" ? "" : ` (${config.schedule})`}, ` +
      `clip ${config.clip || "none"}${config.clipBy === "norm" ? " (norm)" : ""}, ` +
      `${trainer.threads} thread${trainer.threads === 1 ? "" : "s"}`,
  );
  display.line(`Length: ${lengthOf(trainer, schedule)}`);
  display.line(`Folder: ${folder}`);
  if (preset !== undefined) display.line(`Preset: ${preset}`);
  if (trainer.steps > 0) {
    display.line(`Resumed: at step ${number(trainer.steps)}, ${trainer.loss.toFixed(4)} nats/char`);
  }
  display.line();
  display.head();
}

/** How long a run is, by its limits. */
export function lengthOf(trainer: Trainer, { steps, seconds, byDefault }: Schedule): string {
  const parts: string[] = [];
  if (Number.isFinite(steps)) {
    const epochs = (steps / trainer.stepsPerEpoch).toPrecision(3);
    parts.push(`${number(steps)} steps (${Number(epochs)} passes over the text)`);
  }
  if (Number.isFinite(seconds)) parts.push(`${seconds / 60} minute${seconds === 60 ? "" : "s"}`);
  const length = parts.join(" or ");
  return byDefault
    ? `${length}, which suits its size; --steps, --epochs or --minutes change it`
    : length;
}

function number(n: number): string {
  return n.toLocaleString("en");
}
