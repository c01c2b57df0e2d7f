/** The program in a pseudo-terminal. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  assertFits,
  finishInTerminal,
  sleep,
  startInTerminal,
  testTerminal,
  tiny,
} from "./program.ts";
import { readLatest } from "./runs.ts";

const text = "some text of some length.\n".repeat(20);
const train = ["train", "text.txt", "--out", "run", ...tiny];

async function start(
  folder: string,
  options: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Deno.ChildProcess> {
  await Deno.writeTextFile(`${folder}/text.txt`, text);
  return startInTerminal(folder, [...train, ...options], { env });
}

/** The steps of the log, as they are printed. */
function stepsOf(folder: string): string[] {
  return Deno.readTextFileSync(`${folder}/run/metrics.jsonl`).trimEnd().split("\n")
    .map((line) => Number(JSON.parse(line).step).toLocaleString("en"));
}

// deno-lint-ignore no-control-regex
const color = /\x1b\[[\d;]*m/;

for (const count of ["3", "300", "42000"]) {
  testTerminal(
    `train shows every log line and sample of ${count} steps in a terminal`,
    async (f) => {
      const every = String(Number(count) / 3);
      const logEvery = String(Math.ceil(Number(count) / 40));
      const { screen, code } = await finishInTerminal(
        await start(f, ["--steps", count, "--sample-every", every, "--log-every", logEvery]),
      );
      assertEquals(code, 0);
      for (const step of stepsOf(f)) {
        assertMatch(screen, new RegExp(` ${step} +[\\d,]+\\.\\d\\d +\\d+\\.\\d{4} `), screen);
      }
      assertEquals(screen.match(/Sample at step/g)?.length, 3, screen);
      assert(!screen.includes("\x1b[?"), "no setting of the terminal is changed");
    },
  );
}

testTerminal("train shows step, loss, speed and time left in a status line", async (f) => {
  const { screen, code } = await finishInTerminal(
    await start(f, ["--minutes", "0.03"]),
  );
  assertEquals(code, 0);
  assertMatch(
    screen,
    /\d+ % {2}\d\.\d s left {2}step [\d,]+ {2}loss \d\.\d{4} {2}[\d,]+ chars\/s/,
  );
  // The summary is left on the screen at the end.
  assertMatch(
    screen,
    /Done after [\d,]+ steps; saved in run\r\n[^]*To sample: .*\r\nTo inspect: .*\r\nTo plot: .*\r\n$/,
  );
});

testTerminal("train prints emphasis to a terminal, unless NO_COLOR is set", async (f) => {
  const options = ["--steps", "3", "--sample-every", "1"];
  const plain = await finishInTerminal(
    await start(f, options, { NO_COLOR: "1" }),
  );
  assertEquals(plain.code, 0);
  assert(!color.test(plain.screen), "NO_COLOR");
  await Deno.remove(`${f}/run`, { recursive: true });
  // An empty value counts as not set: https://no-color.org.
  const { screen, code } = await finishInTerminal(
    await start(f, options, { NO_COLOR: "" }),
  );
  assertEquals(code, 0);
  assertMatch(screen, color);
});

testTerminal("train saves at Ctrl-C, shows the last log line and ends with 130", async (f) => {
  const child = await start(f, ["--minutes", "5", "--log-every", "1000000000"]);
  const [screen, copy] = child.stdout.tee();
  const reader = screen.pipeThrough(new TextDecoderStream()).getReader();
  let seen = "";
  while (!seen.includes(" left")) seen += (await reader.read()).value ?? "";
  await reader.cancel();
  const writer = child.stdin.getWriter();
  await writer.write(Uint8Array.of(3));
  const [{ code }, all] = await Promise.all([child.status, new Response(copy).text()]);
  await writer.close();
  assertEquals(code, 130);
  assertMatch(all, /Interrupted after [\d,]+ steps; saved in run\r\n/);
  assert(!all.includes("\x1b[?"), "no setting of the terminal is changed");
  const { step } = (await readLatest(`${f}/run`)).progress;
  assertEquals(stepsOf(f).at(-1), step.toLocaleString("en"));
  assertMatch(all, new RegExp(`[\\nK] *${stepsOf(f).at(-1)} +\\d`));
});

testTerminal("train saves a checkpoint when its terminal is closed", async (f) => {
  const child = await start(f, ["--minutes", "5"]);
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let seen = "";
  while (!seen.includes(" left")) seen += (await reader.read()).value ?? "";
  // The terminal is closed when the process at its other end dies.
  child.kill("SIGKILL");
  await Promise.all([reader.cancel(), child.stdin.abort(), child.status]);
  const begin = performance.now();
  const names = () => Array.from(Deno.readDirSync(`${f}/run`), ({ name }) => name);
  while (names().includes(".unroll-lock")) {
    assert(performance.now() - begin < 10_000, `still there: ${names()}`);
    await sleep(20);
  }
  const { step } = (await readLatest(`${f}/run`)).progress;
  assert(step > 0);
  assertEquals(stepsOf(f).at(-1), step.toLocaleString("en"));
});

testTerminal(
  "train, eval, score and gradcheck ask for no permission, with two threads",
  async (f) => {
    await Deno.writeTextFile(`${f}/text.txt`, text);
    for (
      const args of [
        // A model of this size is also evaluated by two threads.
        ["train", "text.txt", "--out", "run", "--hidden", "512", "--steps", "1", "--threads", "2"],
        ["eval", "run", "text.txt"],
        ["score", "run", "text.txt"],
        ["gradcheck", "--hidden", "4", "--threads", "2"],
      ]
    ) {
      const { screen, code } = await finishInTerminal(startInTerminal(f, args));
      assertEquals(code, 0, screen);
      assert(!screen.includes("requests"), screen);
    }
  },
);

testTerminal("all commands fit a terminal of 40 columns", async (f) => {
  await Deno.writeTextFile(`${f}/text.txt`, text);
  for (
    const args of [
      ["train", "text.txt", "--out", "run", ...tiny, "--steps", "300", "--sample-every", "100"],
      ["train", "--resume", "run", "--epochs", "12"],
      ["train", "--resume", "run"],
      ["eval", "run", "text.txt"],
      ["score", "run", "text.txt"],
      ["sample", "run", "--length", "30"],
      ["gradcheck", "--hidden", "4"],
      ["train", "--help"],
    ]
  ) {
    const { screen, code } = await finishInTerminal(startInTerminal(f, args, { columns: 40 }));
    assertEquals(code, 0, screen);
    assertFits(screen, 40);
  }
  const refused = startInTerminal(f, ["train", "text.txt", "--out", "run", "--hiden", "5"], {
    columns: 40,
  });
  const { screen, code } = await finishInTerminal(refused);
  assertEquals(code, 2);
  assertFits(screen, 40);
});
