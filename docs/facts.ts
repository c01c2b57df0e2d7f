/**
 * Figures and names that the documents quote from the program. Each fact is a passage with gaps,
 * `{}`, and the words that belong into them today. `deno task docs` fills the gaps; tests fail when
 * they are out of date, and when a page for users has a figure that stands in no gap.
 *
 * Measured speeds and losses are no facts: they stand next to the command that measured them.
 */
import { autoConfig } from "../src/train/auto_config.ts";
import { baseConfig } from "../src/model/presets.ts";
import { cells } from "../src/model/cells.ts";
import { propertyOf } from "../src/cli/args.ts";
import { trainCommand } from "../src/cli/train.ts";
import { readCorpus } from "../src/files/read_corpus.ts";
import { splitCorpus } from "../src/text/split.ts";
import { fixedKeys } from "../src/train/resume.ts";
import { formatMetrics } from "../src/run/metrics.ts";

/** A passage of a document. */
export interface Fact {
  /** The document, relative to the root. */
  readonly document: string;
  /** The passage: plain text around gaps; a space stands for any white space. */
  readonly passage: string;
  /** What belongs into the gaps, in order. */
  readonly values: readonly string[];
}

const root = new URL("../", import.meta.url);

const MIB = 2 ** 20;
const KIB = 2 ** 10;

/** All facts, computed from the sources. */
export async function currentFacts(): Promise<Fact[]> {
  const fact = (document: string, passage: string, ...values: (string | number)[]): Fact => ({
    document,
    passage,
    values: values.map((value) => typeof value === "number" ? value.toLocaleString("en") : value),
  });
  return [
    ...await aliceFacts(fact),
    ...downloadFacts(fact),
    ...packageFacts(fact),
    ...benchmarkFacts(fact),
    ...sourceFacts(fact),
    ...nameFacts(fact),
  ];
}

type MakeFact = (document: string, passage: string, ...values: (string | number)[]) => Fact;

/** The text of the examples, and the model that is picked for it. */
async function aliceFacts(fact: MakeFact): Promise<Fact[]> {
  using corpus = await readCorpus(new URL("examples/alice.txt", root).pathname);
  const { vocabulary, length } = corpus;
  const { config } = autoConfig(corpus);
  const { cell, layers, hidden, batchSize: B, seqLength: T, valFraction } = config;
  const V = vocabulary.size;
  const ln = Math.log(V).toFixed(2);
  const [start, end] = splitCorpus(length, config).train[0]!;
  const stepsPerEpoch = Math.floor((end - start) / B / T);
  const text = read("examples/alice.txt");
  const chapters = text.match(/^CHAPTER [IVX]+/gm)!.length;
  const numerals = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"];
  const ids = [..."Alice"].map((c) => vocabulary.encode(c)[0]!);
  const tour = "docs/tour.md";
  return [
    fact("README.md", "bundled text ({} chapters of _Alice's", inWords(chapters)),
    fact("docs/guide.md", "a model of {} chapters of _Alice's", inWords(chapters)),
    fact("docs/guide.md", "ln V (here {}) is as good as guessing", ln),
    fact("examples/README.md", "chapters I to {} of _Alice's", numerals[chapters - 1]!),
    fact("examples/README.md", "**Size**: {} characters, {} of them distinct", length, V),
    fact(tour, "Its model is a {} with these sizes", cell.toUpperCase()),
    fact(tour, "| V | {} |", V),
    fact(tour, "| B | {} |", B),
    fact(tour, "| T | {} |", T),
    fact(tour, "| R | {} |", B * T),
    fact(tour, "| L | {} |", layers),
    fact(tour, "| H | {} |", hidden),
    fact(tour, "| G | {} | gates of a {} |", cells[cell].gates, cell.toUpperCase()),
    fact(tour, "is the {}th of {} characters, so its id is {}, and", ids[0]! + 1, V, ids[0]!),
    fact(tour, "“Alice” is `[{}]`", ids.join(", ")),
    fact(tour, "the last {} % of the text for validation", valFraction * 100),
    fact(tour, "copies row {} for our `A`", ids[0]!),
    fact(tour, "our `A` to row {}:", ids[0]!),
    fact(tour, "the loss is ln {} = {} nats", V, ln),
    fact(tour, "After {} such steps", stepsPerEpoch),
  ];
}

/** Sizes of downloads; tests/downloads_soak.ts measures them. */
export const downloads = { runtime: 0.7, deno: 42, tests: 29 } as const;

function downloadFacts(fact: MakeFact): Fact[] {
  const { runtime, deno, tests } = downloads;
  return [
    fact("README.md", "downloads Deno ({} MB) once", deno),
    fact("README.md", "the first command {} MB of packages", runtime),
    fact("README.md", "download more, the tests {} MB with the compiler", tests),
  ];
}

/** What the npm package needs and how large it is; tests/packages/ holds both. */
function packageFacts(fact: MakeFact): Fact[] {
  const guide = "docs/guide.md";
  const [, version] = /node: ">=(\d+)"/.exec(read("pack/package_json.ts"))!;
  const size = constant("tests/packages/bundlers_test.ts", "MAX_SAMPLING_KB");
  return [
    fact(guide, "in Node.js from version {} on", version!),
    fact(guide, "it is less than {} kB compressed", size),
    fact("pack/README.md", "less than {} kB compressed", size),
    fact("pack/README.md", "Node.js from version {} on", version!),
    fact(guide, "Of the versions of Node.js, {} trains at", 22),
    fact("README.md", "Node.js from version {} on", version!),
  ];
}

/** Figures that pages repeat from the tables of docs/benchmarks.md. */
function benchmarkFacts(fact: MakeFact): Fact[] {
  const page = read("docs/benchmarks.md");
  const throughput = page.slice(page.indexOf("\n## Throughput"));
  const rows = throughput.split("\n").filter((line) => line.startsWith("|")).slice(2, 10)
    .map((line) => line.split("|").map((cell) => cell.trim()));
  // The first two rows are the network of the notebooks, which is bound by latency.
  const shares = (threads: string[]) =>
    rows.slice(2).filter((row) => threads.includes(row[2]!)).map((row) => Number(row[5]));
  const units = rows.slice(2).flatMap((row) => row[1]!.match(/(?<=^H )\d+/) ?? []);
  const range = (threads: string[]) => [
    Math.min(...shares(threads)),
    Math.max(...shares(threads)),
  ];
  return [
    fact("README.md", "reach {} to {} % of the 128-bit peak", ...range(["1", "2"])),
    fact("README.md", "training steps of {} to {} units", units[0]!, units.at(-1)!),
    fact("docs/benchmarks.md", "units reach {} to {} % of the peak", ...range(["1"])),
    fact("docs/benchmarks.md", "and {} to {} % on two cores", ...range(["2"])),
  ];
}

/** Constants of the sources. */
function sourceFacts(fact: MakeFact): Fact[] {
  const guide = "docs/guide.md";
  const overview = "docs/design/overview.md";
  const durability = "docs/design/durability.md";
  const checkpoint = "docs/design/checkpoint.md";
  const kernels = "docs/design/kernels.md";
  const threads = "docs/design/threads.md";
  const choice = "src/engine/thread_choice.ts";
  const bounds = read("tests/assembly/math_test.ts");
  const ulps = (precision: string, name: string) =>
    new RegExp(`"${precision}": \\{.*${name}: ([\\d.]+)`).exec(bounds)![1]!;
  const inMemory = constant("src/files/read_corpus.ts", "MAX_BYTES_IN_MEMORY") / MIB;
  const gzipWindow = constant("src/evaluate/baselines/gzip.ts", "WINDOW_BYTES") / KIB;
  const checkpointMinutes = constant("src/train/loop.ts", "CHECKPOINT_MS") / 60_000;
  const layout = "assembly/layout.ts";
  const sumTree = "assembly/sum_tree.ts";
  return [
    fact(
      guide,
      "below {} kB expect the spelling",
      // Of the models that are picked, the smaller ones are for shorter texts.
      Number(/hidden: 128, .*?minChars: (\d+)_000/.exec(read("src/train/run_estimate.ts"))![1]),
    ),
    fact(guide, "Above {} MiB texts are read from their files", inMemory),
    fact(
      guide,
      "(at most its last {} M)",
      constant("src/evaluate/part_baselines.ts", "MAX_COUNTED") / 1e6,
    ),
    fact(guide, "bytes added to the {} KiB before the part", gzipWindow),
    fact(guide, "cannot look back farther than {} KiB", gzipWindow),
    fact(guide, "Checkpoints are written every {}, or", checkpointMinutes === 1 ? "minute" : "?"),
    fact(
      guide,
      "picked for the longest line, up to {} characters",
      constant("src/text/line_batches.ts", "MAX_LINE"),
    ),
    fact(
      guide,
      "begins to read {} characters before a part",
      constant("page/inside/text_parts.ts", "LEAD").toLocaleString("en"),
    ),
    fact(overview, "Texts of up to {} MiB together are held in memory", inMemory),
    fact(
      overview,
      "through a window of up to {} ids ({} MiB for all together)",
      constant("src/text/batches.ts", "MAX_WINDOW"),
      constant("src/text/batches.ts", "MAX_ALL_WINDOWS") * 4 / MIB,
    ),
    fact(
      overview,
      "keeping {} per {} characters",
      constant("src/train/trainer.ts", "SMOOTHING"),
      constant("src/train/trainer.ts", "SMOOTHING_CHARS"),
    ),
    fact(durability, "run in slices of {} ms", constant("src/event_loop.ts", "SLICE_MS")),
    fact(
      durability,
      "Signals within {} seconds after the first",
      constant("src/cli/signals.ts", "REPEAT_MS") / 1000,
    ),
    fact(
      durability,
      "After {} rollbacks without",
      inWords(constant("src/train/loop.ts", "MAX_ROLLBACKS")),
    ),
    fact(
      checkpoint,
      "regular file of at most {} GiB",
      constant("src/files/checkpoint_file.ts", "MAX_BYTES") / 2 ** 30,
    ),
    fact(
      checkpoint,
      "at most {} MiB, and at most {} KiB more than a quarter",
      constant("src/checkpoint/safetensors_header.ts", "MAX_HEADER_BYTES") / MIB,
      constant("src/checkpoint/safetensors_header.ts", "FREE_HEADER_BYTES") / KIB,
    ),
    fact(
      checkpoint,
      "JSON, at most {} levels deep, with at most {} values",
      constant("src/checkpoint/safetensors_header.ts", "HEADER_DEPTH"),
      constant("src/json.ts", "MAX_VALUES"),
    ),
    fact(kernels, "P is a power of two, at most {}, and", constant(sumTree, "MAX_PARTIALS")),
    fact(kernels, "there are at least {} streams", constant(sumTree, "STREAMS_PER_PARTIAL")),
    fact(
      kernels,
      "at most {} rows × {} KiB",
      constant(layout, "GRADIENT_ROWS"),
      constant(layout, "GRADIENT_CHUNK_BYTES") / KIB,
    ),
    fact(threads, "of at most {} MiB in all", constant(sumTree, "MAX_COPY_BYTES") / MIB),
    fact(
      kernels,
      "sums of squares of blocks of {} KiB",
      constant(layout, "NORM_BLOCK_BYTES") / KIB,
    ),
    fact(kernels, "| MR | {} |", constant("assembly/packing.ts", "MR")),
    fact(kernels, "| KC | {} |", constant("assembly/packing.ts", "KC")),
    fact(kernels, "| MC | {} |", constant("assembly/packing.ts", "MC")),
    ...(["exp", "log", "tanh"] as const).map((name) =>
      fact(kernels, `| ${name} | {} | {} |`, ulps("f32", name), ulps("f64", name))
    ),
    fact(
      threads,
      "With at least {} streams per worker",
      constant("assembly/grid.ts", "MIN_STREAMS_PER_WORKER"),
    ),
    fact(threads, "of the depth, in blocks of {}, whatever", constant("assembly/packing.ts", "KC")),
    fact(
      threads,
      "per {} MFLOP of a round",
      constant("src/engine/thread_count.ts", "MIN_FLOP_PER_THREAD") / 1e6,
    ),
    fact(
      threads,
      "round takes more than {} GFLOP begins",
      constant("src/engine/thread_count.ts", "LARGE_ROUND") / 1e9,
    ),
    fact(
      threads,
      "rounds of {} ms or more",
      constant("src/engine/auto_threads.ts", "BLOCK_MS"),
    ),
    fact(threads, "One thread computes for {} ms", constant(choice, "WARM_UP_MS")),
    fact(
      threads,
      "A difference of {} % counts",
      Math.round(100 * (constant(choice, "CLEAR") - 1)),
    ),
    fact(threads, "at the latest after {} blocks", constant(choice, "MAX_BLOCKS")),
    fact(
      threads,
      "More threads must be {} % faster, and fewer may be {} % slower",
      Math.round(100 * (1 - constant(choice, "MORE_IS_FASTER"))),
      Number((100 * (constant(choice, "FEWER_IS_FASTER") - 1)).toFixed(1)),
    ),
    fact(threads, "block is measured every {} ms", constant(choice, "WATCH_MS")),
    fact(threads, "differs by {} % from", Math.round(100 * (constant(choice, "CHANGE") - 1))),
    fact(
      threads,
      "compared after {} s, 4 s, … {} s",
      constant(choice, "MIN_LOOK_MS") / 1000,
      constant(choice, "MAX_LOOK_MS") / 1000,
    ),
    fact(threads, "may lose {} % of the time", 100 * constant(choice, "MAX_LOSS")),
    fact(threads, "the next wait, down to {}, and", constant("assembly/workers.ts", "MIN_SPINS")),
    fact(
      threads,
      "One wait in {} polls",
      constant("assembly/workers.ts", "WAITS_PER_TRIAL"),
    ),
    fact(
      threads,
      "from {} weights of Whh on",
      constant("assembly/grid.ts", "MIN_SHARED_WEIGHTS"),
    ),
    fact(threads, "that word every {} ms", constant("assembly/workers.ts", "SLEEP_NS") / 1e6),
    fact(
      "docs/glossary.md",
      "gates of a cell: {} (rnn), {} (gru), {} (lstm)",
      cells.rnn.gates,
      cells.gru.gates,
      cells.lstm.gates,
    ),
    fact(
      "docs/glossary.md",
      "smoothed over about {} characters",
      constant("src/train/trainer.ts", "SMOOTHING_CHARS") /
        (1 - constant("src/train/trainer.ts", "SMOOTHING")),
    ),
    fact("docs/guide.md", "a graph of opset {}, with", constant("src/export/onnx.ts", "OPSET")),
    fact(kernels, "Groups of up to {} vectors", constant("assembly/matvec.ts", "MAX_GROUP")),
    fact(
      "examples/README.md",
      "A network learns {} characters",
      /const TEXT = "([^"]+)"/.exec(read("examples/notebooks/implement_rnn.ts"))![1]!.length,
    ),
    fact(
      "examples/README.md",
      "trains a model of a text for {} steps",
      Number(/steps: (\d+)/.exec(read("examples/train_and_sample.ts"))![1]),
    ),
  ];
}

/** Lists of names. */
function nameFacts(fact: MakeFact): Fact[] {
  const keys = Object.keys(JSON.parse(formatMetrics({
    step: 1,
    epoch: 0,
    chars: 0,
    loss: 0,
    batchLoss: 0,
    validationLoss: null,
    lr: 0,
    charsPerSecond: 0,
    threads: 1,
    elapsedSeconds: 0,
  })));
  const steering = trainCommand.options.map(({ name }) => name).filter((name) => {
    const key = propertyOf(name);
    return key in baseConfig && !(key in fixedKeys);
  });
  const notebooks = read("examples/notebooks/main.ts")
    .match(/notebooks: readonly Notebook\[\] = \[([^\]]*)\]/)![1]!.split(",").length;
  return [
    fact("docs/guide.md", "one JSON object per line: {} |", keys.join(", ")),
    fact(
      "docs/guide.md",
      "the options that only steer the training: {}. `config.json`",
      listOf(steering.map((name) => `\`--${name}\``)),
    ),
    fact("README.md", "**Readable.** {} [notebooks]", capitalized(inWords(notebooks))),
    fact("README.md", "runs the {} notebooks", inWords(notebooks)),
    fact("docs/guide.md", "descends from {} NumPy notebooks", inWords(notebooks)),
    fact("examples/README.md", "descends from {} notebooks", inWords(notebooks)),
  ];
}

/**
 * A document with the gaps of its facts filled.
 *
 * @throws {Error} if it does not have one of the passages exactly once.
 */
export function withCurrentFacts(markdown: string, facts: readonly Fact[]): string {
  return facts.reduce((text, fact) => {
    const [span, ...others] = gapsOf(text, fact);
    if (span === undefined || others.length > 0) {
      throw new Error(
        `Cannot fill "${fact.passage}": ${fact.document} has it ${
          others.length + (span ? 1 : 0)
        } times`,
      );
    }
    return span.reduceRight((filled, [start, end], i) => {
      // The formatter may have broken the line.
      const isSame = filled.slice(start, end).replaceAll(/\s+/g, " ") === fact.values[i];
      return isSame ? filled : filled.slice(0, start) + fact.values[i] + filled.slice(end);
    }, text);
  }, markdown);
}

/** Where the gaps of a fact are, once for each time that the passage occurs. */
export function gapsOf(
  markdown: string,
  { passage, values }: Fact,
): [start: number, end: number][][] {
  const parts = passage.split("{}");
  if (parts[0] === "" || parts.at(-1) === "") {
    throw new Error(`Cannot find "${passage}": a gap at its beginning or end has no bounds`);
  }
  const pattern = parts.map((part, i) => {
    const words = part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/ +/g, "\\s+");
    const gap = values[i]?.includes(" ") ? "(?:(?!\\n\\n)[^|])+?" : "[^\\s|]+?";
    return i < parts.length - 1 ? `${words}(${gap})` : words;
  }).join("");
  return Array.from(
    markdown.matchAll(new RegExp(pattern, "dg")),
    (match) => match.indices!.slice(1) as [number, number][],
  );
}

/** The figures of a page's prose that stand in no gap; numbers of list items and headings aside. */
export function figuresOutside(markdown: string, facts: readonly Fact[]): string[] {
  const gaps = facts.flatMap((fact) => gapsOf(markdown, fact)).flat();
  const blank = (text: string) => text.replace(/[^\n]/g, " ");
  const prose = markdown.replace(/^```.*?^```/gms, blank).replace(/^#.*$/gm, blank)
    .replace(/^ *\d+\. /gm, blank).replace(/`[^`\n]*`/g, blank).replace(/\]\([^)]*\)/g, blank);
  return Array.from(prose.matchAll(/(?<![\w.+-])\d[\d,.]*(?<=\d)(?!\w|-bit)/g))
    .filter(({ index }) => !gaps.some(([start, end]) => start <= index && index < end))
    .map(({ 0: figure, index }) => {
      const context = markdown.slice(Math.max(0, index - 30), index + figure.length + 20);
      return `${figure} in "${context.replaceAll(/\s+/g, " ")}"`;
    });
}

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, root));
}

/** The value of a numeric constant of a source file: a product, power or shift of numbers. */
function constant(path: string, name: string): number {
  const [, expression] = new RegExp(`const ${name}(?:: \\w+)? = ([^;]+);`).exec(read(path)) ?? [];
  if (expression === undefined) throw new Error(`${path} has no constant ${name}`);
  const terms = expression.split(" * ").map((term) => {
    const [base, sign, exponent] = term.split(/ (\*\*|<<) /);
    const value = Number(base!.replaceAll("_", ""));
    if (sign === "**") return value ** Number(exponent);
    return sign === "<<" ? value * 2 ** Number(exponent) : value;
  });
  const product = terms.reduce((a, b) => a * b, 1);
  if (!Number.isFinite(product)) throw new Error(`${path}: ${name} is no product of numbers`);
  return product;
}

function inWords(n: number): string {
  const words = "zero one two three four five six seven eight nine ten".split(" ");
  return words[n] ?? String(n);
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function listOf(names: readonly string[]): string {
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
