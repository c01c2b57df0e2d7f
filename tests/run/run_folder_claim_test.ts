/** Which folders are taken, and what happens where nothing may be written. */
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { RunFolder } from "../../src/run/run_folder.ts";
import { testFiles } from "./folders.ts";

testFiles("any one file of a run keeps another run out", (folder) => {
  for (
    const name of ["config.json", "metrics.jsonl", "checkpoint.safetensors", "best.safetensors"]
  ) {
    const path = `${folder}/${name}.run`;
    Deno.mkdirSync(path);
    Deno.writeTextFileSync(`${path}/${name}`, "mine");
    assertThrows(() => RunFolder.create(path, {}), InputError, "it already holds a run");
    assertEquals(RunFolder.free(path), `${path}-2`);
    for (const [hidden, free] of [[3, `${path}-2`], [4, `${path}-3`]] as const) {
      using run = RunFolder.createFree(path, { hidden });
      assertEquals(run.path, free);
    }
    assertEquals([...Deno.readDirSync(path)].map((entry) => entry.name), [name]);
    assertEquals(Deno.readTextFileSync(`${path}/${name}`), "mine");
    assertEquals(JSON.parse(Deno.readTextFileSync(`${path}-2/config.json`)), { hidden: 3 });
  }
});

testFiles("asking for a free folder makes none, and a file is no folder", (folder) => {
  assertEquals(RunFolder.free(`${folder}/new/run`), `${folder}/new/run`);
  assertEquals([...Deno.readDirSync(folder)], []);
  Deno.writeTextFileSync(`${folder}/file`, "");
  for (const make of [RunFolder.free, (path: string) => RunFolder.createFree(path, {})]) {
    const { message } = assertThrows(() => make(`${folder}/file`), InputError);
    assertMatch(message, /^Cannot make the run folder ".*file": [^\n]* with --out$/);
  }
});

Deno.test({
  name: "without permissions the error says which are wanted",
  permissions: { read: false, write: false },
  fn() {
    for (const make of [RunFolder.create, RunFolder.createFree]) {
      const { message } = assertThrows(() => make("run", {}), InputError);
      assertEquals(
        message,
        'Cannot make the run folder "run": Deno has no permission; run with --allow-read and ' +
          "--allow-write; name a folder that can be made with --out",
      );
    }
  },
});
