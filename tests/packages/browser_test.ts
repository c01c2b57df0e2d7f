/** The installed package in a worker of a page in Chromium: the same bits as from source. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import * as unroll from "../../src/mod.ts";
import { pageOptions, withPage } from "./chromium.ts";
import { exercise, fail } from "./exercise.js";
import { type Installation, testPackage } from "./installation.ts";

const precisions = ["f32", "f32-strict", "f64"] as const;

/** A worker that prepares threads, then trains with as many as it has got. */
const worker = `
  import * as unroll from "/unroll/mod.js";
  import { exercise, fail, text } from "/exercise.js";
  const threads = await unroll.prepareThreads(2);
  const results = [];
  for (const precision of ${JSON.stringify(precisions)}) {
    for (const count of threads === 2 ? [1, 2, "auto"] : [1, "auto"]) {
      results.push(await exercise(unroll, { precision, threads: count }));
    }
  }
  const errors = await fail({ unroll });
  const refusal = await unroll.train(unroll.corpusFromText(text), { threads: 9 })
    .then(() => "none", String);
  postMessage({ threads, results, errors, refusal });
`;

/** What the worker sends. */
interface Outcome {
  readonly threads: number;
  readonly results: readonly unknown[];
  readonly errors: Readonly<Record<string, string>>;
  readonly refusal: string;
}

/** Starts a module as a worker and waits for its message. */
const runWorker = `new Promise((resolve, reject) => {
  const worker = new Worker("/worker.js", { type: "module" });
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = ({ message }) => reject(new Error(message));
})`;

async function foldersOf({ folder }: Installation): Promise<Record<string, string>> {
  await Deno.copyFile(new URL("exercise.js", import.meta.url), `${folder}/exercise.js`);
  return { "/": folder, "/unroll/": `${folder}/../node_modules/@unroll/unroll` };
}

for (const isIsolated of [false, true]) {
  const kind = isIsolated ? "an isolated page" : "a page that is not isolated";
  testPackage(`The package trains as from source in a worker of ${kind}`, async (installation) => {
    const folders = await foldersOf(installation);
    await Deno.writeTextFile(`${installation.folder}/worker.js`, worker);
    const { threads, results, ...messages } = await withPage(
      { folders, tools: installation.tools, isIsolated },
      async ({ page, origin, errors, requests }) => {
        await page.goto(`${origin}/empty.html`);
        const outcome = await page.evaluate<Outcome>(runWorker);
        assertEquals(errors, []);
        assert(requests.includes("/unroll/mod.js"));
        assertEquals(requests.filter((path) => !path.startsWith("/")), []);
        return outcome;
      },
    );
    assertEquals(threads, isIsolated ? 2 : 1);
    const expected = [];
    for (const precision of precisions) {
      const result = await exercise(unroll, { precision, threads: 1 });
      expected.push(...Array.from({ length: threads + 1 }, () => result));
    }
    assertEquals(results, JSON.parse(JSON.stringify(expected)));
    assertEquals(messages.errors, await fail({ unroll }));
    assertMatch(messages.refusal, /^InputError: Cannot start 9 threads: .*prepareThreads\(9\)/);
  }, pageOptions);
}

testPackage(
  "A page whose policy forbids threads or WebAssembly is told so",
  async (installation) => {
    const { folder, tools } = installation;
    const folders = await foldersOf(installation);
    const program = `
    import * as unroll from "/unroll/mod.js";
    import { text } from "/exercise.js";
    const threads = await unroll.prepareThreads(2);
    const outcome = await unroll.train(unroll.corpusFromText(text), { steps: 2 })
      .then(({ latest }) => latest.progress.step, String);
    postMessage({ threads, outcome });
  `;
    await Deno.writeTextFile(`${folder}/worker.js`, program);
    const outcomeOf = async (policy: string) =>
      await withPage(
        { folders, tools, isIsolated: true, policy },
        async ({ page, origin }) => {
          await page.goto(`${origin}/empty.html`);
          return await page.evaluate<{ threads: number; outcome: unknown }>(runWorker);
        },
      );
    assertEquals(await outcomeOf("script-src 'self' 'wasm-unsafe-eval'"), {
      threads: 1,
      outcome: 2,
    });
    const { outcome } = await outcomeOf("script-src 'self'");
    assertMatch(String(outcome), /^Error: Cannot compute: this page forbids WebAssembly/);
  },
  pageOptions,
);
