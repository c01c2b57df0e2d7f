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
    const { compile } = await import("../build.ts");
    const modules = await compile();
    assertEquals([...modules.keys()], [
      "src/engine/kernels/f32.wasm",
      "src/engine/kernels/f32-strict.wasm",
      "src/engine/kernels/f64.wasm",
      "bench/peak/peak.wasm",
    ]);
    for (const [path, bytes] of modules) {
      const committed = await Deno.readFile(path);
      const same = committed.length === bytes.length &&
        committed.every((byte, i) => byte === bytes[i]);
      assert(same, `${path} is out of date: run deno task build`);
      assert(bytes.length < 65536, `${path} has ${bytes.length} bytes`);
    }
  },
});
