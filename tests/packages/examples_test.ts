/** The examples that import the installed package, in Node.js and in Chromium. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { sample } from "../../src/generate/sampler.ts";
import { readCheckpoint, writeCheckpoint } from "../../src/files/mod.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { runCommand } from "../../pack/run_deno.ts";
import { createTrainer } from "../trainers.ts";
import { type Page, pageOptions, withPage } from "./chromium.ts";
import { commandOf, testPackage } from "./installation.ts";

const examples = new URL("../../examples/", import.meta.url).pathname;
const text = "The quick brown fox jumps over the lazy dog. ".repeat(60);

/** Copies an example into the folder of a test. */
async function copyExample(name: string, folder: string): Promise<void> {
  for await (const { name: file, isDirectory } of Deno.readDir(`${examples}${name}`)) {
    // What a user may have installed or built there.
    if (["node_modules", "dist", "unroll", "package-lock.json"].includes(file)) continue;
    if (isDirectory) {
      await Deno.mkdir(`${folder}/${file}`);
      await copyExample(`${name}/${file}`, `${folder}/${file}`);
    } else {
      await Deno.copyFile(`${examples}${name}/${file}`, `${folder}/${file}`);
    }
  }
}

/** Writes the checkpoint of a small model, and returns its path. */
async function writeModel(folder: string): Promise<string> {
  using trainer = createTrainer(corpusFromText(text), { precision: "f32-strict", hidden: 32 });
  for (let step = 0; step < 60; step++) trainer.step();
  const path = `${folder}/model.safetensors`;
  await writeCheckpoint(path, trainer.checkpoint());
  return path;
}

testPackage("examples/node/sample.js continues a text", async ({ folder, tools }) => {
  await copyExample("node", folder);
  const path = await writeModel(folder);
  const prompt = "The quick ";
  const expected = sample(await readCheckpoint(path), { prompt, length: 300, temperature: 0.7 });
  const [node] = commandOf("node22", tools);
  assertEquals(
    await runCommand(node!, ["sample.js", path, prompt], { cwd: folder }),
    `${prompt}${expected}\n`,
  );
  const { code, stderr } = await new Deno.Command(node!, {
    args: ["sample.js", "missing.safetensors"],
    cwd: folder,
  }).output();
  assertEquals(code, 1);
  assertMatch(new TextDecoder().decode(stderr), /^Cannot .*"missing\.safetensors".*\n$/);
});

testPackage("examples/node/server.js streams completions", async ({ folder, tools }) => {
  await copyExample("node", folder);
  const path = await writeModel(folder);
  const [node] = commandOf("node22", tools);
  const server = new Deno.Command(node!, {
    args: ["server.js", path],
    cwd: folder,
    env: { PORT: "0" },
    stdout: "piped",
  }).spawn();
  try {
    const lines = server.stdout.getReader();
    const url = new TextDecoder().decode((await lines.read()).value).trim();
    await lines.cancel();

    // A client that leaves after the first characters does not disturb the next one.
    const long = await fetch(`${url}?prompt=The&length=100000`);
    const reader = long.body!.getReader();
    const { value } = await reader.read();
    assert(value!.length > 0 && value!.length < 100_000);
    await reader.cancel();

    const options = { prompt: "The", length: 200, temperature: 0.7 };
    const response = await fetch(`${url}?prompt=The&length=200`);
    assertEquals(await response.text(), sample(await readCheckpoint(path), options));
    const refused = await fetch(`${url}?prompt=${encodeURIComponent("Ω")}`);
    assertEquals(refused.status, 400);
    assertMatch(await refused.text(), /^Cannot sample [^\n]*"Ω"/);
    assertEquals((await fetch(`${url}?length=many`)).status, 400);
  } finally {
    server.kill();
    await server.status;
  }
});

const hasText = (id: string, part: string) =>
  `document.getElementById("${id}").textContent.includes(${JSON.stringify(part)})`;

/** Fills in a text and starts to train on it. */
async function startTraining(page: Page, contents: string): Promise<void> {
  await page.fill("#text", contents);
  await page.click("#train");
}

testPackage("examples/page trains without freezing the page", async (installation) => {
  const { folder, tools } = installation;
  await copyExample("page", folder);
  const folders = { "/": folder, "/unroll/": `${folder}/../node_modules/@unroll/unroll` };
  await withPage({ folders, tools }, async ({ page, origin, errors, requests }) => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`${origin}/`);
    await startTraining(page, text);
    await page.waitForFunction(hasText("status", "nats per character"));
    // Nothing blocks the page's own thread, and a second training replaces the first.
    await page.evaluate("new Promise((resolve) => setTimeout(resolve, 10))");
    await page.waitForFunction(`document.getElementById("sample").textContent.length > 100`);
    const width = await page.evaluate<number>("document.documentElement.scrollWidth");
    assertEquals(width, 390);
    await screenshot(page, "page");
    await startTraining(page, "a");
    await page.waitForFunction(hasText("status", "Cannot train"));
    assertEquals(errors, []);
    assertEquals(requests.filter((path) => !path.startsWith("/")), []);
  });
}, pageOptions);

testPackage("examples/vite trains and completes in a worker", async (installation) => {
  const { folder, tools } = installation;
  await copyExample("vite", folder);
  const worker = `${folder}/src/worker.js`;
  const source = await Deno.readTextFile(worker);
  assertStringIncludes(source, "minutes: 0.5");
  await Deno.writeTextFile(worker, source.replace("minutes: 0.5", "steps: 60"));
  const [node] = commandOf("node24", tools);
  const vite = `${tools}/node_modules/vite/bin/vite.js`;
  await runCommand(node!, [vite, "build", "--logLevel", "warn"], { cwd: folder });
  for (const isIsolated of [false, true]) {
    const folders = { "/": `${folder}/dist` };
    await withPage({ folders, tools, isIsolated }, async ({ page, origin, errors, requests }) => {
      await page.goto(`${origin}/`);
      await startTraining(page, text);
      await page.waitForFunction(hasText("status", `threads: ${isIsolated ? 2 : 1}`));
      await page.fill("#prompt", "The quick");
      await page.waitForFunction(
        `document.getElementById("completion").textContent.length === 209`,
      );
      await screenshot(page, "vite");
      await page.fill("#prompt", "Ω");
      await page.waitForFunction(hasText("completion", "Cannot sample"));
      assertEquals(errors, []);
      assertEquals(requests.filter((path) => !path.startsWith("/")), []);
    });
  }
}, pageOptions);

/** Keeps a picture of the page if the tests are run to look at it. */
async function screenshot(page: Page, name: string): Promise<void> {
  const folder = Deno.env.get("UNROLL_SCREENSHOTS");
  if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png` });
}
