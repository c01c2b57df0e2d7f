import { assert, assertEquals } from "@std/assert";

Deno.test({
  name: "Engine ends its threads once it is garbage (needs --allow-run)",
  ignore: Deno.build.os !== "linux" ||
    Deno.permissions.querySync({ name: "run" }).state !== "granted",
  async fn() {
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-check", "--allow-all", "--v8-flags=--expose-gc"],
        new URL("abandoned.ts", import.meta.url).pathname,
      ],
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals(code, 0);
    const most = Number(new TextDecoder().decode(stdout));
    assert(most < 30, `${most} threads`);
  },
});
