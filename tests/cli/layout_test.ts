/** The layout of the log, the status line and tables, for terminals of any width. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { columnsOf, fold, foldCommand, formatLoss, table } from "../../src/cli/format.ts";
import { helpOf } from "../../src/cli/args.ts";
import { LogRows } from "../../src/cli/log_rows.ts";
import { commands } from "../../src/cli/main.ts";
import {
  columnsFor,
  describeDuration,
  firstLines,
  formatEpoch,
  formatStatus,
} from "../../src/cli/terminal.ts";
import type { TrainingMetrics } from "../../src/train/metrics.ts";

const metrics: TrainingMetrics = {
  step: 10_000_000,
  epoch: 12345.67,
  chars: 8e9,
  loss: 55888.1234,
  batchLoss: 1,
  validationLoss: 55888.1234,
  lr: 0.001,
  charsPerSecond: 12_345_678,
  threads: 2,
  elapsedSeconds: 359_999,
};

Deno.test("columnsFor() leaves out columns, and has room for large numbers in the others", () => {
  const namesAt = (width: number) => columnsFor(width).map(({ name }) => name);
  assertEquals(namesAt(40), ["step", "train loss", "val loss"]);
  assertEquals(namesAt(60), ["step", "train loss", "val loss", "chars/s", "elapsed"]);
  assertEquals(namesAt(80).length, 6);
  assertEquals(namesAt(20), ["step"]);
  for (let width = 20; width <= 200; width++) {
    const columns = columnsFor(width);
    assert(columns.reduce((sum, column) => sum + column.width, 0) <= width);
    for (const column of columns) {
      assert(column.cell(metrics).length < column.width, column.name);
      assert(column.name.length < column.width, column.name);
    }
  }
});

Deno.test("formatStatus() fits its columns, with whole numbers only", () => {
  const status = { ...metrics, fractionDone: 0.999, secondsLeft: 359_999 };
  const parts =
    /^(?:[█░]+ )?99 %(?: {2}99:59:59 left(?: {2}step 10,000,000(?: {2}loss 55888\.1234(?: {2}12,345,678 chars\/s(?: {2}2 threads)?)?)?)?)?$/;
  for (let columns = 10; columns <= 200; columns++) {
    const line = formatStatus(status, columns);
    assert(columnsOf(line) <= columns, line);
    assertMatch(line, parts);
  }
  assertMatch(formatStatus(status, 100), /chars\/s {2}2 threads$/);
  assertMatch(formatStatus(status, 79), /chars\/s$/);
  assertMatch(formatStatus(status, 39), /99 % {2}99:59:59 left {2}step 10,000,000$/);
});

Deno.test("firstLines() says how many lines of a long sample are left out", () => {
  const sample = (lines: number) => Array.from({ length: lines }, (_, i) => `${i}`).join("\n");
  for (const lines of [1, 16, 17]) assertEquals(firstLines(sample(lines)), sample(lines));
  assertEquals(firstLines(sample(18)), `${sample(16)}\n… 2 more lines`);
  assertEquals(firstLines("\n".repeat(200)), `${"\n".repeat(16)}… 185 more lines`);
});

Deno.test("formatEpoch() groups digits as the column of steps does", () => {
  assertEquals([0.004, 8000, 99_999.994, 99_999.996, 123_456].map(formatEpoch), [
    ...["0.00", "8,000.00", "99,999.99", "1.00e+5", "1.23e+5"],
  ]);
});

Deno.test("formatLoss() keeps the loss of a diverged run short", () => {
  assertEquals([0, 4.17437, 55888.1234, 2.2e9, Infinity, NaN].map((loss) => formatLoss(loss)), [
    ...["0.0000", "4.1744", "55888.1234", "2.200e+9", "Infinity", "NaN"],
  ]);
});

Deno.test("table() breaks a table that is too wide into several, without losing a cell", () => {
  const rows = [
    ["a long name of the rows", "one", "two", "three"],
    ["x", "1111111111", "2222222222", "3333333333"],
    ["yy", "1", "2", "3"],
  ];
  for (const width of [Infinity, 80, 60, 40, 30, 20, 14]) {
    const text = table(rows, { rightFrom: 1, width });
    assert(text.split("\n").every((line) => line.length <= width), text);
    for (const cell of rows.flat()) assert(text.replaceAll("\n", " ").includes(cell), text);
    assert(!/\d{11}/.test(text), text);
  }
  assertEquals(
    table(rows, { rightFrom: 1, width: 28 }),
    [
      "a long name of the rows",
      "           one         two",
      "x   1111111111  2222222222",
      "yy           1           2",
      "",
      "         three",
      "x   3333333333",
      "yy           3",
    ].join("\n"),
  );
});

Deno.test("fold() and foldCommand() break lines between words, at their indentation", () => {
  assertEquals(fold("one two\n  three four five", 12), "one two\n  three four\n  five");
  assertEquals(fold("漢字漢字 漢字", 9), "漢字漢字\n漢字");
  assertEquals(
    foldCommand("deno task train a.txt", { width: 40, indent: 2 }),
    "  deno task train a.txt",
  );
  assertEquals(
    foldCommand("deno task train --resume runs/a --steps 3", { width: 30, indent: 2 }),
    "  deno task train --resume \\\n    runs/a --steps 3",
  );
});

Deno.test("helpOf() fits terminals of 40 columns and more", () => {
  for (const command of commands) {
    for (const width of [40, 47, 60, 79, 80, 100]) {
      for (const line of helpOf(command, width).split("\n")) {
        assert(columnsOf(line) <= width, `${width}: ${line}`);
      }
    }
  }
});

Deno.test("describeDuration() names a duration and the time of its end", () => {
  const now = new Date(2026, 4, 6, 12, 30, 10);
  const describe = (seconds: number, isLimit = false) =>
    describeDuration(seconds, { now, isLimit });
  assertEquals(describe(3.2), "About 3 seconds left, until 12:30:13");
  assertEquals(describe(43), "About 45 seconds left, until 12:30:53");
  assertEquals(describe(100), "About 2 minutes left, until 12:31");
  assertEquals(describe(600, true), "About 10 minutes left, until 12:40; less if it stops early");
  assertEquals(describe(5400), "About 1.5 hours left, until 14:00");
  assertEquals(describe(86400), "About 24 hours left, until May 7, 2026, 12:30");
  assertEquals(describe(86400 * 3), "About 3 days left, until May 9, 2026, 12:30");
});

/** The steps that are shown of these, which come at times in seconds; `!` marks a best loss. */
function shownOf(
  times: readonly (readonly [seconds: number, step: number, loss?: number])[],
  { estimated = Infinity, showsAll = false } = {},
): number[] {
  const { now } = performance;
  const shown: number[] = [];
  let time = 0;
  performance.now = () => time * 1000;
  try {
    const rows = new LogRows(({ step }) => void shown.push(step), { best: null, showsAll });
    for (const [seconds, step, validationLoss = null] of times) {
      time = seconds;
      rows.add({ ...metrics, step, validationLoss }, estimated);
    }
    rows.flush();
  } finally {
    performance.now = now;
  }
  return shown;
}

Deno.test("LogRows shows the first and the last metrics, and some between at even times", () => {
  const fast = Array.from({ length: 40 }, (_, i) => [i / 20, i + 1] as const);
  assertEquals(shownOf(fast), [1, 40]);
  assertEquals(shownOf(fast, { showsAll: true }).length, 40);
  const slow = Array.from({ length: 6 }, (_, i) => [i * 3, i + 1] as const);
  assertEquals(shownOf(slow), [1, 2, 3, 4, 5, 6]);
  const long = Array.from({ length: 3600 }, (_, i) => [i, i + 1] as const);
  assertEquals(shownOf(long, { estimated: 3600 }).length, 61);
  assertEquals(shownOf([[0, 1]]), [1]);
});

Deno.test("LogRows shows the best metrics of each interval", () => {
  assertEquals(
    shownOf([[0, 1], [0.5, 2, 3], [1, 3, 2], [1.5, 4, 2.5], [2.1, 5], [2.2, 6, 2.4], [2.3, 7]]),
    [1, 3, 5, 7],
  );
  assertEquals(shownOf([[0, 1, 3], [0.1, 2, 2], [0.2, 3, 1], [0.3, 4]]), [1, 3, 4]);
});
