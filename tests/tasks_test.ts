/** The tasks of deno.json, started as a user starts them. */
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";

const root = new URL("../", import.meta.url);
const canRun = ["read", "run"].every((name) =>
  Deno.permissions.querySync({ name: name as "read" | "run" }).state === "granted"
);

Deno.test({
  name:
    "every task that is a program prints its help and rejects unknown options (needs --allow-read and --allow-run)",
  ignore: !canRun,
  async fn() {
    const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", root)));
    const commands = Object.entries<string>(tasks)
      // The gate runs this test.
      .filter(([name, line]) => name !== "ok" && /\bdeno run /.test(line))
      .map(([name]) => name);
    assert(commands.length >= 12);
    for (const name of commands) {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["task", "--quiet", name, "--help"],
        cwd: root,
        stdin: "null",
      }).output();
      assertEquals(code, 0, new TextDecoder().decode(stderr));
      assert(new TextDecoder().decode(stdout).includes("Usage: deno task"), name);
      const rejected = await new Deno.Command(Deno.execPath(), {
        args: ["task", "--quiet", name, "--wrong"],
        cwd: root,
        stdin: "null",
      }).output();
      assertEquals(rejected.code, 2, name);
    }
  },
});

Deno.test({
  name: "tasks read and write where their user is (needs --allow-read, --allow-write, --allow-run)",
  ignore: !canRun || Deno.permissions.querySync({ name: "write" }).state !== "granted",
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "a folder " });
    const config = fileURLToPath(new URL("deno.json", root));
    const task = async (...args: string[]) => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["task", "--quiet", "--config", config, ...args],
        cwd: folder,
        // What deno sets unless a task started it.
        env: { INIT_CWD: folder },
        stdin: "null",
      }).output();
      assertEquals(code, 0, new TextDecoder().decode(stderr));
      return new TextDecoder().decode(stdout);
    };
    try {
      await Deno.writeTextFile(`${folder}/rain.txt`, "The rain in Spain.\n".repeat(20));
      const log = await task("train", "rain.txt", "--hidden", "4", "--steps", "3");
      assert(log.includes("saved in runs/rain\n"), log);
      await task("eval", "runs/rain", "rain.txt");
      await task("score", "runs/rain", "rain.txt", "--html", "page.html");
      const names = [...Deno.readDirSync(folder)].map(({ name }) => name).toSorted();
      assertEquals(names, ["page.html", "rain.txt", "runs"]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
