/** Tests that read and write files in a temporary folder. */

/** Whether the tests may not read and write files. */
export const isDenied: boolean = (["read", "write"] as const).some((name) =>
  Deno.permissions.querySync({ name }).state !== "granted"
);

/** A test in a new temporary folder; ignored if files are not allowed. */
export function testInFolder(name: string, fn: (folder: string) => void | Promise<void>): void {
  Deno.test({
    name: `${name} (needs --allow-read and --allow-write)`,
    ignore: isDenied,
    async fn() {
      const folder = Deno.makeTempDirSync();
      try {
        await fn(folder);
      } finally {
        Deno.removeSync(folder, { recursive: true });
      }
    },
  });
}

/** A test with the path of a file of its own, which does not exist yet. */
export function testWithFile(name: string, fn: (path: string) => void | Promise<void>): void {
  testInFolder(name, (folder) => fn(`${folder}/text.txt`));
}

/** The names in a folder, sorted. */
export function namesIn(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name).toSorted();
}

/** The text files of a folder by name, without the run lock. */
export function contentsOf(folder: string): Record<string, string> {
  const files = Array.from(Deno.readDirSync(folder))
    .filter(({ isFile, name }) => isFile && name !== ".unroll-lock")
    .map(({ name }) => [name, Deno.readTextFileSync(`${folder}/${name}`)] as const);
  return Object.fromEntries(files.toSorted());
}

/** Changes a file's modification time to one that it did not have, as clocks may be coarse. */
export function touch(path: string): void {
  const { mtime } = Deno.statSync(path);
  Deno.utimeSync(path, new Date(), new Date(mtime!.getTime() + 5000));
}
