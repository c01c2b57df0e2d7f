import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { InUseError, RunLock } from "../../src/run/lock.ts";
import { namesIn, testFiles } from "./folders.ts";

testFiles("a folder has one lock, which says who holds it, and can be taken again", (folder) => {
  for (let round = 0; round < 3; round++) {
    const lock = RunLock.take(folder);
    assert(lock.isHeld());
    assertEquals(Deno.readTextFileSync(`${folder}/lock`), `${Deno.pid}\n`);
    const error = assertThrows(() => RunLock.take(folder), InUseError);
    assert(!(error instanceof InputError));
    assertEquals(
      error.message,
      `Cannot train into ${
        JSON.stringify(folder)
      }: process ${Deno.pid} is training into it; wait ` +
        "for it or end it, or name another folder with --out",
    );
    lock.release();
    assertEquals(namesIn(folder), []);
  }
});

testFiles("a file that a killed process left is no lock", (folder) => {
  for (const left of ["", "4711\n", "not a number, and longer than any"]) {
    Deno.writeTextFileSync(`${folder}/lock`, left);
    const lock = RunLock.take(folder);
    assertEquals(Deno.readTextFileSync(`${folder}/lock`), `${Deno.pid}\n`);
    lock.release();
  }
});

testFiles("a holder that does not say who it is keeps others out as well", (folder) => {
  using file = Deno.openSync(`${folder}/lock`, { write: true, create: true });
  assert(file.tryLockSync(true));
  const { message } = assertThrows(() => RunLock.take(folder), InUseError);
  assert(message.includes(": another process is training into it; "), message);
});

testFiles("a lock whose folder or file is gone or another is not held any more", (folder) => {
  const run = `${folder}/run`;
  for (const again of [false, true]) {
    Deno.mkdirSync(run);
    const lock = RunLock.take(run);
    Deno.removeSync(run, { recursive: true });
    if (again) {
      Deno.mkdirSync(run);
      const other = RunLock.take(run);
      assert(!lock.isHeld() && other.isHeld());
      lock.release();
      assert(other.isHeld(), "the file of another one stays");
      other.release();
      Deno.removeSync(run);
    } else {
      assert(!lock.isHeld());
      lock.release();
    }
  }
});
