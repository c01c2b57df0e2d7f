import { fileURLToPath } from "node:url";
import type { Command } from "../../src/cli/args.ts";
import { printMessage, printResult } from "../../src/cli/output.ts";
import { readMetrics, readRun } from "../../src/run/mod.ts";
import type { TrainingMetrics } from "../../src/mod.ts";
import { limitSteps, train } from "../../tests/page/actions.ts";
import { type Page, withPage } from "../../tests/page/browser.ts";
import { median } from "../statistics.ts";
import { readTimingOptions, type TimingOptions, timingOptions } from "../timing_options.ts";

const defaults: TimingOptions = { rounds: 3, seconds: 8 };
const root = fileURLToPath(new URL("../../", import.meta.url));
/** Time of training before it is measured, so that engines have compiled all code. */
const WARM_UP_MS = 2000;

/** Time that the command line takes to start. */
const START_MS = 1000;
/** Steps of both trainings: more than they take while they are measured. */
const STEPS = 1_000_000;

/** How a training with the automatic configuration starts in the page. */
interface PageStart {
  /** Seconds from pressing Train to the first sample. */
  readonly firstSample: number;
  /** Bytes that were sent until then, without texts. */
  readonly loaded: number;
}

/** The speed of a training in the page. */
interface PageSpeed {
  readonly stepsPerSecond: number;
  readonly threads: number;
}

/** `deno task compare-page`: the speed of training in the page, next to the command line. */
export const comparePageCommand: Command = {
  name: "compare-page",
  summary: "Measure training in the page, in Chromium, next to the command line",
  operands: [],
  options: timingOptions(defaults),
  notes: [
    `Both train examples/alice.txt in turn, with the automatic configuration of ${STEPS} steps and ` +
    "the same number of threads. The first sample is that of a run without a limit.",
  ],
  async run(line) {
    const { rounds, seconds } = readTimingOptions(line, defaults);
    Deno.chdir(root);
    const starts: PageStart[] = [];
    let threads = 1;
    const ratios: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      printMessage(`Round ${round} of ${rounds}`);
      starts.push(await startInPage());
      const page = await trainInPage(seconds);
      ({ threads } = page);
      ratios.push(page.stepsPerSecond / await trainInTerminal(seconds, threads));
    }
    printResult(`threads                          ${threads}`);
    printResult(`steps/s ÷ steps/s in a terminal  ${median(ratios).toFixed(2)}`);
    printResult(`s from Train to the first sample ${firstSampleOf(starts)}`);
    printResult(`kB loaded, compressed            ${Math.ceil(starts[0]!.loaded / 1000)}`);
    return 0;
  },
};

function firstSampleOf(starts: readonly PageStart[]): string {
  return median(starts.map(({ firstSample }) => firstSample)).toFixed(1);
}

async function startInPage(): Promise<PageStart> {
  return await withPage(async ({ page }) => {
    await page.waitForFunction('document.querySelector(".run-bar .primary")?.disabled === false');
    const begin = performance.now();
    await train(page);
    const firstSample = (performance.now() - begin) / 1000;
    return { firstSample, loaded: await loadedBytes(page) };
  });
}

async function trainInPage(seconds: number): Promise<PageSpeed> {
  return await withPage(async ({ page }) => {
    await limitSteps(page, STEPS);
    await page.waitForFunction('document.querySelector(".run-bar .primary")?.disabled === false');
    await train(page);
    await page.waitForTimeout(WARM_UP_MS);
    const before = await stepsOf(page);
    await page.waitForTimeout(1000 * seconds);
    const after = await stepsOf(page);
    return {
      stepsPerSecond: 1000 * (after.steps - before.steps) / (after.at - before.at),
      threads: Number(await page.locator(".figures div:last-child dd").textContent()),
    };
  });
}

/** The number of steps when it changes next, and when that is. */
async function stepsOf(page: Page): Promise<{ readonly steps: number; readonly at: number }> {
  return await page.evaluate(`new Promise((resolve) => {
    const figure = document.querySelector(".figures dd");
    new MutationObserver((_, observer) => {
      observer.disconnect();
      resolve({ steps: Number(figure.textContent.replaceAll(",", "")), at: performance.now() });
    }).observe(figure, { subtree: true, characterData: true, childList: true });
  })`);
}

/** What the page and its workers have loaded, compressed, without texts. */
async function loadedBytes(page: Page): Promise<number> {
  // Workers report what they load to themselves alone, so all scripts and styles are counted.
  const names = await page.evaluate<string[]>(
    "performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname.slice(1))",
  );
  const folder = `${root}dist/page/`;
  const needed = new Set(["index.html", ...names]);
  for (const name of needed) {
    if (!name.endsWith(".js")) continue;
    const code = await Deno.readTextFile(folder + name);
    for (const [, imported] of code.matchAll(/from"\.\/([\w-]+\.js)"/g)) needed.add(imported!);
  }
  let bytes = 0;
  for (const name of needed) {
    if (!/\.(js|css|html)$/.test(name) || name === "exported.html") continue;
    const stream = new Blob([await Deno.readFile(folder + name)]).stream()
      .pipeThrough(new CompressionStream("gzip"));
    bytes += (await new Response(stream).bytes()).length;
  }
  return bytes;
}

/** Trains by the command line, and returns steps per second. */
async function trainInTerminal(seconds: number, threads: number): Promise<number> {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/run`;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--allow-read", "--allow-write", "src/cli/main.ts", "train"]
        .concat("examples/alice.txt", "--out", path, "--threads", `${threads}`)
        .concat("--steps", `${STEPS}`),
      ...{ stdin: "null", stdout: "null", stderr: "null" },
    }).spawn();
    await new Promise((resolve) => setTimeout(resolve, START_MS + WARM_UP_MS + 1000 * seconds));
    child.kill("SIGINT");
    await child.status;
    const { runConfig: { config } } = readRun(path);
    const metrics = (await readMetrics(path)).slice(0, -1);
    const last = metrics.at(-1)!;
    const isWarm = ({ elapsedSeconds, step }: TrainingMetrics) =>
      1000 * elapsedSeconds > WARM_UP_MS && step < last.step;
    const first = metrics.find(isWarm) ?? metrics[0]!;
    const chars = (last.chars - first.chars) / (last.elapsedSeconds - first.elapsedSeconds);
    return chars / (config.batchSize * config.seqLength);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
