/** Tests that read and write files in a temporary folder. */

const isDenied = (["read", "write"] as const).some((name) =>
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

/** The names in a folder, sorted. */
export function namesIn(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name).toSorted();
}

/** The text files of a folder by name, without the run lock. */
export function contentsOf(folder: string): Record<string, string> {
  const files = Array.from(Deno.readDirSync(folder))
    .filter(({ isFile, name }) => isFile && name !== "lock")
    .map(({ name }) => [name, Deno.readTextFileSync(`${folder}/${name}`)] as const);
  return Object.fromEntries(files.toSorted());
}
