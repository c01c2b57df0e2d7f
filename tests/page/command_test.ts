/** The server of the page, started as a user starts it. */
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";

const canRun = ["read", "run"].every((name) =>
  Deno.permissions.querySync({ name: name as "read" | "run" }).state === "granted"
);
const root = fileURLToPath(new URL("../../", import.meta.url));
const permissions = ["--allow-read", "--allow-net=127.0.0.1"];

/** Starts the server, and waits for the line with its address. */
async function serve(...args: string[]) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--lock=src/deno.lock", ...permissions, "page/server/serve.ts"]
      .concat(args),
    cwd: root,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value = new Uint8Array() } = await reader.read();
  reader.releaseLock();
  const port = /http:\/\/127\.0\.0\.1:(\d+)\//.exec(new TextDecoder().decode(value))?.[1];
  return { child, port };
}

async function end(child: Deno.ChildProcess): Promise<number> {
  child.kill("SIGINT");
  await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
  return (await child.status).code;
}

Deno.test({
  name: "page prints its address, refuses a port in use, and ends at Ctrl-C " +
    "(needs --allow-read and --allow-run)",
  ignore: !canRun || Deno.build.os === "windows",
  async fn() {
    const { child, port } = await serve("--port", "0");
    assert(port !== undefined);
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--lock=src/deno.lock", ...permissions, "page/server/serve.ts"]
        .concat("--port", port),
      cwd: root,
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
    assertEquals(code, 2);
    assert(new TextDecoder().decode(stderr).includes("--port"));
    assertEquals(await end(child), 130);
  },
});
