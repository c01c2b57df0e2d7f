import { assertEquals, assertMatch } from "@std/assert";

Deno.test({
  name: "sine_wave.ts learns the wave, without any permission (needs --allow-run)",
  ignore: Deno.permissions.querySync({ name: "run" }).state !== "granted",
  async fn() {
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--no-prompt", "examples/sine_wave.ts"],
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals(code, 0);
    assertMatch(
      new TextDecoder().decode(stdout),
      /^step 1: loss [5-9]\.\de-1\n(.*\n)*step 300: loss \d\.\de-[6-9]\n$/,
    );
  },
});
