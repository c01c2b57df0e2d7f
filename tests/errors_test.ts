import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InputError, TextError, withContext, withContextAsync } from "../src/errors.ts";
import { osErrorReason, toInputError } from "../src/files/os_errors.ts";

Deno.test("InputError carries the option and the cause", () => {
  const cause = new Error("cause");
  const error = new InputError("wrong", { option: "gradClip", cause });
  assertEquals([error.name, error.option, error.cause], ["InputError", "gradClip", cause]);
  assertEquals(new InputError("wrong").option, undefined);
});

Deno.test("withContext() prefixes an InputError, and keeps its class, option and cause", () => {
  for (const Class of [InputError, TextError]) {
    const cause = new Class("it is wrong", { option: "lr" });
    const error = assertThrows(
      () =>
        withContext("Cannot train", () => {
          throw cause;
        }),
      Class,
    );
    assertEquals(error.message, "Cannot train: it is wrong");
    assertEquals([error.constructor, error.option, error.cause], [Class, "lr", cause]);
  }
});

Deno.test("withContext() changes the option, and passes results and other errors", () => {
  const fail = () => {
    throw new InputError("it is wrong", { option: "lr" });
  };
  const error = assertThrows(() => withContext("In a", fail, { option: undefined }), InputError);
  assertEquals(error.option, undefined);
  assertEquals(withContext("Cannot add", () => 1 + 1), 2);
  const other = new RangeError("other");
  const thrown = assertThrows(() =>
    withContext("Cannot add", () => {
      throw other;
    })
  );
  assert(thrown === other);
});

Deno.test("withContextAsync() prefixes the InputError of a promise", async () => {
  assertEquals(await withContextAsync("Cannot add", () => Promise.resolve(2)), 2);
  const reject = () => Promise.reject(new InputError("it is empty"));
  const { message } = await assertRejects(
    () => withContextAsync("Cannot read", reject),
    InputError,
  );
  assertEquals(message, "Cannot read: it is empty");
});

const withCode = (code: string) => Object.assign(new Error("of the system"), { code });
const attempt = { path: "a", action: "write", missing: "its folder must exist" } as const;

Deno.test("toInputError() names what is wrong and what would be right", () => {
  const message = (error: Error) => {
    const translated = toInputError(error, attempt);
    assert(translated instanceof InputError && translated.cause === error);
    return translated.message;
  };
  assertEquals(message(withCode("ENOENT")), "there is no such file; its folder must exist");
  assertEquals(
    message(withCode("ENOTDIR")),
    "a part of its path is not a folder; its folder must exist",
  );
  assertEquals(
    message(new Deno.errors.PermissionDenied("no")),
    "the system denies access; the user who runs this must be allowed to write it",
  );
  assertEquals(
    message(new Deno.errors.NotCapable("no")),
    "Deno has no permission to write it; run with --allow-read and --allow-write",
  );
  assertEquals(
    message(withCode("ENOSPC")),
    "the disk is full; there must be room for the old file and the new one",
  );
});

Deno.test("toInputError() says that a path is empty", () => {
  const translated = toInputError(new Error("no code"), { ...attempt, path: "" });
  assertEquals(String(translated), "InputError: its path is empty; it must have a path");
});

Deno.test("toInputError() and osErrorReason() pass other errors", () => {
  const failure = new Error("input/output error");
  assertEquals(toInputError(failure, attempt), failure);
  assertEquals(osErrorReason(failure), "input/output error");
  assertEquals(osErrorReason("text"), "text");
  assertEquals(osErrorReason(withCode("EROFS")), "the file system is read-only");
});
