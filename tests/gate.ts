/**
 * The gate that every change passes: `deno task ok`.
 *
 * Runs the checks, all tests, the soaks, and each command as a user would, and prints how many of
 * them passed. The last line is the sum: `N passed, N failed`.
 */
import { checkArguments } from "../project_task.ts";

await checkArguments("ok", "Run all checks that a change must pass");

/** A command of the gate: the arguments of `deno`. */
interface Check {
  readonly args: readonly string[];
  /** Whether the command runs tests, which are counted one by one. */
  readonly countsTests?: boolean;
}

/** What has passed and failed so far. */
interface Tally {
  passed: number;
  failed: number;
}

const temporary = Deno.makeTempDirSync();
const run = `${temporary}/alice`;
const deep = `${temporary}/deep`;
const text = "examples/alice.txt";

const checks: readonly Check[] = [
  { args: ["task", "check"] },
  { args: ["task", "test"], countsTests: true },
  // Without permissions, tests that need one are ignored, and none fails.
  { args: ["test"], countsTests: true },
  { args: ["task", "soak"], countsTests: true },
  { args: ["task", "test-packages"], countsTests: true },
  { args: ["task", "test-page"], countsTests: true },
  { args: ["task", "test-mpi"], countsTests: true },
  { args: ["publish", "--dry-run", "--allow-dirty"] },
  { args: ["bench"] },
  { args: ["task", "bench-report", "--rounds", "1", "--seconds", "0.02"] },
  { args: ["task", "bench-phases", "--rounds", "1", "--seconds", "0.02"] },
  { args: ["task", "bench-threads", "--rounds", "1", "--seconds", "0.02", "--busy", "1"] },
  { args: ["task", "bench-mpi", "--gflops", "40"] },
  { args: ["task", "measure-structure", "--options", "--steps 20", "--chars", "3000"] },
  { args: ["task", "notebooks"] },
  { args: ["task", "gradcheck"] },
  {
    args: ["task", "gradcheck", "--cell", "lstm", "--layers", "2", "--dropout", "0.3"]
      .concat("--hidden", "8", "--threads", "2"),
  },
  { args: ["run", "--allow-read", "examples/train_and_sample.ts"] },

  // The first commands of the README, shortened.
  { args: ["task", "train", text, "--steps", "300", "--out", run] },
  { args: ["task", "train", "--resume", run, "--steps", "400"] },
  { args: ["task", "sample", run, "--length", "200"] },
  { args: ["task", "sample", run, "--count", "3", "--top-p", "0.9", "--stop", "."] },
  { args: ["task", "sample", run, "--beam", "10", "--length", "60"] },
  { args: ["task", "eval", run, text, "--json"] },
  { args: ["task", "score", run, text, "--html", `${temporary}/score.html`] },
  { args: ["task", "info", run] },
  { args: ["task", "plot", run, "--out", `${temporary}/loss.svg`] },
  { args: ["task", "export", run, "--format", "huggingface", "--out", `${temporary}/hub`] },
  { args: ["task", "import", `${temporary}/hub`, "--out", `${temporary}/imported`] },

  // A deeper network, which takes the other path through most kernels, without bounds checks.
  {
    args: ["task", "train-unchecked", text, "--steps", "60", "--out", deep, "--cell", "gru"]
      .concat("--layers", "2", "--dropout", "0.2", "--optimizer", "adamw", "--init", "orthogonal")
      .concat("--lr-schedule", "plateau", "--lr-patience", "3", "--patience", "9")
      .concat("--test-fraction", "0.05", "--holdout", "streams"),
  },
  { args: ["task", "eval", deep, text] },
];

/** How long a command may take, far above what any of them does: one that waits for ever fails. */
const LIMIT_MINUTES = 35;

/** Runs `deno` and passes its output on; returns the output and whether the command succeeded. */
async function runDeno(args: readonly string[]): Promise<{ output: string; success: boolean }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
    // A group of its own, so that all that it started ends with it.
    detached: true,
  }).spawn();
  const end = () => Deno.kill(-child.pid, "SIGKILL");
  const interrupt = () => {
    end();
    Deno.exit(130);
  };
  Deno.addSignalListener("SIGINT", interrupt);
  const timer = setTimeout(() => {
    console.log(`\n── more than ${LIMIT_MINUTES} minutes: ended`);
    end();
  }, LIMIT_MINUTES * 60_000);
  try {
    const decoder = new TextDecoder();
    let output = "";
    for await (const bytes of child.stdout) {
      await Deno.stdout.write(bytes);
      output += decoder.decode(bytes, { stream: true });
    }
    return { output, success: (await child.status).success };
  } finally {
    clearTimeout(timer);
    Deno.removeSignalListener("SIGINT", interrupt);
  }
}

/** Adds what a command's closing line counts; a command that counts nothing has failed. */
function countTests(output: string, success: boolean, tally: Tally): void {
  const [, passed = "0", failed = "0"] =
    /\| (\d+) passed.*\| (\d+) failed/.exec(output.trimEnd().split("\n").at(-1) ?? "") ??
      output.match(/\| (\d+) passed[^\n]*\| (\d+) failed/) ?? [];
  tally.passed += Number(passed);
  tally.failed += Number(failed);
  if (passed === "0" || !success && failed === "0") tally.failed++;
}

const tally: Tally = { passed: 0, failed: 0 };
const broken: string[] = [];
try {
  for (const { args, countsTests = false } of checks) {
    const line = ["deno", ...args].join(" ");
    const begin = performance.now();
    console.log(`\n── ${line}`);
    const { output, success } = await runDeno(args);
    if (countsTests) countTests(output, success, tally);
    else tally[success ? "passed" : "failed"]++;
    if (!success) broken.push(line);
    if (!output.endsWith("\n")) console.log();
    console.log(`── ${success ? "passed" : "FAILED"} in ${secondsSince(begin)} s: ${line}`);
  }
} finally {
  Deno.removeSync(temporary, { recursive: true });
}

function secondsSince(begin: number): string {
  return ((performance.now() - begin) / 1000).toFixed(1);
}

if (broken.length > 0) console.log(`\nFailed:\n${broken.map((line) => `  ${line}`).join("\n")}`);
console.log(`\n${tally.passed} passed, ${tally.failed} failed`);
Deno.exit(tally.failed === 0 ? 0 : 1);
