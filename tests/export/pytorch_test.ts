import { assert, assertEquals } from "@std/assert";
import { score } from "../../src/evaluate/score.ts";
import { encodeHuggingFace } from "../../src/export/huggingface.ts";
import { encodePytorch } from "../../src/export/pytorch.ts";
import { readCheckpoint } from "../../src/files/checkpoint_file.ts";
import { runInside } from "../cli/program.ts";
import { largestDifference, models, scored, text } from "./models.ts";

const canRun = ["read", "write", "run"].every((name) =>
  Deno.permissions.querySync({ name: name as "read" | "write" | "run" }).state === "granted"
);

/** A Python that has PyTorch: that of the path, or that of the system's packages. */
const python = canRun ? ["python3", "/usr/bin/python3"].find(hasTorch) : undefined;

function hasTorch(program: string): boolean {
  try {
    const args = ["-c", "import torch, numpy; torch.load, torch.frombuffer"];
    return new Deno.Command(program, { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function testPytorch(name: string, fn: (folder: string) => Promise<void>): void {
  const needs = canRun ? "python3 with PyTorch" : "--allow-read, --allow-write and --allow-run";
  Deno.test({
    name: `${name} (needs ${needs})`,
    ignore: python === undefined,
    async fn() {
      const folder = await Deno.makeTempDir();
      try {
        await fn(folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

async function runPython(command: string, folders: readonly string[]) {
  for (const folder of folders) {
    await Deno.writeTextFile(`${folder}/text.json`, JSON.stringify(text));
  }
  const { success, stdout, stderr } = await new Deno.Command(python!, {
    args: [`${import.meta.dirname}/pytorch/programs.py`, command, ...folders],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

testPytorch(
  "the recipe of encodeHuggingFace(), and torch.load of encodePytorch(), give the losses of score()",
  async (folder) => {
    const names = ["rnn-1-f32", "rnn-3-f64", "gru-3-f32", "lstm-1-f64", "lstm-3-f32"];
    for (const name of names) {
      await Deno.mkdir(`${folder}/${name}`);
      for (const [file, bytes] of encodeHuggingFace(models.get(name)!)) {
        await Deno.writeFile(`${folder}/${name}/${file}`, bytes);
      }
      await Deno.writeFile(`${folder}/${name}/weights.pt`, encodePytorch(models.get(name)!));
    }
    const answers = await runPython("export", names.map((name) => `${folder}/${name}`));
    for (const [i, name] of names.entries()) {
      const { losses, cell } = answers[i];
      assertEquals(cell, models.get(name)!.config.cell);
      const difference = largestDifference(losses, scored(models.get(name)!).losses);
      assert(difference < 1e-6, `${name}: ${difference}`);
    }
  },
);

testPytorch(
  "deno task import makes a checkpoint of a module with an embedding, with the same losses",
  async (folder) => {
    const [{ losses }] = await runPython("train", [folder]);
    const out = `${folder}/imported.safetensors`;
    const { code, err } = await runInside(["import", folder, "--out", out]);
    assertEquals({ code, err }, { code: 0, err: "" });
    const model = await readCheckpoint(out);
    assertEquals([model.config.cell, model.config.layers, model.config.hidden], ["lstm", 2, 7]);
    const mine = score(model, text).characters.map(({ nats }) => nats);
    assert(largestDifference(losses, mine) < 1e-6);
  },
);
