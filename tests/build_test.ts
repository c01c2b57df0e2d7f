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
