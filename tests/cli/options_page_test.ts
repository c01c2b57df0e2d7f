import { assertEquals } from "@std/assert";
import { optionsPage } from "../../docs/options.ts";

Deno.test({
  name:
    "docs/options.md is what optionsPage() generates; deno task docs writes it (needs --allow-read)",
  ignore: Deno.permissions.querySync({ name: "read" }).state !== "granted",
  fn() {
    const path = new URL("../../docs/options.md", import.meta.url);
    assertEquals(Deno.readTextFileSync(path), optionsPage());
  },
});
