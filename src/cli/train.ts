import { defaults, presets } from "../model/config.ts";
import type { ConfigInput } from "../model/config.ts";
import { parameterCount } from "../model/parameters.ts";
import { sizesOf } from "../model/model.ts";
import { readCorpus } from "../text/corpus.ts";
import { RunFolder } from "../train/run_folder.ts";
import type { Schedule } from "../train/schedule.ts";
import { train } from "../train/train.ts";
import type { Trainer } from "../train/trainer.ts";
import { Display } from "./display.ts";
import { type Command, type CommandLine, type Option, present } from "./options.ts";
import { readWithProgress } from "./progress.ts";

const configOptions: readonly Option[] = [
  { name: "hidden", value: "N", meaning: "Hidden units", default: String(defaults.hidden) },
  {
    name: "seq",
    value: "N",
    meaning: "Characters that back-propagation through time unrolls",
    default: String(defaults.seq),
  },
  {
    name: "batch",
    value: "N",
    meaning: "Streams trained side by side",
    default: `${defaults.batch}, fewer for a short text`,
  },
  { name: "lr", value: "X", meaning: "Learning rate", default: String(defaults.lr) },
  {
    name: "optimizer",
    value: "NAME",
    meaning: "Update rule: adagrad or sgd",
    default: defaults.optimizer,
  },
  {
    name: "clip",
    value: "X",
    meaning: "Clip each element of the gradient to ±X; 0: no clipping",
    default: String(defaults.clip),
  },
  {
    name: "init",
    value: "X",
    meaning: "Standard deviation of the initial weights",
    default: String(defaults.init),
  },
  {
    name: "precision",
    value: "NAME",
    meaning: "f32 (fastest), f32-strict (the same bits on every machine) or f64",
    default: defaults.precision,
  },
  { name: "seed", value: "N", meaning: "Seed of all random choices", default: "1" },
  {
    name: "val",
    value: "X",
    meaning: "Share of the text, at its end, held out for validation; 0: none",
    default: String(defaults.val),
  },
];

/** `deno task train`: a model from a text. */
export const trainCommand: Command = {
  name: "train",
  summary: "Train a model of a text",
  operands: ["<text>"],
  options: [
    {
      name: "out",
      value: "DIR",
      meaning: "Run folder; it must not hold a run yet",
      default: "runs/<name of the text>, with a number if taken",
    },
    {
      name: "preset",
      value: "NAME",
      meaning: `Settings by name, over which the other options win: ${
        Object.keys(presets).join(", ")
      }`,
    },
    ...configOptions,
    { name: "steps", value: "N", meaning: "Stop after so many updates" },
    { name: "epochs", value: "X", meaning: "Stop after so many passes over the text" },
    {
      name: "minutes",
      value: "X",
      meaning: "Stop after so much time; of several limits the first counts",
      default: "without any limit, 10 epochs, but 4 to 20 million characters",
    },
    {
      name: "report-every",
      value: "N",
      meaning: "Steps from one report to the next",
      default: "such that a run has some 30 reports, a long one more",
    },
    {
      name: "sample-every",
      value: "N",
      meaning: "Steps from one sample to the next; 0: none",
      default: "5 reports",
    },
  ],
  notes: [
    "The preset min-char-rnn is the classic notebook:",
    `    ${describePreset("min-char-rnn")}`,
    "",
    "Ctrl-C saves the model and ends the run; a second Ctrl-C ends it at once.",
    "",
    "The text may be larger than memory: above 64 MiB it is read from its file while training goes",
    "on, and must stay as it is until the end.",
    "",
    "  deno task train examples/alice.txt",
  ],
  async run(line) {
    const path = line.operands[0]!;
    const config = configOf(line);
    const limits = present({
      steps: line.number("steps"),
      epochs: line.number("epochs"),
      minutes: line.number("minutes"),
      reportEvery: line.number("report-every"),
      sampleEvery: line.number("sample-every"),
    });
    using corpus = await readWithProgress((options) => readCorpus(path, options));
    const out = line.text("out");

    const display = new Display();
    // Stopped at once, so that a second Ctrl-C finds the terminal in order.
    const interruption = new Interruption(() => display.stop());
    let folder: RunFolder | undefined;
    try {
      const { progress } = await train(corpus, {
        ...limits,
        config,
        signal: interruption.signal,
        onStart(trainer, schedule) {
          const settings = {
            config: trainer.config,
            limits,
            text: { path, chars: corpus.length, bytes: corpus.bytes, sha256: corpus.sha256 },
          };
          folder = out === undefined
            ? RunFolder.createFree(`runs/${nameOf(path)}`, settings)
            : RunFolder.create(out, settings);
          introduce(display, trainer, schedule, line, folder.path);
        },
        onReport(report) {
          folder!.appendMetrics(report);
          display.report(report);
        },
        onSample: (text, step) => display.sample(text, step),
        onLive: (live) => display.live(live),
        onCheckpoint: (checkpoint, kind) => folder!.save(checkpoint, kind),
      });
      display.stop();
      const { path: kept } = folder!;
      const how = interruption.signal.aborted ? "Interrupted" : "Done";
      console.log(`${how} after ${progress.step.toLocaleString("en")} steps; saved in ${kept}`);
      if (progress.bestValidationLoss !== null) {
        const best = progress.bestValidationLoss.toFixed(4);
        console.log(`Best on validation: ${best} nats/char, kept in ${kept}/best.safetensors`);
      }
      console.log(`Try it: deno task sample ${shellWord(kept)}`);
      return interruption.signal.aborted ? 130 : 0;
    } finally {
      display.stop();
      interruption.stop();
    }
  },
};

/** The first Ctrl-C asks the run to end; the second gets the system's usual treatment. */
class Interruption {
  readonly #controller = new AbortController();
  readonly #listener: () => void;

  constructor(onInterrupt: () => void) {
    this.#listener = () => {
      this.#controller.abort();
      onInterrupt();
      this.stop();
    };
    Deno.addSignalListener("SIGINT", this.#listener);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  stop(): void {
    Deno.removeSignalListener("SIGINT", this.#listener);
  }
}

/** What the line says of the configuration; the rest is for the preset and the defaults. */
function configOf(line: CommandLine): ConfigInput {
  const names = ["preset", "optimizer", "precision"] as const;
  const numbers = ["hidden", "seq", "batch", "lr", "clip", "init", "seed", "val"] as const;
  return present(Object.fromEntries([
    ...names.map((name) => [name, line.text(name)]),
    ...numbers.map((name) => [name, line.number(name)]),
  ]));
}

/** Characters that take half a minute or so to validate. */
const LONG_VALIDATION = 10_000_000;

/** Says what will be trained, on what, and for how long. */
function introduce(
  display: Display,
  trainer: Trainer,
  schedule: Schedule,
  line: CommandLine,
  out: string,
): void {
  const { config, corpus, split } = trainer;
  const number = (n: number) => n.toLocaleString("en");
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
  display.line(
    `Model: ${number(config.hidden)} hidden units, ${number(parameterCount(sizes))} parameters, ` +
      config.precision,
  );
  display.line(
    `Training: ${config.batch} stream${config.batch === 1 ? "" : "s"} of ${config.seq} ` +
      `characters a step, ${config.optimizer}, lr ${config.lr}, clip ${config.clip || "none"}`,
  );
  display.line(`Length: ${lengthOf(trainer, schedule)}`);
  display.line(`Folder: ${out}`);
  if (line.text("preset") !== undefined) display.line(`Preset: ${line.text("preset")}`);
  display.line();
  display.head();
}

function lengthOf(trainer: Trainer, { steps, seconds, byDefault }: Schedule): string {
  const parts: string[] = [];
  if (Number.isFinite(steps)) {
    const epochs = (steps / trainer.stepsPerEpoch).toPrecision(3);
    parts.push(`${steps.toLocaleString("en")} steps (${Number(epochs)} passes over the text)`);
  }
  if (Number.isFinite(seconds)) parts.push(`${seconds / 60} minute${seconds === 60 ? "" : "s"}`);
  const length = parts.join(" or ");
  return byDefault
    ? `${length}, which suits its size; --steps, --epochs or --minutes change it`
    : length;
}

function describePreset(name: string): string {
  return Object.entries(presets[name]!).map(([key, value]) => `--${key} ${value}`).join(" ");
}

/** A file's name without folders and its last extension; for example `alice` of `texts/alice.txt`. */
function nameOf(path: string): string {
  const name = path.split(/[/\\]/).at(-1)!;
  return name.replace(/(?<=.)\.[^.]*$/, "") || "text";
}

/** A path as it can be typed into a shell. */
function shellWord(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
