/** Tests with a file of their own. */

const denied = (["read", "write"] as const).some((name) =>
  Deno.permissions.querySync({ name }).state !== "granted"
);

/** Defines a test that gets the path of a file of its own, which does not exist yet. */
export function fileTest(name: string, fn: (path: string) => void | Promise<void>): void {
  Deno.test({
    name: `${name} (needs --allow-read --allow-write)`,
    ignore: denied,
    fn: async () => {
      const directory = await Deno.makeTempDir();
      try {
        await fn(`${directory}/text.txt`);
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    },
  });
}

/** Changes a file's modification time to one that it did not have, as clocks may be coarse. */
export function touch(path: string): void {
  const { mtime } = Deno.statSync(path);
  Deno.utimeSync(path, new Date(), new Date(mtime!.getTime() + 5000));
}
