/** The texts that commands read: files, folders, pipes and standard input, all in one way. */

import { readCorpus, type ReadingOptions } from "../files/read_corpus.ts";
import { STANDARD_INPUT_PATH } from "../files/text_paths.ts";
import { quotePath } from "../json.ts";
import type { Corpus } from "../text/corpus.ts";
import { checkPolicy, type UnknownPolicy } from "../text/unknown.ts";
import { describeUnknown, type UnknownCharacter } from "../text/unknown_characters.ts";
import type { Vocabulary } from "../text/vocabulary.ts";
import { type CommandLine, type Option, present } from "./args.ts";
import { formatCount } from "./format.ts";
import { printMessage } from "./output.ts";
import { ProgressBar } from "./progress_bar.ts";

/** Paths of standard input. Deno opens none of those below /dev. */
const standardInputs: readonly string[] = ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"];

/** The run folder of a text from standard input or a pipe of the shell, if none is given. */
export const UNNAMED_RUN = "runs/stdin";

/** The option of every command that reads a text, because errors about encodings name it. */
export const encodingOption: Option = {
  name: "encoding",
  value: "NAME",
  description: "Encoding of the texts, for example windows-1252, utf-16le or shift_jis",
  default: "utf-8",
};

/** The options of commands that read texts. */
export const textOptions: readonly Option[] = [
  encodingOption,
  {
    name: "separator",
    value: "TEXT",
    description: "What is put between two texts; \\n is a line break, \\t a tab",
    default: "\\n",
  },
];

/** The option of commands that read texts with a model. */
export const unknownOption: Option = {
  name: "unknown",
  value: "NAME",
  description:
    "What happens to characters that the model does not know: skip (leave them out) or " +
    "replace (by the unknown symbol, or by a similar character or a space)",
  default: "the command lists them and ends, unless the model was trained with --min-count",
};

/** What <text...> may be, for the help of commands that read texts. */
export const textNote =
  "Each <text> is a file, a folder (all texts in it), a quoted pattern such as 'notes/**/*.md', a " +
  "pipe, or - for standard input. Files compressed with gzip or Zstandard are decompressed. Several " +
  "texts are joined in the order in which they are given, those of a folder or pattern by path.";

/** Whether a path stands for standard input. */
export function isStandardInput(path: string): boolean {
  return standardInputs.includes(path);
}

/** Whether a path is no name for a text: standard input, or the `/dev/fd/63` of `<(…)`. */
export function isUnnamed(path: string): boolean {
  return isStandardInput(path) || /^\/(dev|proc\/self)\/fd\/\d+$/.test(path);
}

/** How texts are read, as far as a command line says it. */
export function readTextOptions(line: CommandLine): ReadingOptions {
  const separator = line.text("separator");
  return present({
    encoding: line.text("encoding"),
    separator: separator === undefined ? undefined : unescape(separator),
    minCount: line.number("min-count"),
  });
}

/** How texts are read with a model, as far as a command line says it. */
export function readModelTextOptions(line: CommandLine): ReadTextOptions {
  return { ...readTextOptions(line), ...present({ unknown: unknownPolicyOf(line) }) };
}

/** What happens to unknown characters, if a command line says it. */
export function unknownPolicyOf(line: CommandLine): UnknownPolicy | undefined {
  const unknown = line.text("unknown") as UnknownPolicy | undefined;
  if (unknown !== undefined) checkPolicy(unknown);
  return unknown;
}

/** Prints which characters a model did not know, and what became of them. */
export function reportUnknown(
  unknown: readonly UnknownCharacter[],
  policy: UnknownPolicy | undefined,
): void {
  if (unknown.length === 0) return;
  const fate = policy === "skip"
    ? "left out"
    : policy === "replace"
    ? "replaced"
    : "read as U+FFFD";
  printMessage(`Unknown characters, ${fate}: ${describeUnknown(unknown)}`);
}

/** A text in which `\n`, `\r`, `\t` and `\\` stand for one character each. */
function unescape(text: string): string {
  const characters: Record<string, string> = { n: "\n", r: "\r", t: "\t", "\\": "\\" };
  return text.replace(/\\([nrt\\])/g, (_, letter: string) => characters[letter]!);
}

/** Options of {@linkcode readText}. */
export interface ReadTextOptions extends ReadingOptions {
  /** The vocabulary to encode the text with. Default: the text's own. */
  readonly vocabulary?: Vocabulary;
  /** What happens to characters that it lacks. */
  readonly unknown?: UnknownPolicy;
  /** The maximal length in bytes. Default: any. */
  readonly maxBytes?: number;
  /** The folder of a temporary file for a long text that no file holds. Default: none. */
  readonly temporaryFolder?: string;
}

/** The paths, with one of standard input's names. */
export function standardPaths(paths: readonly string[]): string[] {
  return paths.map((path) => isStandardInput(path) ? STANDARD_INPUT_PATH : path);
}

/**
 * Reads the texts that a command line names, with a progress bar.
 *
 * @param paths Files, folders, patterns, pipes, or `-` for standard input.
 * @throws {InputError} as {@linkcode readCorpus} does.
 */
export async function readText(
  paths: readonly string[],
  options: ReadTextOptions = {},
): Promise<Corpus> {
  const given = standardPaths(paths);
  if (given.includes(STANDARD_INPUT_PATH) && Deno.stdin.isTerminal()) {
    printMessage("Type the text; end it with Ctrl-D on a line of its own");
  }
  const skipped: string[] = [];
  const corpus = await readWithProgress(given, {
    ...options,
    onSkip: ({ path }) => skipped.push(path),
  });
  if (skipped.length > 0) printMessage(describeSkipped(skipped));
  if (options.vocabulary !== undefined) reportUnknown(corpus.unknown, options.unknown);
  return corpus;
}

/** Shorter texts are read in no time, and if they are not, no estimate is right. */
const MIN_BYTES_WITH_PROGRESS = 2 ** 22;

async function readWithProgress(
  paths: readonly string[],
  options: Parameters<typeof readCorpus>[1],
): Promise<Corpus> {
  using progress = new ProgressBar("Reading the text");
  return await readCorpus(paths, {
    ...options,
    // The length of standard input is not known.
    ...paths.includes(STANDARD_INPUT_PATH) ? {} : {
      onProgress: ({ bytes, total }) => {
        if (total > MIN_BYTES_WITH_PROGRESS) progress.update(bytes, total);
      },
    },
  });
}

/** Names some files that were passed over. */
function describeSkipped(paths: readonly string[]): string {
  const [first] = paths;
  const others = paths.length - 1;
  const more = others === 0 ? "" : ` and ${formatCount(others, "more file")}`;
  return `Skipped ${quotePath(first!)}${more}: empty, or no text`;
}
