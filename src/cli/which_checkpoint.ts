/** The choice between the checkpoints of a run folder, for commands that use a model. */
import type { ReadCheckpointOptions } from "../files/checkpoint_file.ts";
import type { CommandLine, Option } from "./args.ts";

/** The option of commands that read a model. */
export const latestOption: Option = {
  name: "latest",
  description: "Use the latest checkpoint of a run folder instead of the best, which has the " +
    "lowest validation loss",
};

/** Which checkpoint of a run folder a command line asks for. */
export function whichCheckpoint(line: CommandLine): ReadCheckpointOptions {
  return { which: line.flag("latest") ? "latest" : "best" };
}
