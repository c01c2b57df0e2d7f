/** The processor time of processes, which does not depend on what else runs on this machine. */
import { runCommand } from "../../pack/run_deno.ts";

/** Clock ticks of Linux per second, in which /proc counts. */
const TICKS_PER_SECOND = 100;

/** Seconds that processes have computed; seconds that have passed where that cannot be read. */
export async function cpuSeconds(ids: readonly number[]): Promise<number> {
  if (Deno.build.os !== "linux") return performance.now() / 1000;
  // Deno does not read these files itself without all permissions.
  const stats = await runCommand("cat", ids.map((id) => `/proc/${id}/stat`));
  // The fields after the name, which is in parentheses: user and system time are fields 14 and 15.
  const ticks = stats.trimEnd().split("\n").map((line) => {
    const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, count) => sum + count, 0) / TICKS_PER_SECOND;
}

/** The ids of this process's descendants that show pages of Chromium. */
export async function rendererIds(): Promise<number[]> {
  if (Deno.build.os !== "linux") return [];
  const lines = (await runCommand("ps", ["-eo", "pid=,ppid=,args="])).trimEnd().split("\n");
  const processes = lines.map((line) => {
    const [, id, parent, args] = /^ *(\d+) +(\d+) (.*)$/.exec(line)!;
    return { id: Number(id), parent: Number(parent), args: args! };
  });
  const below = (id: number): typeof processes => {
    const children = processes.filter(({ parent }) => parent === id);
    return children.flatMap((child) => [child, ...below(child.id)]);
  };
  return below(Deno.pid).filter(({ args }) => args.includes("--type=renderer"))
    .map(({ id }) => id);
}
