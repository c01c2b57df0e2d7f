import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { instantiate } from "../../../src/engine/kernels/instance.ts";
import { bytesOf } from "../../../src/engine/kernels/compile.ts";
import { modules } from "../../../src/engine/kernels/modules.ts";
import { modules as samplingModules } from "../../../src/engine/kernels/modules_sampling.ts";
import { digits as f32 } from "../../../src/engine/kernels/modules/f32.ts";
import { digits as f32Strict } from "../../../src/engine/kernels/modules/f32_strict.ts";
import { digits as f64 } from "../../../src/engine/kernels/modules/f64.ts";
import { encodeCheckpoint } from "../../../src/checkpoint/checkpoint.ts";
import type { Model } from "../../../src/model/model.ts";
import { resolveConfig } from "../../../src/model/resolve_config.ts";
import { corpusFromText } from "../../../src/text/corpus.ts";
import { Trainer } from "../../../src/train/trainer.ts";
import { precisions } from "../../assembly/module.ts";

const sources = { f32, "f32-strict": f32Strict, f64 };

/** An unsigned LEB128 number: its value, and the index behind it. */
function leb128(bytes: Uint8Array, at: number): [number, number] {
  let value = 0;
  for (let shift = 0;; shift += 7) {
    const byte = bytes[at++] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, at];
  }
}

/** The code section, number 10, of a module. */
function codeSection(bytes: Uint8Array): Uint8Array {
  for (let at = 8; at < bytes.length;) {
    const [size, start] = leb128(bytes, at + 1);
    if (bytes[at] === 10) return bytes.subarray(start, start + size);
    at = start + size;
  }
  throw new Error("Cannot find the code section");
}

/**
 * Counts byte sequences that may be relaxed instructions: the vector prefix 0xfd and an opcode from
 * 0x100 to 0x1ff. Constants can look like one, so a few prove nothing, but none at all does.
 */
function possiblyRelaxed(code: Uint8Array): number {
  let count = 0;
  code.forEach((byte, at) => {
    if (byte !== 0xfd) return;
    const [opcode] = leb128(code, at + 1);
    if (opcode >= 0x100 && opcode <= 0x1ff) count++;
  });
  return count;
}

Deno.test("Only the f32 module has relaxed instructions, and all modules are small", () => {
  for (const precision of precisions) {
    const bytes = bytesOf(sources[precision]);
    assert(bytes.length < 65536, `${precision}: ${bytes.length} bytes`);
    const relaxed = possiblyRelaxed(codeSection(bytes));
    // f32 has hundreds in its products, so the search finds them.
    if (precision === "f32") assert(relaxed > 100, `${relaxed} relaxed instructions`);
    else assertEquals(relaxed, 0, precision);
  }
});

Deno.test("bytesOf() reads every digit", () => {
  assertEquals([...bytesOf("00ff1aa9")], [0, 255, 26, 169]);
  assertEquals(bytesOf("").length, 0);
});

/** A thread reads its modules from files. */
const withoutFiles = Deno.permissions.querySync({ name: "read" }).state !== "granted";

/**
 * Runs a program in a thread whose runtime compiles no module that `isMissing` accepts. It gets the
 * exports of a source file, by default modules.ts.
 */
async function withoutModules(
  isMissing: string,
  program: string,
  source = "src/engine/kernels/modules.ts",
): Promise<string> {
  const path = new URL(`../../../${source}`, import.meta.url).href;
  const code = `
    const { Module, validate } = WebAssembly;
    WebAssembly.validate = (bytes) => !(${isMissing})(bytes) && validate(bytes);
    WebAssembly.Module = new Proxy(Module, {
      construct(target, [bytes]) {
        if ((${isMissing})(bytes)) throw new WebAssembly.CompileError("missing instructions");
        return new target(bytes);
      },
    });
    let result;
    try { result = await (${program})(await import(${JSON.stringify(path)})); }
    catch (error) { result = error.message; }
    postMessage(result);
  `;
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
    });
  } finally {
    worker.terminate();
    URL.revokeObjectURL(url);
  }
}

Deno.test({
  name: "supportedPrecision() replaces f32 without relaxed instructions (needs --allow-read)",
  ignore: withoutFiles,
  async fn() {
    assertEquals(precisions.map(modules.supportedPrecision), [...precisions]);
    const isRelaxed = `(bytes) => bytes.length === ${f32.length / 2}`;
    const program = `({ modules: { supportedPrecision, kernelModule } }) => [
      supportedPrecision("f32"),
      supportedPrecision("f64"),
      kernelModule("f32") === kernelModule("f32-strict"),
    ].join()`;
    assertEquals(await withoutModules(isRelaxed, program), "f32-strict,f64,true");
    // Where relaxed instructions exist, but round twice; the module that finds out is tiny.
    assertEquals(
      await withoutModules("(bytes) => bytes.length < 100", program),
      "f32-strict,f64,true",
    );
  },
});

Deno.test({
  name: "Trainer and Engine report that f32-strict replaces f32, also when resumed " +
    "(needs --allow-read)",
  ignore: withoutFiles,
  async fn() {
    const corpus = corpusFromText("to be or not to be. ".repeat(100));
    const config = resolveConfig({ hidden: 16, seqLength: 10, batchSize: 4 });
    const weightsOf = ({ parameters }: Model) => Object.values(parameters).map((w) => [...w]);
    using strict = Trainer.create(corpus, { ...config, precision: "f32-strict" });
    strict.step();
    using fused = Trainer.create(corpus, config);
    const file = await encodeCheckpoint(fused.checkpoint());
    const program = `async (unroll) => {
      const corpus = unroll.corpusFromText("to be or not to be. ".repeat(100));
      const trainer = unroll.Trainer.create(corpus, ${JSON.stringify(config)});
      trainer.step();
      const resumed = unroll.Trainer.fromCheckpoint(
        corpus,
        await unroll.decodeCheckpoint(new Uint8Array(${JSON.stringify([...file])})),
        { config: { precision: "f32" } },
      );
      const fused = resumed.checkpoint();
      resumed.step();
      resumed.restore({ ...fused, config: { ...fused.config, precision: "f32" } });
      resumed.step();
      return JSON.stringify([trainer, resumed].map((trainer) => {
        const { config, parameters } = trainer.model();
        return [config.precision, Object.values(parameters).map((weights) => [...weights])];
      }));
    }`;
    const outcome = await withoutModules("(bytes) => bytes.length < 100", program, "src/mod.ts");
    const expected = ["f32-strict", weightsOf(strict.model())];
    assertEquals(JSON.parse(outcome), [expected, expected]);
  },
});

Deno.test({
  name: "supportedPrecision() says that a runtime lacks SIMD (needs --allow-read)",
  ignore: withoutFiles,
  async fn() {
    const message = await withoutModules(
      "() => true",
      `({ modules }) => modules.supportedPrecision("f32")`,
    );
    assertMatch(message, /^Cannot compute: this runtime has no WebAssembly SIMD/);
  },
});

Deno.test("The kernels of f32-strict alone compute for f32, too, and name what is missing", () => {
  assertEquals(samplingModules.supportedPrecision("f32"), "f32-strict");
  assertThrows(() => samplingModules.kernelModule("f64"), Error, "import from the main entry");
});

Deno.test("The kernels that only sample compute the bits of f32-strict", () => {
  for (const [cell, batchSize] of [["rnn", 1], ["lstm", 3], ["gru", 7]] as const) {
    const plan = { cell, layers: 2, inputs: 5, hidden: 12, outputs: 5, seqLength: 4, batchSize };
    const logitsOf = (module: WebAssembly.Module) => {
      const { kernels, layout, memory } = instantiate("f32-strict", plan, { module });
      const count = layout.parameterBytes / 4;
      new Float32Array(memory.buffer, layout.parameters, count).forEach((_, i, parameters) => {
        parameters[i] = Math.sin(i) / 3;
      });
      new Uint32Array(memory.buffer, layout.inputIds, 4 * batchSize).forEach((_, i, ids) => {
        ids[i] = i % 5;
      });
      kernels.forward(4, false, 0, 0);
      return [...new Float32Array(memory.buffer, layout.logits, 4 * batchSize * 8)];
    };
    const logits = logitsOf(modules.kernelModule("f32-strict"));
    assert(new Set(logits).size > 10, "the logits differ from each other");
    assertEquals(logitsOf(samplingModules.kernelModule("f32-strict")), logits);
  }
});

for (const precision of precisions) {
  Deno.test(`The module imports a memory and nothing else, ${precision}`, () => {
    assertEquals(WebAssembly.Module.imports(modules.kernelModule(precision)), [
      { module: "env", name: "memory", kind: "memory" },
    ]);
  });

  Deno.test(`Multiply-add rounds as documented, ${precision}`, () => {
    const { kernels, memory } = instantiate(precision, {
      inputs: 1,
      hidden: 4,
      outputs: 4,
      seqLength: 1,
      batchSize: 1,
      denseInputs: false,
      denseTargets: false,
      training: false,
    });
    const { buffer } = memory;
    const numbers = precision === "f64" ? new Float64Array(buffer) : new Float32Array(buffer);
    const [x, w, y] = [2048, 2064, 2096];
    // (1 + 2^−n)² = 1 + 2^(1−n) + 2^−2n, whose last term only a fused instruction keeps.
    const n = precision === "f64" ? 30 : 12;
    const almostOne = 1 + 2 ** -n;
    numbers.fill(0, x, y + 4);
    numbers.set([-1, almostOne], x);
    numbers[w] = 1 + 2 ** (1 - n);
    numbers[w + 4] = almostOne;
    const bytes = (index: number) => index * numbers.BYTES_PER_ELEMENT;
    kernels.vectorTimesMatrix(bytes(y), bytes(x), bytes(w), bytes(4), 4, 4);
    const rest = numbers[y]!;
    // Whether a relaxed instruction is fused depends on the processor.
    const allowed = precision === "f32" ? [0, 2 ** -24] : [0];
    assert(allowed.includes(rest), `${rest} is left`);
  });
}
