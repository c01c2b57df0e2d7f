/** Configurations that compete to be a default, written as options of `train`. */
import { readCommandLine } from "../../src/cli/args.ts";
import { readConfig } from "../../src/cli/train_options.ts";
import { trainCommand } from "../../src/cli/train.ts";
import { InputError, withContext } from "../../src/errors.ts";
import { quote } from "../../src/json.ts";
import type { ConfigInput } from "../../src/model/resolve_config.ts";

/** A configuration that competes. */
export interface Candidate {
  /** Options of `train`, for example `--layers 2 --hidden 112`; empty for the present defaults. */
  readonly options: string;
  /** The keys that these options give. */
  readonly config: ConfigInput;
}

/**
 * Reads candidates: one per line, as options of `train`; `auto` stands for none. Empty lines and
 * lines that begin with `#` are comments.
 *
 * @throws {InputError} if an option is unknown or no part of a configuration, or there is no line.
 */
export function parseCandidates(text: string): Candidate[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (lines.length === 0) {
    throw new InputError("Cannot read candidates: there are none; each line is one, as options");
  }
  return lines.map((options) =>
    withContext(`Cannot read the candidate ${quote(options)}`, () => parseCandidate(options))
  );
}

function parseCandidate(options: string): Candidate {
  if (options === "auto") return { options, config: {} };
  const args = options.split(/\s+/);
  const config = readConfig(readCommandLine(trainCommand, ["a text", ...args]));
  const given = args.filter((arg) => arg.startsWith("--")).length;
  if (Object.keys(config).length < given) {
    throw new InputError("it has an option that is no part of a configuration");
  }
  return { options, config };
}
