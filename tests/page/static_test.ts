/** The page on a static host: isolation by its service worker, offline use, and its size. */
import { assert, assertEquals } from "@std/assert";
import { gzipSync } from "node:zlib";
import { train, waitUntilReady } from "./actions.ts";
import { testPage } from "./browser.ts";

const folder = new URL("../../dist/page/", import.meta.url);
const types: Readonly<Record<string, string>> = {
  html: "text/html",
  js: "text/javascript",
  css: "text/css",
  txt: "text/plain",
};

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

testPage("The page trains with one thread where no service worker is allowed", async ({ page }) => {
  assertEquals(await page.evaluate("crossOriginIsolated"), false);
  await page.getByText("On this machine, with one thread").waitFor();
  await train(page);
}, { ...options, context: { serviceWorkers: "block" } });

/** The files that the page has asked for. */
const requested = new Set<string>();

testPage("The page loads less than 250 kB compressed without texts", async ({ page }) => {
  await train(page);
  const names = [...requested].filter((name) => !name.endsWith(".txt"));
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
