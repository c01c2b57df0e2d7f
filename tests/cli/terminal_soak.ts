/** All commands in terminals of several widths, as their tasks run them, with one and two threads. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  assertFits,
  finishInTerminal,
  sleep,
  startInTerminal,
  testTerminal,
  tiny,
} from "./program.ts";

const text = "Some text of some length, 1,234 times.\n".repeat(60);
const widths = [40, 60, 80, 200];

/** Command lines for a folder, in an order that works. */
function linesFor(threads: string): string[][] {
  const size = [...tiny, "--threads", threads];
  return [
    ["train", "text.txt", "--out", "run", ...size, "--steps", "400"],
    ["train", "text.txt", "--out", "other", ...size, "--minutes", "0.03", "--preset", "char-rnn"],
    ["train", "text.txt", "--out", "lost", ...size, "--steps", "400", "--lr", "1e30"],
    ["train", "text.txt", "--out", "back", ...size, "--steps", "50", "--lr", "1e30"].concat([
      "--on-divergence",
      "rollback",
    ]),
    ["train", "--resume", "run", "--steps", "800", "--log-every", "20", "--sample-every", "200"],
    ["train", "--resume", "run"],
    ["train", "text.txt", "--out", "run"],
    ["train", "text.txt", "--hiden", "3"],
    ["train", "missing with a long name, so that it is wrapped.txt"],
    ["eval", "run", "text.txt"],
    ["eval", "run", "text.txt", "--latest"],
    ["score", "run", "text.txt"],
    ["score", "run", "text.txt", "--html", "page.html"],
    ["sample", "run", "--length", "35"],
    ["sample", "run", "--length", "20", "--count", "2"],
    ["sample", "run", "--length", "20", "--beam", "2"],
    ["gradcheck", "--hidden", "3", "--cell", "lstm", "--threads", threads],
    ...["train", "eval", "score", "sample", "gradcheck"].flatMap((name) => [
      [name, "--help"],
      [name, "--version"],
    ]),
  ];
}

for (const columns of widths) {
  for (const threads of ["1", "2"]) {
    testTerminal(
      `all tasks fit a terminal of ${columns} columns and ask nothing, with ${threads} threads`,
      async (f) => {
        await Deno.writeTextFile(`${f}/text.txt`, text);
        for (const args of linesFor(threads)) {
          const child = startInTerminal(f, args, { columns, isTask: true });
          const { screen, code } = await finishInTerminal(child);
          assert(code <= 2, `${args}: ${screen}`);
          assertFits(screen, columns);
        }
      },
    );
  }
}

testTerminal("train follows the width of its terminal while it runs", async (f) => {
  await Deno.writeTextFile(`${f}/text.txt`, text);
  const args = ["train", "text.txt", "--out", "run", ...tiny, "--minutes", "0.1"];
  const child = startInTerminal(f, [...args, "--log-every", "1000"], { columns: 100 });
  const resize = async (columns: number) => {
    // The terminal of `script` is that of its child.
    const { stdout } = await new Deno.Command("ps", {
      args: ["--ppid", `${child.pid}`, "-o", "tty="],
    })
      .output();
    const [tty] = new TextDecoder().decode(stdout).trim().split("\n");
    await new Deno.Command("stty", { args: ["-F", `/dev/${tty}`, "cols", `${columns}`] }).output();
  };
  await sleep(2000);
  await resize(40);
  const { screen, code } = await finishInTerminal(child);
  assertEquals(code, 0, screen);
  const [, before, after] = /(step +epoch +train loss.*?)(step +train loss +val loss\b(?! +c).*)/s
    .exec(screen) ?? [];
  assert(before !== undefined && after !== undefined, screen);
  assertMatch(before, /chars\/s +elapsed/);
  assertFits(after, 40);
});

testTerminal(
  "all tasks run with an empty cache, and downloads end before anything is shown",
  async (f) => {
    await Deno.writeTextFile(`${f}/text.txt`, text);
    const env = { DENO_DIR: `${f}/cache` };
    for (const args of linesFor("2").filter(([, first]) => !first?.startsWith("--"))) {
      const child = startInTerminal(f, args, { columns: 60, isTask: true, env });
      const { screen, code } = await finishInTerminal(child);
      // Without a network there is nothing to test.
      if (/error sending request|client error|dns error/i.test(screen)) return;
      assert(code <= 2, screen);
      assert(!/Allow\?|requests access/.test(screen), screen);
      assert(!/\n(Text:|error:|Usage:)[^]*Download/.test(screen), screen);
      // Only the first command downloads.
      if (args[0] !== "train") assert(!screen.includes("Download"), screen);
    }
  },
);
