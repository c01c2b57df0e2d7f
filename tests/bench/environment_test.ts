import { assertEquals } from "@std/assert";
import { formatEnvironment, readEnvironment } from "../../bench/environment.ts";

Deno.test("readEnvironment() names the processor only with --allow-sys=cpus", () => {
  const permitted = Deno.permissions.querySync({ name: "sys", kind: "cpus" }).state === "granted";
  assertEquals(readEnvironment().cpu !== null, permitted);
});

Deno.test("formatEnvironment() is one line without the date", () => {
  const date = "2025-01-02T03:04:05.678Z";
  const software = { unroll: "1.2.3", deno: "2", v8: "15" };
  const machine = { os: "linux", arch: "x86_64", cpu: null, cores: 1 };
  assertEquals(
    formatEnvironment({ ...software, ...machine, date }),
    "unroll 1.2.3, Deno 2, V8 15, linux x86_64, unknown processor, 1 core",
  );
});
