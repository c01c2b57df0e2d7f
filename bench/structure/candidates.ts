/** Trainings that are compared, written as options of `train`. */
import { readCommandLine } from "../../src/cli/args.ts";
import { readConfig, readLimits } from "../../src/cli/train_options.ts";
import { trainCommand } from "../../src/cli/train.ts";
import { InputError, withContext } from "../../src/errors.ts";
import { quote } from "../../src/json.ts";
import type { ConfigInput } from "../../src/model/resolve_config.ts";
import type { RunLimits } from "../../src/run/mod.ts";

/** A training that is compared. */
export interface Candidate {
  /** Options of `train`, for example `--lines --minutes 2`; `auto` stands for none. */
  readonly options: string;
  /** The keys of the configuration that these options give. */
  readonly config: ConfigInput;
  /** The limits that they give. */
  readonly limits: RunLimits;
}

/**
 * Reads candidates, which semicolons separate.
 *
 * @throws {InputError} if an option is unknown, or is neither of a configuration nor a limit.
 */
export function parseCandidates(text: string): Candidate[] {
  return text.split(";").map((part) => part.trim()).map((options) =>
    withContext(`Cannot read the candidate ${quote(options)}`, () => parseCandidate(options))
  );
}

function parseCandidate(options: string): Candidate {
  const args = options === "auto" ? [] : options.split(/\s+/);
  if (options === "") throw new InputError("it is empty; auto stands for the defaults");
  const line = readCommandLine(trainCommand, ["a text", ...args]);
  const [config, limits] = [readConfig(line), readLimits(line)];
  const given = args.filter((arg) => arg.startsWith("--")).length;
  if (Object.keys(config).length + Object.keys(limits).length < given) {
    throw new InputError("it has an option that is neither of a configuration nor a limit");
  }
  return { options, config, limits };
}
