/** What is not a run's own is never written, followed, moved or removed. */
import { assert, assertEquals } from "@std/assert";
import { isSameFile } from "../../src/files/file_identity.ts";
import { RunFolder } from "../../src/run/run_folder.ts";
import { rain, runInside, tiny } from "../cli/program.ts";
import { testInFolder } from "../folders.ts";
import { checkpointAt, runConfigOf } from "./runs.ts";

/** Types, link targets and bytes of all that is in a folder. */
function snapshot(folder: string, into: Record<string, string> = {}): Record<string, string> {
  for (const { name } of Deno.readDirSync(folder)) {
    const path = `${folder}/${name}`;
    const info = Deno.lstatSync(path);
    into[path] = info.isSymlink
      ? `-> ${Deno.readLinkSync(path)}`
      : info.isFile
      ? info.size > 1e6 ? `${info.size} bytes` : Deno.readTextFileSync(path)
      : info.isDirectory
      ? "folder"
      : "other";
    if (info.isDirectory) snapshot(path, into);
  }
  return into;
}

const names = [
  ...["config.json", "metrics.jsonl", "checkpoint.safetensors", "best.safetensors"],
  ...["best-before-end.safetensors", "best-at-1.safetensors", ".unroll-lock"],
];

const kinds: Record<string, (path: string, secret: string) => void> = {
  file: (path) => Deno.writeTextFileSync(path, "mine"),
  link: (path, secret) => Deno.symlinkSync(secret, path),
  dangling: (path, secret) => Deno.symlinkSync(`${secret}.none`, path),
  device: (path) => Deno.symlinkSync("/dev/zero", path),
  pipe: (path) => void new Deno.Command("mkfifo", { args: [path] }).outputSync(),
  folder: (path) => {
    Deno.mkdirSync(path);
    Deno.writeTextFileSync(`${path}/thesis`, "mine");
  },
  hardLink: (path, secret) => Deno.linkSync(secret, path),
  emptyHardLink: (path, secret) => {
    Deno.writeTextFileSync(`${secret}.empty`, "");
    Deno.linkSync(`${secret}.empty`, path);
    Deno.renameSync(`${secret}.empty`, `${path}-twin`);
  },
  giant: (path) => {
    Deno.writeTextFileSync(path, "");
    Deno.truncateSync(path, 3e9);
  },
};

/** Names that earlier versions used, or that look like those of temporary files. */
function addBystanders(path: string, secret: string): void {
  for (const name of ["lock", "config.json.tmp", "best.safetensors.0a1b2c3d.tmp"]) {
    Deno.writeTextFileSync(`${path}/${name}`, "mine");
  }
  for (const name of ["replacement", "replacement.moving", ".unroll-moving-0123456789abcdef"]) {
    Deno.mkdirSync(`${path}/${name}`);
    Deno.writeTextFileSync(`${path}/${name}/config.json`, "mine");
  }
  Deno.symlinkSync(secret, `${path}/.unroll-0123456789abcdef.tmp`);
}

for (const isRun of [false, true]) {
  const where = isRun ? "a run folder" : "a folder that is no run";
  testInFolder(`commands change nothing of others in ${where}`, async (f) => {
    const [secret, text] = [`${f}/secret`, `${f}/rain.txt`];
    Deno.writeTextFileSync(secret, "secret");
    Deno.writeTextFileSync(text, rain);
    for (const [kind, make] of Object.entries(kinds)) {
      for (const name of names) {
        // An empty file is a lock whose process was killed; elsewhere it harms nothing.
        if (kind === "emptyHardLink" && name !== ".unroll-lock") continue;
        const path = `${f}/${kind}-${name}`;
        if (isRun) {
          using run = RunFolder.create(path, runConfigOf());
          await run.save(checkpointAt(0), "latest");
        } else Deno.mkdirSync(path);
        addBystanders(path, secret);
        if (isRun && ["config.json", "checkpoint.safetensors"].includes(name)) {
          Deno.removeSync(`${path}/${name}`);
        }
        make(`${path}/${name}`, secret);
        const before = snapshot(f);
        for (
          const args of [
            ["train", text, "--out", path, ...tiny, "--steps", "1"],
            ["train", text, "--out", path, "--force", ...tiny, "--steps", "1"],
            ["train", "--resume", path, text],
          ]
        ) {
          const { code, err } = await runInside(args);
          assertEquals(code, 2, `${args}: ${err}`);
          assertEquals(err.split("\n").length, 2, err);
        }
        // What only reads neither waits for a pipe, nor changes anything.
        for (
          const args of [["sample", path, "--json"], ["eval", path, text], ["score", path, text]]
        ) {
          const { code, err } = await runInside(args);
          assert(code === 0 || code === 2, `${args}: ${err}`);
        }
        assertEquals(snapshot(f), before);
      }
    }
  });
}

testInFolder("train --force keeps bystanders, and never replaces its text", async (f) => {
  const [secret, text, path] = [`${f}/secret`, `${f}/rain.txt`, `${f}/run`];
  Deno.writeTextFileSync(secret, "secret");
  Deno.writeTextFileSync(text, rain);
  const train = ["train", text, "--out", path, ...tiny, "--steps", "2"];
  assertEquals((await runInside(train)).code, 0);
  addBystanders(path, secret);
  const isOthers = (file: string) =>
    !/run\/(config|metrics|checkpoint|best)[^/]*\.(json|jsonl|safetensors)$/.test(file);
  const others = () => Object.entries(snapshot(f)).filter(([file]) => isOthers(file)).toSorted();
  const before = others();
  for (const args of [[...train, "--force"], ["train", "--resume", path, "--steps", "4"]]) {
    const { code, err } = await runInside(args);
    assertEquals([code, err], [0, ""]);
  }
  for (
    const args of [["sample", path, "--json"], ["eval", path, text], [
      "score",
      path,
      text,
      "--html",
      `${f}/p`,
    ]]
  ) {
    assertEquals((await runInside(args)).code, 0);
  }
  Deno.removeSync(`${f}/p`);
  assertEquals(others(), before);
  Deno.symlinkSync(`${path}/metrics.jsonl`, `${f}/link.txt`);
  Deno.linkSync(`${path}/metrics.jsonl`, `${f}/hard.txt`);
  const all = snapshot(f);
  for (const same of [`${path}/metrics.jsonl`, `${f}/link.txt`, `${f}/hard.txt`]) {
    const args = ["train", same, "--out", path, "--force", ...tiny, "--steps", "1"];
    const { code, err } = await runInside(args);
    assertEquals(code, 2, err);
    assert(err.includes("copy the text"), err);
  }
  // A page never replaces an input or a file of a run.
  Deno.symlinkSync(text, `${f}/page.html`);
  const files = [text, `${f}/page.html`, `${path}/checkpoint.safetensors`, `${path}/config.json`];
  // Neither one that the run will write.
  for (const name of [".unroll-lock", "best-at-7.safetensors", "best-before-end.safetensors"]) {
    files.push(`${path}/${name}`, `${f}/./run/../run/${name}`);
  }
  // Nor a link under such a name, nor a checkpoint whose configuration is lost.
  Deno.symlinkSync(text, `${path}/best-at-8.safetensors`);
  Deno.mkdirSync(`${f}/lost`);
  Deno.copyFileSync(`${path}/checkpoint.safetensors`, `${f}/lost/checkpoint.safetensors`);
  files.push(`${path}/best-at-8.safetensors`, `${f}/lost/checkpoint.safetensors`);
  for (const html of files) {
    const { code, err } = await runInside(["score", path, text, "--html", html]);
    assertEquals(code, 2, err);
    assert(err.includes("would be replaced"), err);
  }
  Deno.removeSync(`${f}/page.html`);
  Deno.removeSync(`${path}/best-at-8.safetensors`);
  Deno.removeSync(`${f}/lost`, { recursive: true });
  assertEquals(snapshot(f), all);
});

testInFolder("isSameFile() compares through links, and paths of files to be created", (f) => {
  Deno.writeTextFileSync(`${f}/a`, "");
  Deno.symlinkSync("a", `${f}/soft`);
  Deno.linkSync(`${f}/a`, `${f}/hard`);
  Deno.symlinkSync("new", `${f}/dangling`);
  for (const [a, b] of [["a", "soft"], ["a", "hard"], ["dangling", "new"], ["x", "./x"]]) {
    assert(isSameFile(`${f}/${a}`, `${f}/${b}`), `${a} ${b}`);
  }
  for (const [a, b] of [["a", "new"], ["x", "y"]]) assert(!isSameFile(`${f}/${a}`, `${f}/${b}`));
});
