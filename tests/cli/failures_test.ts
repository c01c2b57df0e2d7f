/** Failures of the machine: one line names them, and the last checkpoint is complete. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readCheckpoint } from "../../src/files/checkpoint_file.ts";
import {
  denoArgs,
  finish,
  namesIn,
  run,
  sleep,
  start,
  steady,
  succeed,
  testProgram,
  untilPrinted,
} from "./program.ts";
import { contentsOf, readLatest } from "./runs.ts";

const text = "The rain in Spain stays mainly in the plain. ".repeat(20);
const tiny = ["--hidden", "16", "--seq-length", "8", "--batch-size", "2", "--sample-every", "0"];

function mount(...args: string[]): boolean {
  try {
    return new Deno.Command("mount", { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

function unmount(path: string): void {
  new Deno.Command("umount", { args: ["-l", path], stderr: "null" }).outputSync();
}

const permitted = (["read", "write", "run"] as const).every((name) =>
  Deno.permissions.querySync({ name }).state === "granted"
);

/** Whether this user may mount file systems, as root may where it is not confined. */
const mayMount = permitted && Deno.build.os === "linux" && (() => {
  const path = Deno.makeTempDirSync();
  try {
    if (!mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", path)) return false;
    unmount(path);
    return true;
  } finally {
    Deno.removeSync(path);
  }
})();

/** A test in a temporary folder with a small disk, `disk`. */
function testDisk(name: string, fn: (folder: string) => Promise<void>): void {
  Deno.test({
    name: `${name} (needs root on Linux, to mount a small disk, and all of --allow-…)`,
    ignore: !mayMount,
    async fn() {
      const folder = await Deno.makeTempDir();
      const disk = `${folder}/disk`;
      await Deno.mkdir(disk);
      assert(mount("-t", "tmpfs", "-o", "size=300k", "tmpfs", disk));
      try {
        await Deno.writeTextFile(`${folder}/rain.txt`, text);
        await fn(folder);
      } finally {
        unmount(disk);
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

/** Fills what is left of a disk, to the last byte. */
function fill(disk: string): void {
  using file = Deno.openSync(`${disk}/filler`, { append: true, create: true });
  for (let size = 65536; size >= 1; size /= 2) {
    try {
      for (;;) if (file.writeSync(new Uint8Array(size)) < size) break;
    } catch {
      // A smaller piece may still fit.
    }
  }
}

/** Waits until a run has a checkpoint. */
async function untilSaved(path: string): Promise<void> {
  while (!namesIn(path).includes("checkpoint.safetensors")) {
    await sleep(10);
  }
}

/** Asserts that a run's checkpoint is whole, of this step, and alone. */
async function assertKept(path: string, step: number): Promise<void> {
  assertEquals((await readLatest(path)).progress.step, step);
  assertEquals(namesIn(path).filter((name) => /tmp|lock/.test(name)), []);
}

for (
  const [what, intervals, file] of [
    ["checkpoint", ["--checkpoint-every", "20", "--log-every", "1000000"], "the checkpoint "],
    ["log line", ["--checkpoint-every", "2000", "--log-every", "5"], ""],
  ] as const
) {
  testDisk(`train ends when the disk is full at a ${what}, and can be resumed later`, async (f) => {
    const args = ["train", "rain.txt", ...tiny, ...steady, ...intervals, "--val-fraction", "0"];
    const child = start(f, [...args, "--out", "disk/run", "--minutes", "5"]);
    const { reader } = await untilPrinted(child, /\n +1 /);
    await untilSaved(`${f}/disk/run`);
    // Repeatedly, because a save that replaces a checkpoint frees its space.
    const filling = setInterval(() => fill(`${f}/disk`), 5);
    const { code, err } = await finish(child, reader).finally(() => clearInterval(filling));
    fill(`${f}/disk`);
    assertEquals(code, 1);
    const line = new RegExp(
      `^error: Cannot write ${file}"disk/run/\\S+": the disk is full;.* the checkpoint of step ` +
        `(\\d+) is kept\\n$`,
    );
    const step = Number(line.exec(err)?.[1]);
    assert(step > 0, err);
    await assertKept(`${f}/disk/run`, step);
    const again = await run(f, ["train", "--resume", "disk/run", "--steps", String(step + 40)]);
    assertEquals([again.code, again.out], [1, ""]);
    assertMatch(again.err, /^error: Cannot write "disk\/run\/\S+": the disk is full\n$/);
    await assertKept(`${f}/disk/run`, step);
    await Deno.remove(`${f}/disk/filler`);
    const more = String(step + 40);
    await succeed(f, "train", "--resume", "disk/run", "--steps", more);
    await succeed(f, ...args, "--out", "whole", "--steps", more);
    assertEquals(await contentsOf(`${f}/disk/run`), await contentsOf(`${f}/whole`));
  });
}

testDisk("train does not begin on a full or a read-only disk", async (f) => {
  await succeed(f, "train", "rain.txt", ...tiny, "--out", "disk/run", "--steps", "5");
  fill(`${f}/disk`);
  const refused = async (args: string[], line: RegExp) => {
    const { code, out, err } = await run(f, ["train", ...args]);
    assertEquals([code, out], [2, ""]);
    assertMatch(err, line);
  };
  const make = (why: string) =>
    new RegExp(`^error: Cannot create the run folder "disk/new": ${why};`);
  await refused(["rain.txt", ...tiny, "--out", "disk/new"], make("the disk is full"));
  assert(mount("-o", "remount,ro", `${f}/disk`));
  await refused(["rain.txt", ...tiny, "--out", "disk/new"], make("the file system is read-only"));
  await refused(
    ["--resume", "disk/run"],
    /^error: Cannot resume "disk\/run": the file system is read-only; .* be writable\n$/,
  );
  assertEquals((await readLatest(`${f}/disk/run`)).progress.step, 5);
});

testDisk("train ends when the disk becomes read-only", async (f) => {
  // So rarely that no file is open for writing most of the time.
  const intervals = ["--checkpoint-every", "5000", "--log-every", "5000", "--minutes", "5"];
  const child = start(f, ["train", "rain.txt", ...tiny, ...intervals, "--out", "disk/run"]);
  const { reader } = await untilPrinted(child, /\n +1 /);
  await untilSaved(`${f}/disk/run`);
  // A bind mount, because a file of the disk itself is open.
  assert(mount("--bind", `${f}/disk`, `${f}/disk`));
  try {
    // Fails while a file is open for writing.
    let tries = 0;
    while (!mount("-o", "remount,bind,ro", `${f}/disk`)) assert(tries++ < 200);
    const { code, err } = await finish(child, reader);
    assertEquals(code, 1);
    const kept = /^error: Cannot write .*the file system is read-only.* of step (\d+) is kept\n$/;
    assertEquals(
      (await readLatest(`${f}/disk/run`)).progress.step,
      Number(kept.exec(err)?.[1]),
    );
  } finally {
    unmount(`${f}/disk`);
  }
});

testProgram("train ends when its folder is removed or replaced", async (f) => {
  await Deno.writeTextFile(`${f}/rain.txt`, text);
  for (const intervals of [["--checkpoint-every", "10"], ["--log-every", "10"]]) {
    const child = start(f, ["train", "rain.txt", ...tiny, ...intervals, "--out", "run"]);
    const { reader } = await untilPrinted(child, /\n +1 /);
    await Deno.rename(`${f}/run`, `${f}/gone`);
    const { code, err } = await finish(child, reader);
    assertEquals(code, 1);
    assertMatch(
      err,
      /^error: Cannot write "run\/\S+": the run folder was removed or replaced while training; (no checkpoint was saved|the checkpoint of step \d+ is lost, .*)\n$/,
    );
    assertEquals(namesIn(f), ["gone", "rain.txt"]);
    await Deno.remove(`${f}/gone`, { recursive: true });
  }
});

testProgram("train runs to its end when its output cannot be written", async (f) => {
  await Deno.writeTextFile(`${f}/rain.txt`, text);
  const args = ["train", "rain.txt", ...tiny, "--log-every", "1", "--steps", "300"];
  const program = [Deno.execPath(), ...denoArgs(args)].map((word) => `'${word}'`).join(" ");
  for (
    const [name, redirection] of [["full", "> /dev/full"], ["closed", ">&-"], ["head", "| head -1"]]
  ) {
    const child = new Deno.Command("bash", {
      args: ["-c", `set -o pipefail; ${program} --out ${name} ${redirection}`],
      cwd: f,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    });
    const { code, stderr } = await child.output();
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""], name);
    assertEquals((await readCheckpoint(`${f}/${name}`)).progress.step, 300);
  }
});

testProgram(
  "commands say that their result cannot be written, unless a pipe is closed",
  async (f) => {
    await Deno.writeTextFile(`${f}/rain.txt`, text);
    await succeed(f, "train", "rain.txt", ...tiny, "--steps", "3", "--out", "run");
    const commands = [
      ["sample", "run"],
      ["eval", "run", "rain.txt"],
      ["eval", "run", "rain.txt", "--json"],
      ["score", "run", "rain.txt", "--html", "-"],
      ["sample", "--help"],
    ];
    for (const args of commands) {
      const program = [Deno.execPath(), ...denoArgs(args)].map((word) => `'${word}'`).join(" ");
      for (
        const [redirection, expected, message] of [
          ["> /dev/full", 1, "error: Cannot write to standard output: the disk is full\n"],
          ["| true", 0, ""],
        ] as const
      ) {
        const { code, stderr } = await new Deno.Command("bash", {
          args: ["-c", `set -o pipefail; ${program} ${redirection}`],
          ...{ cwd: f, stdin: "null", stdout: "null", stderr: "piped" } as const,
        }).output();
        assertEquals([code, new TextDecoder().decode(stderr)], [expected, message], args.join(" "));
      }
    }
  },
);
