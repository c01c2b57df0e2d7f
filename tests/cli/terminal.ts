/** Whether programs can be run under a pseudo-terminal, which `script` of util-linux makes. */

/** Whether the permissions that it takes are given. */
export const permitted: boolean = (["read", "write", "run"] as const).every((name) =>
  Deno.permissions.querySync({ name }).state === "granted"
);

/** Whether the machine has it; asked only where running is permitted. */
export function hasScript(): boolean {
  try {
    const { success, stdout } = new Deno.Command("script", { args: ["--version"] }).outputSync();
    return success && new TextDecoder().decode(stdout).includes("util-linux");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
