import { assertEquals } from "@std/assert";
import { describe, environment } from "../../bench/environment.ts";

Deno.test("the processor is named only where that is permitted", () => {
  const permitted = Deno.permissions.querySync({ name: "sys", kind: "cpus" }).state === "granted";
  assertEquals(environment().cpu !== null, permitted);
});

Deno.test("the environment is described in a line", () => {
  const date = "2025-01-02T03:04:05.678Z";
  const software = { unroll: "1.2.3", deno: "2", v8: "15" };
  const machine = { os: "linux", arch: "x86_64", cpu: null, cores: 1 };
  assertEquals(
    describe({ ...software, ...machine, date }),
    "unroll 1.2.3, Deno 2, V8 15, linux x86_64, unnamed processor, 1 core",
  );
});
