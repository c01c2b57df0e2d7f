import { quote } from "../json.ts";

const NAME = "lock";

/** Another process is training into the folder. */
export class InUseError extends Error {
  /** The class's name, so that it survives in logs. */
  override name = "InUseError";
}

/**
 * That a folder is one process's to write into: an advisory lock of the system on a file in it,
 * which ends with the process, however that ends. The file says who holds it.
 */
export class RunLock {
  readonly #path: string;
  readonly #file: Deno.FsFile;

  private constructor(path: string, file: Deno.FsFile) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * Takes the lock of a folder.
   * @throws {InUseError} when another process holds it.
   */
  static take(folder: string): RunLock {
    const path = `${folder}/${NAME}`;
    for (;;) {
      const file = Deno.openSync(path, { read: true, write: true, create: true });
      try {
        if (!file.tryLockSync(true)) throw new InUseError(describe(folder, file));
        // Whoever held it may have removed the file after it was opened here.
        if (refersTo(path, file)) return new RunLock(path, sign(file));
      } catch (error) {
        file.close();
        throw error;
      }
      file.close();
    }
  }

  /** Whether the folder is still there, and this its lock. */
  isHeld(): boolean {
    return refersTo(this.#path, this.#file);
  }

  /** Gives it up, and removes the file. */
  release(): void {
    try {
      if (this.isHeld()) Deno.removeSync(this.#path);
    } catch {
      // A file that stays hinders nobody: it is the lock on it that counts.
    } finally {
      this.#file.close();
    }
  }
}

function refersTo(path: string, file: Deno.FsFile): boolean {
  try {
    const there = Deno.statSync(path);
    const here = file.statSync();
    return there.ino === here.ino && there.dev === here.dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Writes into a locked file who holds it. */
function sign(file: Deno.FsFile): Deno.FsFile {
  try {
    file.truncateSync();
    file.writeSync(new TextEncoder().encode(`${Deno.pid}\n`));
  } catch {
    // On a full disk: the lock holds nonetheless, only nobody learns whose it is.
  }
  return file;
}

function describe(folder: string, file: Deno.FsFile): string {
  const bytes = new Uint8Array(20);
  const pid = new TextDecoder().decode(bytes.subarray(0, file.readSync(bytes) ?? 0)).trim();
  const who = /^\d+$/.test(pid) ? `process ${pid}` : "another process";
  return `Cannot train into ${quote(folder)}: ${who} is training into it; wait for it or end it, ` +
    `or name another folder with --out`;
}
