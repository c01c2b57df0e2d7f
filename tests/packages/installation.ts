/** The packed package, installed with npm, and the runtimes and tools that it is tested with. */
import { runCommand, runDeno } from "../../pack/run_deno.ts";

/** The variable with the folder of the installation; see run.ts. */
const VARIABLE = "UNROLL_PACKAGES";
const root = new URL("../../", import.meta.url).pathname;

/** What npm calls the binaries of this platform. */
const platform = `${Deno.build.os === "windows" ? "win" : Deno.build.os}-${
  Deno.build.arch === "aarch64" ? "arm64" : "x64"
}`;

/** Runtimes and tools; packages that have the same name stand under aliases. */
const tools = {
  node22: `npm:node-${platform}@22.23.3`,
  node24: `npm:node-${platform}@24.21.0`,
  bun: `npm:@oven/bun-${platform.replace("win", "windows").replace("arm64", "aarch64")}@1.4.5`,
  esbuild: "0.28.2",
  vite: "8.3.8",
  rollup: "4.68.8",
  "playwright-core": "1.65.1",
  publint: "0.3.25",
  "typescript5": "npm:typescript@5.9.3",
  "typescript7": "npm:typescript@7.0.2",
};

/** The runtimes that programs run in. */
export const runtimes = ["node22", "node24", "bun", "deno"] as const;

/** A runtime of programs. */
export type Runtime = typeof runtimes[number];

/** The folder of the installation, or `undefined` if the tests were started without it. */
function installedIn(): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: VARIABLE });
  return state === "granted" ? Deno.env.get(VARIABLE) : undefined;
}

/**
 * Packs the package and installs it, as a user does, into `program/`, and what it is tested with
 * into `tools/`.
 *
 * @param folder An empty folder.
 */
export async function install(folder: string): Promise<void> {
  console.log("Packing, and installing packages with npm");
  await runDeno(["task", "--quiet", "--config", `${root}deno.json`, "pack"]);
  const archive = (await npm(folder, ["pack", `${root}dist/npm`])).trim().split("\n").at(-1);
  await Promise.all([
    installInto(`${folder}/program`, { "@unroll/unroll": `file:../${archive}` }),
    installInto(`${folder}/tools`, tools),
  ]);
}

async function installInto(folder: string, dependencies: Record<string, string>): Promise<void> {
  await Deno.mkdir(folder);
  const contents = { private: true, type: "module", dependencies };
  await Deno.writeTextFile(`${folder}/package.json`, JSON.stringify(contents));
  await npm(folder, ["install", "--ignore-scripts"]);
}

async function npm(cwd: string, args: readonly string[]): Promise<string> {
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  return await runCommand("npm", [...args, ...quiet], { cwd });
}

/** What a test of the package gets. */
export interface Installation {
  /** A new folder in which `@unroll/unroll` is installed. */
  readonly folder: string;
  /** The folder in which runtimes and tools are installed. */
  readonly tools: string;
}

/** A test of the installed package; ignored unless run.ts has installed it. */
export function testPackage(
  name: string,
  fn: (installation: Installation) => void | Promise<void>,
  { ignore = false }: { readonly ignore?: boolean } = {},
): void {
  const installed = installedIn();
  Deno.test({
    name: installed === undefined
      ? `${name} (needs deno task test-packages, which installs packages with npm)`
      : name,
    ignore: ignore || installed === undefined,
    async fn() {
      const folder = await Deno.makeTempDir({ dir: `${installed}/program` });
      try {
        await fn({ folder, tools: `${installed}/tools` });
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

/** The program and first arguments that run a JavaScript file. */
export function commandOf(runtime: Runtime, tools: string): string[] {
  const suffix = Deno.build.os === "windows" ? ".exe" : "";
  if (runtime === "deno") return [Deno.execPath(), "run", "--quiet", "--allow-all"];
  if (runtime === "bun") return [`${tools}/node_modules/bun/bin/bun${suffix}`];
  return [`${tools}/node_modules/${runtime}/bin/node${suffix}`];
}
