/** Runs a command of Deno in the current folder, and throws with its messages if it fails. */
export async function runDeno(args: readonly string[]): Promise<string> {
  return await runCommand(Deno.execPath(), args);
}

/**
 * Runs a program, and throws with its messages if it fails.
 *
 * @returns What it prints.
 */
export async function runCommand(
  program: string,
  args: readonly string[],
  { cwd, env }: { readonly cwd?: string; readonly env?: Record<string, string> } = {},
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    env: { NO_COLOR: "1", ...env },
    ...cwd === undefined ? {} : { cwd },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) {
    // Compilers print their messages to the standard output.
    const messages = decode(stderr).trim() || decode(stdout).trim();
    throw new Error(`Cannot run ${program} ${args[0]}: ${messages}`);
  }
  return decode(stdout);
}
