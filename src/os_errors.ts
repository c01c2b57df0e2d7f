/** What the system's errors mean; not every one has a class of its own, but each a code. */
const reasons: Readonly<Record<string, string>> = {
  EACCES: "the system denies access",
  EDQUOT: "the quota of the disk is used up",
  ENOENT: "it is not there",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of its path is no folder",
  EROFS: "the file system is read-only",
};

/** Why something could not be done to a file or a folder, in words. */
export function osErrorReason(error: unknown): string {
  if (error instanceof Deno.errors.NotCapable) {
    return "Deno has no permission to; run with --allow-read and --allow-write";
  }
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? String(error.code) : "";
  return reasons[code] ?? error.message;
}
