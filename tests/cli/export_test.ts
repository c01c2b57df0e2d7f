/** `export` and `import`: what they write, and what they refuse to write over. */
import { assert, assertEquals } from "@std/assert";
import { readCheckpoint } from "../../src/files/checkpoint_file.ts";
import { encodeOnnx, onnxDtypes } from "../../src/export/onnx.ts";
import { encodePytorch } from "../../src/export/pytorch.ts";
import { encodeWeights } from "../../src/export/weights.ts";
import {
  assertOneLine,
  assertRejected,
  namesIn,
  run,
  runInside,
  succeed,
  testProgram,
  trained,
  trainedInside,
} from "./program.ts";

testProgram("export writes each format, and import makes a checkpoint of weights", async (f) => {
  await trained(f, "run", "--steps", "3");
  const model = await readCheckpoint(`${f}/run`);
  for (
    const [format, encode] of Object.entries({
      safetensors: encodeWeights,
      onnx: encodeOnnx,
      pytorch: encodePytorch,
    })
  ) {
    const out = await succeed(f, "export", "run", "--format", format, "--out", `model.${format}`);
    assert(
      out.startsWith(`Exported the model of step 3 (`) && out.includes(`: model.${format}, `),
      out,
    );
    assertEquals(await Deno.readFile(`${f}/model.${format}`), encode(model));
  }
  for (const dtype of onnxDtypes) {
    const out = `${dtype}.onnx`;
    await succeed(f, "export", "run", "--format", "onnx", "--dtype", dtype, "--out", out);
    assertEquals(await Deno.readFile(`${f}/${out}`), encodeOnnx(model, { dtype }));
  }
  await succeed(f, "export", "run", "--format", "huggingface", "--license", "mit", "--out", "hub/");
  assertEquals(namesIn(`${f}/hub`), [
    "README.md",
    "config.json",
    "model.safetensors",
    "vocab.json",
  ]);
  assertEquals(namesIn(f).filter((name) => name.includes("tmp")), []);
  for (const weights of ["model.safetensors", "hub"]) {
    await succeed(f, "import", weights, "--out", `${weights}.checkpoint`);
    const { parameters, vocabulary } = await readCheckpoint(`${f}/${weights}.checkpoint`);
    assertEquals(parameters, model.parameters);
    assertEquals(vocabulary.characters, model.vocabulary.characters);
  }
  await succeed(
    f,
    "train",
    "rain.txt",
    "--resume",
    "hub.checkpoint",
    "--steps",
    "2",
    "--out",
    "more",
  );
});

testProgram("export and import write over nothing, and into no run folder", async (f) => {
  await trainedInside(f, "run", "--steps", "2");
  await Deno.writeTextFile(`${f}/old.onnx`, "old");
  await Deno.mkdir(`${f}/folder`);
  await Deno.mkdir(`${f}/run/below`);
  await Deno.symlink(`${f}/nowhere`, `${f}/link`);
  await runInside(["export", `${f}/run`, "--format", "safetensors", "--out", `${f}/w.safetensors`]);
  const before = JSON.stringify(
    [...Deno.readDirSync(`${f}/run`)].map(({ name }) => name).toSorted(),
  );
  for (
    const [out, message] of [
      ["old.onnx", /there already/],
      ["folder", /a folder is there already/],
      ["link", /a symbolic link is there already/],
      ["run", /there already/],
      ["run/model.onnx", /in the run folder/],
      ["run/checkpoint.safetensors", /there already/],
      ["run/below/model.onnx", /in the run folder/],
      ["none/model.onnx", /its folder must exist/],
      ["", /path is empty/],
    ] as const
  ) {
    const path = out === "" ? "" : `${f}/${out}`;
    for (const format of ["onnx", "huggingface"]) {
      const args = ["export", "run", "--format", format, "--out", path];
      await assertRejected(f, args, message);
    }
    await assertRejected(f, ["import", "w.safetensors", "--out", path], message);
  }
  assertEquals(await Deno.readTextFile(`${f}/old.onnx`), "old");
  assertEquals(
    JSON.stringify([...Deno.readDirSync(`${f}/run`)].map(({ name }) => name).toSorted()),
    before,
  );
});

testProgram("export and import name what is wrong with their arguments", async (f) => {
  await trainedInside(f, "run", "--steps", "2");
  await Deno.writeTextFile(`${f}/vocab.json`, '["a"]');
  await Deno.writeTextFile(`${f}/words.txt`, "The rain in Spain");
  await Deno.writeTextFile(`${f}/model.pt`, "PK\x03\x04 and more than ten bytes");
  await runInside(["export", `${f}/run`, "--format", "safetensors", "--out", `${f}/w`]);
  const out = ["--out", `${f}/new`];
  const rejections: readonly (readonly [readonly string[], RegExp])[] = [
    [["export", "run", "--format", "onnx"], /without --out/],
    [["export", "run", "--format", "onnx", "--out", "-"], /"-": it must be the path of a file/],
    [["export", "run", ...out], /without --format/],
    [["export", "run", ...out, "--format", "onx"], /did you mean onnx/],
    [["export", "run", ...out, "--format", "onnx", "--license", "mit"], /only huggingface/],
    [["export", "run", ...out, "--format", "onnx", "--dtype", "f64"], /float64 or float32/],
    [["export", "run", ...out, "--format", "pytorch", "--dtype", "float64"], /--dtype with/],
    [["export", "run", ...out, "--format", "huggingface", "--license", "My License"], /--license/],
    [["export", "none", ...out, "--format", "onnx"], /no such file/],
    [["import", "w"], /without --out/],
    [["import", "none", ...out], /no such file/],
    [["import", "words.txt", ...out], /must be a checkpoint or weights/],
    [["import", "run", ...out], /no such file/],
    [["import", "model.pt", ...out], /save_file/],
    [
      ["import", "run/best.safetensors", ...out].map((arg) =>
        arg.startsWith("run/") ? `${f}/${arg}` : arg
      ),
      /checkpoint of unroll already/,
    ],
    [["import", "w", ...out, "--vocabulary", "vocab.json"], /must agree/],
    [["import", "w", ...out, "--vocabulary", "w"], /vocabulary/],
    [["import", "w", ...out, "--vocabulary", "none"], /no such file/],
  ];
  for (const [args, message] of rejections) await assertRejected(f, args, message);
});

testProgram("export names a folder that it may not write into", async (f) => {
  await trainedInside(f, "run", "--steps", "2");
  const args = ["export", "run", "--format", "onnx", "--out", "model.onnx"];
  const outcome = await run(f, args, ["--allow-read"]);
  assertOneLine(outcome, 2, /no permission to write/, args);
  assertEquals(namesIn(f), ["rain.txt", "run"]);
});
