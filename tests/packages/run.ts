/**
 * Tests the npm package as its users have it: packs it, installs it with npm into an empty folder,
 * and runs programs with it in every runtime. It needs npm, and downloads runtimes and bundlers.
 *
 *     deno task test-packages
 */
import { checkArguments } from "../../project_task.ts";
import { install } from "./installation.ts";

await checkArguments("test-packages", "Test the npm package in every runtime");

const folder = await Deno.makeTempDir();
try {
  await install(folder);
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--frozen", "--lock=deno.lock", "--no-check", "--allow-all"]
      .concat("tests/packages/"),
    env: { UNROLL_PACKAGES: folder },
    stdin: "null",
  }).spawn().status;
  Deno.exitCode = code;
} finally {
  await Deno.remove(folder, { recursive: true });
}
