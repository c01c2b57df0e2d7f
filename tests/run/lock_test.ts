import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { InputError } from "../../src/errors.ts";
import { RunLock, RunLockedError } from "../../src/run/lock.ts";
import { namesIn, testInFolder } from "../folders.ts";

const mine = new RegExp(`^unroll run lock\nprocess +${Deno.pid}\ntoken [0-9a-f]{16}\n$`);

testInFolder("RunLock.acquire() fails while the lock is held, and names the holder", (folder) => {
  for (let round = 0; round < 3; round++) {
    const lock = RunLock.acquire(folder);
    lock.sign();
    assert(lock.isHeld());
    assertMatch(Deno.readTextFileSync(`${folder}/.unroll-lock`), mine);
    const error = assertThrows(() => RunLock.acquire(folder), RunLockedError);
    assert(!(error instanceof InputError));
    assert(error.message.includes(`${JSON.stringify(folder)}: process ${Deno.pid} is training`));
    lock[Symbol.dispose]();
    assertEquals(namesIn(folder), []);
  }
});

testInFolder("RunLock.acquire() ignores the file of a process that was killed", (folder) => {
  const killed = "unroll run lock\nprocess       4711\ntoken 0123456789abcdef\n";
  for (const left of ["", killed, "unroll run lock\n", `${killed}${killed}`]) {
    Deno.writeTextFileSync(`${folder}/.unroll-lock`, left);
    const lock = RunLock.acquire(folder);
    lock.sign();
    assertMatch(Deno.readTextFileSync(`${folder}/.unroll-lock`), mine);
    lock[Symbol.dispose]();
  }
});

testInFolder("RunLock.acquire() fails without the id of the holder too", (folder) => {
  using file = Deno.openSync(`${folder}/.unroll-lock`, { write: true, create: true });
  assert(file.tryLockSync(true));
  const { message } = assertThrows(() => RunLock.acquire(folder), RunLockedError);
  assert(message.includes(": another process is training into it"), message);
});

testInFolder("RunLock.isHeld() is false after the folder was removed or replaced", (folder) => {
  const run = `${folder}/run`;
  for (const again of [false, true]) {
    Deno.mkdirSync(run);
    const lock = RunLock.acquire(run);
    Deno.removeSync(run, { recursive: true });
    if (again) {
      Deno.mkdirSync(run);
      const other = RunLock.acquire(run);
      assert(!lock.isHeld() && other.isHeld());
      lock[Symbol.dispose]();
      assert(other.isHeld(), "the other lock's file stays");
      other[Symbol.dispose]();
      Deno.removeSync(run);
    } else {
      assert(!lock.isHeld());
      lock[Symbol.dispose]();
    }
  }
});

/** Lets locks be those of a runtime without locks of the system, such as Node.js. */
function withoutSystemLocks(action: () => void): void {
  const openSync = Deno.openSync;
  Object.assign(Deno, { openSync: undefined });
  try {
    action();
  } finally {
    Object.assign(Deno, { openSync });
  }
}

const other = "unroll run lock\nprocess    4194305\ntoken 0123456789abcdef\n";

testInFolder("RunLock.isHeld() is false after another process took a lock by process", (folder) => {
  withoutSystemLocks(() => {
    const lock = RunLock.acquire(folder);
    lock.sign();
    assert(lock.isHeld());
    assertThrows(() => RunLock.acquire(folder), RunLockedError);
    Deno.writeTextFileSync(`${folder}/.unroll-lock`, other);
    assert(!lock.isHeld());
    assertMatch(lock.describeLoss(), /another process/);
    lock[Symbol.dispose]();
    assertEquals(Deno.readTextFileSync(`${folder}/.unroll-lock`), other);
  });
});

testInFolder(
  "RunLock.isHeld() is true while the lock of a killed process is not signed",
  (folder) => {
    withoutSystemLocks(() => {
      Deno.writeTextFileSync(`${folder}/.unroll-lock`, other);
      using lock = RunLock.acquire(folder);
      assertEquals(lock.staleToken, "0123456789abcdef");
      assert(lock.isHeld());
      lock.sign();
      assert(lock.isHeld());
    });
    assertEquals(namesIn(folder), []);
  },
);
