import { assertEquals, assertMatch } from "@std/assert";
import { ProgressBar } from "../../src/cli/progress_bar.ts";
import { hasScript, permitted } from "./terminal.ts";

/** What is written to standard error while the clock says these milliseconds, one an update. */
function told(times: readonly number[], update: (line: ProgressBar, i: number) => void): string[] {
  const { now } = performance;
  const { error } = console;
  const lines: string[] = [];
  let time = 0;
  try {
    performance.now = () => time;
    console.error = (line: string) => void lines.push(line);
    using line = new ProgressBar("Reading the text");
    times.forEach((at, i) => {
      time = at;
      update(line, i);
    });
  } finally {
    performance.now = now;
    console.error = error;
  }
  return lines;
}

Deno.test({
  name: "what is done within a second is not told, what takes longer in one line",
  // On a terminal there is a bar instead; the next test looks at it.
  ignore: Deno.stderr.isTerminal(),
  fn() {
    const tenths = [100, 200, 300, 400, 500, 600, 700, 800, 900, 1000];
    assertEquals(told(tenths.slice(0, 9), (line, i) => line.update(i + 1, 9)), []);
    assertEquals(told(tenths, (line, i) => line.update(i + 1, 10)), []);
    assertEquals(told(tenths, (line) => line.update(0, 10)), []);
    const twice = [...tenths, ...tenths.map((time) => time + 1000)];
    assertEquals(told(twice, (line, i) => line.update(i + 1, 30)), [
      "Reading the text takes about 3.0 s",
    ]);
  },
});

Deno.test({
  name:
    `on a terminal there is a bar, even while nothing else can run, and then it is gone (needs ${
      permitted ? "util-linux's script" : "--allow-read, --allow-write and --allow-run"
    })`,
  ignore: !permitted || !hasScript(),
  async fn() {
    const module = new URL("../../src/cli/progress.ts", import.meta.url).href;
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const program = `import { ProgressLine } from "${module}";
      const begin = performance.now();
      {
        using line = new ProgressLine("Reading the text");
        for (let t = 0; t < 1500; t = performance.now() - begin) line.update(t, 2000);
      }
      console.log("ready");`;
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${folder}/program.ts`, program);
      const command = `'${Deno.execPath()}' run -qA --no-check --config '${config}' program.ts`;
      const { code, stdout } = await new Deno.Command("script", {
        args: ["-qec", command, "/dev/null"],
        cwd: folder,
        stdin: "null",
        stderr: "null",
      }).output();
      const screen = new TextDecoder().decode(stdout);
      assertEquals(code, 0, screen);
      assertMatch(screen, /Reading the text {2}█+░+ \d+ % {2}0\.\d s left/);
      // The line is cleared before anything else is written, and nothing of the terminal is changed.
      // deno-lint-ignore no-control-regex
      assertMatch(screen, /\x1b\[2?K[^█]*ready\r\n$/);
      // deno-lint-ignore no-control-regex
      assertEquals(screen.match(/\x1b\[\?(?:25l|7l)/), null);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
