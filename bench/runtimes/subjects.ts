/** Runtimes with the installed package, which train when they are asked to. */
import { createRequire } from "node:module";
import { type Page, withPage } from "../../tests/packages/chromium.ts";
import { rendererIds } from "./cpu_time.ts";
import { commandOf, type Runtime } from "../../tests/packages/installation.ts";

/** A runtime that trains. */
export interface Subject {
  /** Its processes. */
  readonly ids: readonly number[];
  /** Trains with a configuration, and returns the number of characters. */
  train(config: string): Promise<number>;
}

/** How subjects are started. */
export interface SubjectOptions {
  /** The folder in which the package is installed. */
  readonly folder: string;
  /** The folder in which runtimes and Playwright are installed. */
  readonly tools: string;
  /** Seconds of one training. */
  readonly seconds: number;
}

/** Starts a process, and runs a function with it. */
export async function withProcess<T>(
  { runtime, flags = [] }: { readonly runtime: Runtime; readonly flags?: readonly string[] },
  { folder, tools, seconds }: SubjectOptions,
  fn: (subject: Subject) => Promise<T>,
): Promise<T> {
  const [program, ...args] = commandOf(runtime, tools);
  const child = new Deno.Command(program!, {
    args: [...args, ...flags, "program.js", String(seconds)],
    cwd: folder,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    return await fn({
      ids: [child.pid],
      async train(config) {
        await input.write(new TextEncoder().encode(`${config}\n`));
        const { value } = await output.read();
        return Number(value);
      },
    });
  } finally {
    await output.cancel();
    await input.close().catch(() => {});
    await child.status;
  }
}

/** The worker of the page. */
const worker = `
  import * as unroll from "/unroll/mod.js";
  import { configs, prepare } from "/steps.js";
  const trainings = {};
  onmessage = ({ data: { config, seconds } }) => {
    const train = trainings[config] ??= prepare(unroll, configs[config]);
    postMessage(train(seconds));
  };
`;

/** The folder of the package, which is installed in a folder or the one around it. */
function packageIn(folder: string): string {
  const { resolve } = createRequire(`${folder}/package.json`);
  return resolve("@unroll/unroll").replace(/[/\\][^/\\]*$/, "");
}

/** Opens a page of Chromium with a worker, and runs a function with it. */
export async function withChromium<T>(
  { folder, tools, seconds }: SubjectOptions,
  fn: (subject: Subject) => Promise<T>,
): Promise<T> {
  await Deno.writeTextFile(`${folder}/worker.js`, worker);
  const folders = { "/": folder, "/unroll/": packageIn(folder) };
  return await withPage({ folders, tools }, async ({ page, origin }) => {
    await page.goto(`${origin}/empty.html`);
    await page.evaluate(`worker = new Worker("/worker.js", { type: "module" }), undefined`);
    const ids = await rendererIds();
    return await fn({ ids, train: (config) => trainInPage(page, { config, seconds }) });
  });
}

async function trainInPage(
  page: Page,
  task: { readonly config: string; readonly seconds: number },
): Promise<number> {
  return await page.evaluate<number>(`new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(${JSON.stringify(task)});
  })`);
}
