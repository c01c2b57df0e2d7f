import { assertEquals, assertMatch } from "@std/assert";
import { ProgressBar } from "../../src/cli/progress_bar.ts";
import { testTerminal } from "./program.ts";

/** The lines on standard error when the clock shows these milliseconds, one at each update. */
function linesAt(
  times: readonly number[],
  update: (bar: ProgressBar, i: number) => void,
): string[] {
  const { now } = performance;
  const { error } = console;
  const lines: string[] = [];
  let time = 0;
  try {
    performance.now = () => time;
    console.error = (line: string) => void lines.push(line);
    using bar = new ProgressBar("Reading the text");
    times.forEach((at, i) => {
      time = at;
      update(bar, i);
    });
  } finally {
    performance.now = now;
    console.error = error;
  }
  return lines;
}

Deno.test({
  name: "ProgressBar prints one line without a terminal, and none within a second",
  // A terminal shows a bar instead.
  ignore: Deno.stderr.isTerminal(),
  fn() {
    const tenths = [100, 200, 300, 400, 500, 600, 700, 800, 900, 1000];
    assertEquals(linesAt(tenths.slice(0, 9), (bar, i) => bar.update(i + 1, 9)), []);
    assertEquals(linesAt(tenths, (bar, i) => bar.update(i + 1, 10)), []);
    assertEquals(linesAt(tenths, (bar) => bar.update(0, 10)), []);
    const twice = [...tenths, ...tenths.map((time) => time + 1000)];
    assertEquals(linesAt(twice, (bar, i) => bar.update(i + 1, 30)), [
      "Reading the text takes about 3.0 s",
    ]);
  },
});

testTerminal("ProgressBar shows a bar in a terminal, and removes it", async (f) => {
  const module = new URL("../../src/cli/progress_bar.ts", import.meta.url).href;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  // Even while nothing else can run.
  const program = `import { ProgressBar } from "${module}";
    const begin = performance.now();
    {
      using bar = new ProgressBar("Reading the text");
      for (let t = 0; t < 1500; t = performance.now() - begin) bar.update(t, 2000);
    }
    console.log("ready");`;
  await Deno.writeTextFile(`${f}/program.ts`, program);
  const command = `'${Deno.execPath()}' run -qA --no-check --config '${config}' program.ts`;
  const { code, stdout } = await new Deno.Command("script", {
    args: ["-qec", command, "/dev/null"],
    cwd: f,
    stdin: "null",
    stderr: "null",
  }).output();
  const screen = new TextDecoder().decode(stdout);
  assertEquals(code, 0, screen);
  assertMatch(screen, /Reading the text {2}█+░+ \d+ % {2}0\.\d s left/);
  // The line is cleared before anything else is written, and nothing of the terminal is changed.
  // deno-lint-ignore no-control-regex
  assertMatch(screen, /\x1b\[K[^█]*ready\r\n$/);
  // deno-lint-ignore no-control-regex
  assertEquals(screen.match(/\x1b\[\?(?:25l|7l)/), null);
});
