import { assert, assertEquals } from "@std/assert";

const permissions = ["read", "env"] as const;
const missing = permissions.filter((name) =>
  Deno.permissions.querySync({ name }).state !== "granted"
);
const needs = "(needs --allow-read and --allow-env)";

Deno.test({
  name: `compile() produces the committed modules byte for byte ${needs}`,
  ignore: missing.length > 0,
  async fn() {
    // Imported here, because the compiler reads the environment when it is imported.
    const { compile, moduleSource } = await import("../build.ts");
    const modules = await compile();
    assertEquals([...modules.keys()], [
      "src/engine/kernels/modules/f32.ts",
      "src/engine/kernels/modules/f32_strict.ts",
      "src/engine/kernels/modules/f32_strict_sampling.ts",
      "src/engine/kernels/modules/f64.ts",
      "bench/peak/module.ts",
    ]);
    for (const [path, bytes] of modules) {
      const isCommitted = await Deno.readTextFile(path) === moduleSource(bytes);
      assert(isCommitted, `${path} is out of date: run deno task build`);
      assert(bytes.length < 65536, `${path} has ${bytes.length} bytes`);
    }
  },
});

Deno.test({
  name: `unrollLoops() repeats the bodies of marked loops alone ${needs}`,
  ignore: missing.length > 0,
  async fn() {
    const { unrollLoops } = await import("../build.ts");
    const run = (source: string) =>
      new Function("n", `const out = []; ${unrollLoops(source)} return out.join();`) as (
        n: number,
      ) => string;
    const loop = "let i = 0;\n  // unroll: 3\n  do {\n    out.push(i++);\n  } while (i < n);\n";
    assertEquals(unrollLoops(loop).split("out.push(i++)").length - 1, 3);
    for (let n = 1; n < 8; n++) assertEquals(run(loop)(n), [...Array(n).keys()].join());

    const lanes =
      "// unroll: 4\nfor (let i = 0; i < n; i++) {\n  if (i !== 1) {\n    out.push(i);\n  }\n}\n";
    assertEquals(unrollLoops(lanes).split("out.push(i)").length - 1, 4);
    assertEquals(run(lanes)(4), "0,2,3");
    assertEquals(run(lanes)(2), "0");

    const plain = "// A comment\ndo {\n  out.push(n--);\n} while (n > 0);\n";
    assertEquals(unrollLoops(plain), plain);
  },
});
