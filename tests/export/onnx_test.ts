import { assert, assertEquals } from "@std/assert";
import { score } from "../../src/evaluate/score.ts";
import { encodeOnnx } from "../../src/export/onnx.ts";
import type { Model } from "../../src/model/model.ts";
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

Deno.test({
  name: "encodeOnnx() makes graphs with the losses of score(), for any sequence and batch, state " +
    "in and out (needs --allow-read, --allow-write and --allow-run)",
  ignore: !canRun,
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const tasks: Task[] = [];
      for (const [name, model] of models) {
        const path = `${folder}/${name}.onnx`;
        await Deno.writeFile(path, encodeOnnx(model));
        const { layers, hidden } = model.config;
        const { ids } = scored(model);
        // The text in three calls of different lengths; the second stream reads other characters.
        const rows = ids.slice(0, -1).map((id, t) => [id, ids[(3 * t) % ids.length]!]);
        const calls = [rows.slice(0, 1), rows.slice(1, 12), rows.slice(12)];
        tasks.push({ path, layers, hidden, calls });
      }
      const answers = await inOnnxRuntime(tasks);
      for (const [i, [name, model]] of [...models].entries()) {
        const { inputs, outputs, calls } = answers[i]!;
        const isLstm = model.config.cell === "lstm";
        assertEquals(inputs, ["ids", "h0", ...isLstm ? ["c0"] : []]);
        assertEquals(outputs, ["logits", "hn", ...isLstm ? ["cn"] : []]);
        const { ids, losses } = scored(model);
        const size = model.vocabulary.size;
        const found: number[] = [];
        for (const { shape, logits } of calls) {
          assertEquals(shape, [logits.length / 2 / size, 2, size]);
          for (let t = 0; t < shape[0]!; t++) {
            const row = logits.slice(2 * t * size, (2 * t + 1) * size);
            found.push(crossEntropy(row, ids[found.length + 1]!));
          }
        }
        const difference = largestDifference(found, losses);
        assert(difference < 1e-6, `${name}: ${difference}`);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name:
    "encodeOnnx() makes a graph that is as near to float64 as score() is, for trained weights " +
    "(needs --allow-read, --allow-write and --allow-run)",
  ignore: !canRun,
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const text = "Pack my box with five dozen liquor jugs; the quick brown fox jumps over it.\n";
      const corpus = corpusFromText(text.repeat(30));
      const { best } = await train(corpus, { config: { hidden: 64 }, steps: 400, threads: 1 });
      const path = `${folder}/trained.onnx`;
      await Deno.writeFile(path, encodeOnnx(best));
      // The jumps in it are what the model errs in.
      const part = text.slice(20).repeat(9);
      const ids = [...best.vocabulary.encode(part)];
      const calls = [ids.slice(0, -1).map((id) => [id])];
      const [answer] = await inOnnxRuntime([{
        path,
        layers: best.config.layers,
        hidden: 64,
        calls,
      }]);
      const { logits } = answer!.calls[0]!;
      const size = best.vocabulary.size;
      const found = ids.slice(1).map((id, t) =>
        crossEntropy(logits.slice(t * size, (t + 1) * size), id)
      );
      const lossesOf = (model: Model) => score(model, part).characters.map(({ nats }) => nats);
      const exact = lossesOf(inDouble(best));
      // The logits are up to 20 or so, of which float32 has units of 2^-19.
      for (const losses of [found, lossesOf(best)]) {
        assert(largestDifference(losses, exact) < 1e-5);
        assert(meanDifference(losses, exact) < 1e-6);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** The same weights in a model that computes in float64. */
function inDouble(model: Model): Model {
  const parameters = Object.entries(model.parameters)
    .map(([name, weights]) => [name, Float64Array.from(weights)]);
  const config = { ...model.config, precision: "f64" as const };
  return { ...model, config, parameters: Object.fromEntries(parameters) };
}

function meanDifference(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, i) => sum + Math.abs(x - b[i]!), 0) / a.length;
}
