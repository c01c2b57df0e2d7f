import { assert, assertEquals } from "@std/assert";

const permissions = ["read", "env"] as const;
const missing = permissions.filter((name) =>
  Deno.permissions.querySync({ name }).state !== "granted"
);
const needs = "(needs --allow-read and --allow-env)";

Deno.test({
  name: `a fresh build of the sources gives the committed modules, byte for byte ${needs}`,
  ignore: missing.length > 0,
  async fn() {
    // Not at the top: the compiler reads the environment as soon as it is imported.
    const { compile } = await import("../build.ts");
    const modules = await compile();
    assertEquals([...modules.keys()], ["f32", "f32-strict", "f64"]);
    for (const [name, bytes] of modules) {
      const committed = await Deno.readFile(`src/engine/kernels/${name}.wasm`);
      const same = committed.length === bytes.length &&
        committed.every((byte, i) => byte === bytes[i]);
      assert(same, `${name}.wasm is not what the sources give: run deno task build`);
      assert(bytes.length < 65536, `${name}.wasm has ${bytes.length} bytes`);
    }
  },
});
