/** The page on a static host: isolation by its service worker, offline use, and its size. */
import { assert, assertEquals } from "@std/assert";
import { gzipSync } from "node:zlib";
import { limitSteps, openText, train, waitUntilReady } from "./actions.ts";
import { type Page, testPage } from "./browser.ts";

const folder = new URL("../../dist/page/", import.meta.url);
const types: Readonly<Record<string, string>> = {
  html: "text/html",
  js: "text/javascript",
  css: "text/css",
  txt: "text/plain",
};

const isBuilt = Deno.permissions.querySync({ name: "env", variable: "UNROLL_TEST_PAGE" }).state ===
    "granted" && Deno.env.get("UNROLL_TEST_PAGE") !== undefined;

/** The number of steps of a training that pauses. */
async function stepOf(page: Page): Promise<number> {
  await page.getByRole("button", { name: "Resume" }).waitFor();
  const figure = await page.locator(".figures dd").first().textContent();
  return Number(figure!.replaceAll(",", ""));
}

/** A host that knows nothing of the page: files and their types. The page is in a folder of it. */
async function serveFile(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  const name = pathname.replace(/^\/some\/folder\//, "") || "index.html";
  try {
    const body = await Deno.readFile(new URL(name, folder));
    return new Response(body, { headers: { "content-type": types[name.split(".").at(-1)!]! } });
  } catch {
    return new Response(null, { status: 404 });
  }
}

const options = { handler: serveFile, hash: "some/folder/" };

testPage(
  "The page is isolated on a static host at the first visit, and then works offline",
  async ({ page }) => {
    await page.waitForFunction("crossOriginIsolated === true");
    await waitUntilReady(page);
    await page.getByText("On this machine, with up to").waitFor();
    await page.context().setOffline(true);
    await page.reload();
    await page.waitForFunction("crossOriginIsolated === true");
    await page.getByRole("radio", { name: /Verse/ }).click();
    await train(page);
  },
  options,
);

testPage(
  "The page replaces workers that do not start, and asks the new ones the same",
  async ({ page }) => {
    await page.waitForFunction("crossOriginIsolated === true");
    await page.addInitScript({
      content: `{
        globalThis.created = {};
        const Original = Worker;
        globalThis.Worker = class extends Original {
          constructor(url, options) {
            const name = /\\w+(?=\\.js$)/.exec(url)[0];
            created[name] = (created[name] ?? 0) + 1;
            const nothing = new Blob([], { type: "text/javascript" });
            super(created[name] === 1 ? URL.createObjectURL(nothing) : url, options);
          }
        };
      }`,
    });
    await page.reload();
    await waitUntilReady(page);
    await train(page);
    await page.locator(".candidates li").first().waitFor();
    assertEquals(await page.evaluate("created"), { training_worker: 2, query_worker: 2 });
  },
  options,
);

testPage(
  "A training that was kept continues after its server has ended, without a network",
  async ({ page, endServer }) => {
    await page.waitForFunction("crossOriginIsolated === true");
    await waitUntilReady(page);
    await openText(page, { name: "shells.txt", contents: "she sells sea shells. ".repeat(200) });
    await page.locator(".text-facts:has-text('4,400 characters')").waitFor();
    await limitSteps(page, 1_000_000);
    await train(page);
    await page.locator("#samples .steps-learned li").nth(1).waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByText(/This browser, and nothing else, keeps a copy of step/).waitFor();
    const kept = await stepOf(page);

    await endServer();
    await page.context().setOffline(true);
    await page.reload();
    await page.waitForFunction("crossOriginIsolated === true");
    await page.getByRole("button", { name: /^Continue the training of shells\.txt, step/ }).click();
    await page.waitForFunction(
      `Number(document.querySelector(".figures dd")?.textContent.replaceAll(",", "")) > ${kept}`,
    );
    await page.locator("#write textarea").waitFor();
    await page.getByText(/\d,\d{3} characters, .* distinct/).waitFor();

    // Another training, from its beginning.
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("button", { name: "Resume" }).waitFor();
    page.on("dialog", (dialog) => void dialog.accept());
    await page.getByRole("button", { name: "Reset" }).click();
    await page.getByRole("radio", { name: /Structure/ }).click();
    await page.getByText("251 games").waitFor();
    await train(page);
    await page.locator("#samples .steps-learned li").nth(1).waitFor();
  },
  options,
);

/** Presses the button that exports, and returns the file. */
async function exportedFile(page: Page): Promise<string> {
  const downloaded = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export as one HTML file" }).click();
  const download = await downloaded as { path(): Promise<string> };
  return await Deno.readTextFile(await download.path());
}

testPage(
  "The page exports a training offline, after a reload, too",
  async ({ page }) => {
    await page.waitForFunction("crossOriginIsolated === true");
    const isKept = "caches.match('exported.html').then((response) => response !== undefined)";
    while (!await page.evaluate(isKept)) await page.waitForTimeout(500);
    await page.context().setOffline(true);
    await page.reload();
    await train(page);
    assert((await exportedFile(page)).includes('"checkpoint":"'));
  },
  options,
);

/** Whether the server of the next test has ended. */
let hasEnded = false;
testPage(
  "The page exports a training after its server has ended",
  async ({ page }) => {
    await page.waitForFunction(
      "performance.getEntriesByType('resource').some(({ name }) => /exported/.test(name))",
    );
    await train(page);
    await page.locator(".candidates li").first().waitFor();
    hasEnded = true;
    assert((await exportedFile(page)).includes('"checkpoint":"'));
  },
  {
    ...options,
    context: { serviceWorkers: "block" },
    handler: (request) => hasEnded ? new Response(null, { status: 503 }) : serveFile(request),
  },
);

testPage("The page trains with one thread where no service worker is allowed", async ({ page }) => {
  assertEquals(await page.evaluate("crossOriginIsolated"), false);
  await page.getByText("On this machine, with one thread").waitFor();
  await train(page);
}, { ...options, context: { serviceWorkers: "block" } });

Deno.test({
  name: "The page's own script has no kernels, which only workers need",
  ignore: !isBuilt,
  fn: async () => {
    const script = await Deno.readTextFile(new URL("main.js", folder));
    const chunks = Array.from(script.matchAll(/from"\.\/([\w-]+\.js)"/g), ([, name]) => name!);
    const codes = await Promise.all(chunks.map((name) => Deno.readTextFile(new URL(name, folder))));
    for (const code of [script, ...codes]) assert(!/0061736d.{1000}/.test(code));
  },
});

/** The files that the page has asked for. */
const requested = new Set<string>();

testPage("The page loads less than 250 kB compressed without texts", async ({ page }) => {
  await train(page);
  // The template of exported pages is loaded later.
  const names = [...requested].filter((name) => !/\.txt$|^exported/.test(name));
  assert(names.includes("training_worker.js"), names.join());
  let size = 0;
  for (const name of names) size += gzipSync(await Deno.readFile(new URL(name, folder))).length;
  assert(size < 250_000, `${size} bytes`);
}, {
  ...options,
  context: { serviceWorkers: "block" },
  handler: (request) => {
    requested.add(new URL(request.url).pathname.replace("/some/folder/", "") || "index.html");
    return serveFile(request);
  },
});
