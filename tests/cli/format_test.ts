import { assert, assertEquals } from "@std/assert";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatNumber,
  table,
  wrap,
} from "../../src/cli/format.ts";

Deno.test("wrap() breaks lines at the width, and leaves long words whole", () => {
  const text = "one two three four five";
  assertEquals(wrap(text, { width: 80, indent: 4 }), text);
  assertEquals(wrap(text, { width: 13, indent: 0 }), "one two three\nfour five");
  assertEquals(wrap(text, { width: 15, indent: 4 }), "one two\n    three four\n    five");
  assertEquals(wrap("a incomprehensible b", { width: 6, indent: 0 }), "a\nincomprehensible\nb");
  for (const line of wrap("word ".repeat(50), { width: 40, indent: 0 }).split("\n")) {
    assert(line.length <= 40);
  }
});

Deno.test("table() aligns columns, to the right from the one that is given", () => {
  const rows = [["", "loss", "n"], ["model", "1.25", "10"], ["b", "12.5", ""]];
  assertEquals(table(rows, { rightFrom: 1 }), "       loss   n\nmodel  1.25  10\nb      12.5");
  assertEquals(table(rows), "       loss  n\nmodel  1.25  10\nb      12.5");
});

Deno.test("formatBytes() prints decimal units", () => {
  const sizes = [0, 999, 1000, 84_891, 999_499, 999_500, 1_553_000];
  const texts = ["0 B", "999 B", "1 kB", "85 kB", "999 kB", "1.00 MB", "1.55 MB"];
  assertEquals(sizes.map(formatBytes), texts);
});

Deno.test("formatDuration() prints seconds, minutes and hours", () => {
  for (
    const [seconds, text] of [
      [0, "0.0 s"],
      [3.44, "3.4 s"],
      [59.94, "59.9 s"],
      [59.96, "1:00"],
      [125, "2:05"],
      [3599.6, "1:00:00"],
      [3723, "1:02:03"],
      [360_000, "100:00:00"],
    ] as const
  ) assertEquals(formatDuration(seconds), text);
});

Deno.test("formatNumber() and formatCount() separate thousands, and count in the singular", () => {
  assertEquals(formatNumber(1234567.8), "1,234,568");
  assertEquals([0, 1, 2, 1000].map((n) => formatCount(n, "step")), [
    "0 steps",
    "1 step",
    "2 steps",
    "1,000 steps",
  ]);
});
