/** Tasks of the project itself, which take no arguments. */
import { exitCodeOf } from "./src/cli/program.ts";

/**
 * Prints the help or the version of a task and ends, if that is asked for; ends with an error, if
 * there are other arguments. A task that ignored them would do something else than was asked.
 *
 * @param name The task.
 * @param summary What it does, in one line without a final period.
 */
export async function checkArguments(name: string, summary: string): Promise<void> {
  let isRun = false;
  const run = () => {
    isRun = true;
    return 0;
  };
  const command = { name, summary, operands: [], options: [], notes: [], run };
  const code = await exitCodeOf([command], [name, ...Deno.args]);
  if (!isRun) Deno.exit(code);
}
