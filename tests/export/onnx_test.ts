import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { score } from "../../src/evaluate/score.ts";
import { encodeOnnx, type OnnxDtype, onnxDtypes } from "../../src/export/onnx.ts";
import { type Model, sizesOf } from "../../src/model/model.ts";
import { parameterCount } from "../../src/model/parameters.ts";
import { corpusFromText } from "../../src/text/corpus.ts";
import { train } from "../../src/train/train.ts";
import { largestDifference, models, scored } from "./models.ts";
import type { Answer, Task } from "./onnxruntime/run_models.ts";
import { crossEntropy } from "./torch_reference.ts";

const canRun = ["read", "write", "run"].every((name) =>
  Deno.permissions.querySync({ name: name as "read" | "write" | "run" }).state === "granted"
);

/** Runs models in ONNX Runtime, which is downloaded the first time. */
async function inOnnxRuntime(tasks: readonly Task[]): Promise<Answer[]> {
  const folder = `${import.meta.dirname}/onnxruntime`;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--frozen", "--config", `${folder}/deno.json`],
      ...["--allow-read", "--allow-env", `${folder}/run_models.ts`],
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(tasks)));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  assert(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Makes graphs of models, and runs them in ONNX Runtime. */
async function runGraphs(
  graphs: readonly (Omit<Task, "path" | "layers" | "hidden"> & { readonly model: Model })[],
): Promise<Answer[]> {
  const folder = await Deno.makeTempDir();
  try {
    const tasks: Task[] = [];
    for (const [i, { model, ...task }] of graphs.entries()) {
      const path = `${folder}/${i}.onnx`;
      await Deno.writeFile(path, encodeOnnx(model, { dtype: task.dtype }));
      const { layers, hidden } = model.config;
      tasks.push({ path, layers, hidden, ...task });
    }
    return await inOnnxRuntime(tasks);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The losses of a text in the first stream of some calls. */
function lossesOf({ calls }: Answer, ids: readonly number[]): number[] {
  const losses: number[] = [];
  for (const { shape: [length, batch, size], logits } of calls) {
    for (let t = 0; t < length!; t++) {
      const row = logits.slice(t * batch! * size!, (t * batch! + 1) * size!);
      losses.push(crossEntropy(row, ids[losses.length + 1]!));
    }
  }
  return losses;
}

const permissions = "(needs --allow-read, --allow-write and --allow-run)";

Deno.test({
  name: "encodeOnnx() makes graphs with the losses of score(), for any sequence and batch, state " +
    `in and out ${permissions}`,
  ignore: !canRun,
  async fn() {
    const graphs = onnxDtypes.flatMap((dtype) =>
      [...models].map(([name, model]) => {
        const { ids } = scored(model);
        // The text in three calls of different lengths; the second stream reads other characters.
        const rows = ids.slice(0, -1).map((id, t) => [id, ids[(3 * t) % ids.length]!]);
        const calls = [rows.slice(0, 1), rows.slice(1, 12), rows.slice(12)];
        return { name: `${name} in ${dtype}`, model, dtype, calls };
      })
    );
    const answers = await runGraphs(graphs);
    for (const [i, { name, model, dtype }] of graphs.entries()) {
      const { inputs, outputs, calls } = answers[i]!;
      const isLstm = model.config.cell === "lstm";
      assertEquals(inputs, ["ids", "h0", ...isLstm ? ["c0"] : []]);
      assertEquals(outputs, ["logits", "hn", ...isLstm ? ["cn"] : []]);
      const size = model.vocabulary.size;
      assertEquals(calls.map(({ shape }) => shape.slice(1)), Array(3).fill([2, size]));
      const { ids, losses } = scored(model);
      const difference = largestDifference(lossesOf(answers[i]!, ids), losses);
      assert(difference < (dtype === "float64" ? 1e-13 : 1e-6), `${name}: ${difference}`);
    }
  },
});

Deno.test({
  name:
    "encodeOnnx() makes graphs with the losses of score() for a trained model, in one call and " +
    `by single characters ${permissions}`,
  ignore: !canRun,
  async fn() {
    const text = "Pack my box with five dozen liquor jugs; the quick brown fox jumps over it.\n";
    const corpus = corpusFromText(text.repeat(30));
    const options = { steps: 400, threads: 1 } as const;
    const { best } = await train(corpus, { config: { hidden: 64, layers: 2 }, ...options });
    // The jumps in it are what the model errs in.
    const part = text.slice(20).repeat(9);
    const ids = [...best.vocabulary.encode(part)];
    const rows = ids.slice(0, -1).map((id) => [id]);
    const graphs = onnxDtypes.flatMap((dtype) =>
      [[rows], rows.map((row) => [row])].map((calls) => ({ model: best, dtype, calls }))
    );
    const exact = score(best, part).characters.map(({ nats }) => nats);
    assert(Math.max(...exact) > 5);
    for (const [i, answer] of (await runGraphs(graphs)).entries()) {
      const { dtype, calls } = graphs[i]!;
      const found = lossesOf(answer, ids);
      const difference = largestDifference(found, exact);
      // The logits are up to 20 or so, of which float32 has units of 2^-19.
      const isNear = difference < (dtype === "float64" ? 1e-12 : 1e-5);
      assert(isNear, `${dtype}, ${calls.length} calls: ${difference}`);
    }
  },
});

Deno.test("encodeOnnx() keeps weights of single precision single, and rounds for float32", () => {
  const sizeOf = (name: string, dtype: OnnxDtype) =>
    encodeOnnx(models.get(name)!, { dtype }).length;
  const numbers = parameterCount(sizesOf(models.get("lstm-3-f64")!));
  const graph = sizeOf("lstm-3-f32", "float64") - 4 * numbers;
  assert(graph > 0);
  assert(Math.abs(sizeOf("lstm-3-f64", "float64") - 8 * numbers - graph) < 2000);
  assertEquals(sizeOf("lstm-3-f64", "float32"), sizeOf("lstm-3-f32", "float32"));
});

Deno.test("encodeOnnx() rejects another dtype", () => {
  const [model] = models.values();
  // deno-lint-ignore no-explicit-any
  const error = assertThrows(() => encodeOnnx(model!, { dtype: "f64" as any }), InputError);
  assertEquals(error.option, "dtype");
});
