/** The tasks of deno.json, started as a user starts them. */
import { assert, assertEquals } from "@std/assert";

const root = new URL("../", import.meta.url);
const canRun = ["read", "run"].every((name) =>
  Deno.permissions.querySync({ name: name as "read" | "run" }).state === "granted"
);

Deno.test({
  name: "every task that is a command prints its help (needs --allow-read and --allow-run)",
  ignore: !canRun,
  async fn() {
    const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", root)));
    const commands = Object.entries<string>(tasks)
      .filter(([, line]) => /^deno run .*main\.ts( |$)/.test(line))
      .map(([name]) => name);
    assert(commands.length >= 9);
    for (const name of commands) {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["task", "--quiet", name, "--help"],
        cwd: root,
        stdin: "null",
      }).output();
      assertEquals(code, 0, new TextDecoder().decode(stderr));
      assert(new TextDecoder().decode(stdout).includes("Usage: deno task"), name);
    }
  },
});
