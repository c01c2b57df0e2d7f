/**
 * Makes the page in dist/page/: static files that any host can serve.
 *
 *     deno task build-page
 */
import { stop } from "esbuild";
import { bundle } from "../pack/bundle.ts";
import { sourceFiles, sourceName } from "./sources.ts";

/** The root of the project. */
const root = new URL("../", import.meta.url);
/** Where the page is written, relative to the root. */
export const PAGE_FOLDER = "dist/page";

/** Scripts that share code. */
const entries = {
  main: "page/main.tsx",
  training_worker: "page/worker/training_worker.ts",
  query_worker: "page/worker/query_worker.ts",
};

/** Style sheets, in their order. */
const styles = [
  "page/style.css",
  "page/charts/charts.css",
  "page/inside/inside.css",
  "page/files/files.css",
];

/** Makes all files of the page, by their paths. */
export async function buildPage(): Promise<Map<string, string>> {
  const temporary = await Deno.makeTempDir();
  try {
    const options = { root, isMinified: true };
    const [scripts, workers] = await Promise.all([
      bundle({ ...options, entries, temporary: `${temporary}/scripts` }),
      bundle({
        ...options,
        entries: { service_worker: "page/service_worker.ts" },
        temporary: `${temporary}/service_worker`,
      }),
    ]);
    const read = (path: string) => Deno.readTextFile(new URL(path, root));
    return new Map([
      ["index.html", await read("page/index.html")],
      ["style.css", (await Promise.all(styles.map(read))).join("\n")],
      ...await Promise.all(
        sourceFiles.map(async (path): Promise<[string, string]> => [
          sourceName(path),
          await read(path),
        ]),
      ),
      ...scripts,
      ...workers,
    ]);
  } finally {
    await Deno.remove(temporary, { recursive: true });
    await stop();
  }
}

if (import.meta.main) {
  Deno.chdir(root);
  const files = await buildPage();
  await Deno.remove(PAGE_FOLDER, { recursive: true }).catch(() => {});
  await Deno.mkdir(PAGE_FOLDER, { recursive: true });
  for (const [path, contents] of files) {
    await Deno.writeTextFile(`${PAGE_FOLDER}/${path}`, contents);
  }
}
