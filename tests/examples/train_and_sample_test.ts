import { assertEquals, assertMatch } from "@std/assert";

Deno.test({
  name: "train_and_sample.ts trains and prints text, with permission to read only",
  ignore: Deno.permissions.querySync({ name: "run" }).state !== "granted",
  async fn() {
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--allow-read", "examples/train_and_sample.ts"],
      env: { NO_COLOR: "1" },
    }).output();
    const output = new TextDecoder().decode(stdout);
    assertEquals(code, 0);
    assertMatch(output, /^84891 characters, 65 of them distinct\nstep 1: smoothed loss 4\.17/);
    assertMatch(output, /\nstep 1000: smoothed loss 1\.\d+\nAlice [^]{300}\n$/);
  },
});
