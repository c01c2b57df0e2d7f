/** The command line of the packed package, from a folder of a user, with the least permissions. */
import { assertEquals, assertMatch } from "@std/assert";
import { commandOf, type Installation, testPackage } from "./installation.ts";

/** The program and first arguments that run TypeScript for users without and with Deno. */
const denos: readonly (readonly string[])[] = [
  [Deno.execPath(), "run"],
  ["npx", "--yes", `deno@${Deno.version.deno}`, "run"],
];

const cliIn = ({ folder }: Installation) => `${folder}/../node_modules/@unroll/unroll/cli.js`;

async function run(
  folder: string,
  [program, ...args]: readonly string[],
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(program!, {
    args,
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out: out!, err: err! };
}

/** What commands print, one line each for a single one. */
async function outputOf(folder: string, command: readonly string[]): Promise<string> {
  const { code, out, err } = await run(folder, command);
  assertEquals(code, 0, err);
  return out;
}

testPackage(
  "Every command runs with the permissions that the guide names",
  async (installation) => {
    const { folder } = installation;
    await Deno.writeTextFile(`${folder}/text.txt`, "The rain in Spain stays mainly.\n".repeat(60));
    const command = (permissions: readonly string[], ...args: string[]) =>
      outputOf(folder, [...denos[0]!, "--no-prompt", ...permissions, cliIn(installation), ...args]);
    const read = "--allow-read";
    const log = await command([read, "--allow-write"], "train", "text.txt", "--steps", "20");
    assertMatch(log, /saved in runs\/text\n/);
    assertMatch(await command([], "train", "--help"), /Usage: unroll train <text/);
    await command([read, "--allow-write"], "train", "--resume", "runs/text", "--steps", "30");
    const sample = ["sample", "runs/text", "--prompt", "The ", "--length", "20"];
    const text = await command([read], ...sample);
    assertEquals(text.trimEnd().length, 24);
    assertMatch(await command([read], "eval", "runs/text", "text.txt"), /gzip/);
    assertMatch(await command([read], "score", "runs/text", "text.txt"), /T/);
    assertMatch(await command([], "gradcheck", "--hidden", "3"), /\d/);
    // The command line of the package is that of the source.
    const source = new URL("../../src/cli/main.ts", import.meta.url).pathname;
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const args = ["--no-check", "--no-prompt", "--config", config, read, source, ...sample];
    assertEquals(await outputOf(folder, [...denos[0]!, ...args]), text);
  },
);

testPackage("npx runs the command line for users without Deno", async (installation) => {
  const command = [...denos[1]!, cliIn(installation), "gradcheck", "--hidden", "3"];
  assertMatch(await outputOf(installation.folder, command), /\d/);
});

testPackage("The command line says in Node.js that it needs Deno", async (installation) => {
  for (const runtime of ["node22", "node24", "bun"] as const) {
    const command = [...commandOf(runtime, installation.tools), cliIn(installation), "train"];
    const { code, out, err } = await run(installation.folder, command);
    assertEquals([code, out], [1, ""], runtime);
    assertMatch(err, /^error: Cannot run a command: [^\n]*needs Deno[^\n]*\n$/);
  }
});
