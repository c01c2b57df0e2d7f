import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { explain, readTextFile } from "../../src/text/file.ts";

const unreadable = Deno.permissions.querySync({ name: "read" }).state !== "granted";

async function assertRefused(path: string, words: string) {
  const { message } = await assertRejects(
    () => readTextFile(path, () => {}),
    InputError,
  );
  assertEquals(message, `Cannot read the text ${JSON.stringify(path)}: ${words}`);
}

Deno.test({
  name: "a path that is no file's is refused (needs --allow-read)",
  ignore: unreadable,
  fn: async () => {
    const missing = "there is no such file; it must be the path of a UTF-8 text";
    const here = import.meta.filename!;
    await assertRefused("", missing);
    await assertRefused(`${here}.missing`, missing);
    await assertRefused(`${here}/below`, missing);
    await assertRefused(`${here}.${"x".repeat(300)}`, missing);
    await assertRefused(`${here}.two\nlines`, missing);
    await assertRefused(
      import.meta.dirname!,
      "it is a directory; it must be a regular file",
    );
  },
});

Deno.test({
  name: "a device is refused (needs --allow-read)",
  ignore: Deno.build.os === "windows" || unreadable,
  fn: () =>
    assertRefused(
      "/dev/null",
      "it is a device, pipe or socket; it must be a regular file",
    ),
});

Deno.test({
  name: "a missing permission names its flag",
  permissions: { read: false },
  fn: () =>
    assertRefused(
      "text.txt",
      "Deno has no permission to read it; run with --allow-read",
    ),
});

Deno.test("denied access is explained, and what is not the user's is passed on", () => {
  const denied = explain("a b.txt", new Deno.errors.PermissionDenied("no"));
  assertEquals(denied instanceof InputError, true);
  assertStringIncludes(
    String(denied),
    'Cannot read the text "a b.txt": the system denies access; it must be',
  );
  const failure = new Error("input/output error");
  assertEquals(explain("a.txt", failure), failure);
});
