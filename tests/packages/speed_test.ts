import { assertEquals } from "@std/assert";
import { compareRuntimes } from "../../bench/runtimes/command.ts";
import { chromiumPath } from "./chromium.ts";
import { testPackage } from "./installation.ts";

testPackage("compareRuntimes() measures every runtime next to Deno", async (installation) => {
  const table = await compareRuntimes({ ...installation, rounds: 1, seconds: 0.05 });
  const rows = table.trimEnd().split("\n").slice(1).map((line) => line.split(/ {2,}/));
  const names = ["Deno", "Node.js 24", "Node.js 22", "Node.js 22 --turboshaft-wasm", "Bun"];
  if (chromiumPath !== undefined) names.push("Chromium");
  assertEquals(rows.map(({ length }) => length), names.map(() => 4));
  assertEquals(rows.map(([name]) => name), names);
});
