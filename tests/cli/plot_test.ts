/** `plot`: the picture, and what it refuses to write over. */
import { assert, assertEquals } from "@std/assert";
import {
  assertRejected,
  namesIn,
  run,
  succeed,
  testProgram,
  trained,
  trainedInside,
} from "./program.ts";

testProgram("plot draws runs as one SVG document, in light and dark", async (f) => {
  await trained(f, "one", "--steps", "30", "--log-every", "5");
  await trained(f, 'a <b> & "c"', "--steps", "20", "--log-every", "5");
  const out = await succeed(
    f,
    "plot",
    "one",
    'a <b> & "c"/',
    "one",
    "--out",
    "loss.svg",
    "--x",
    "time",
  );
  assert(/^Picture: loss.svg, \d+ kB\n$/.test(out), out);
  const svg = await Deno.readTextFile(`${f}/loss.svg`);
  assert(svg.startsWith("<svg ") && svg.endsWith("</svg>\n"));
  assert(svg.includes('role="img"') && svg.includes("@media (prefers-color-scheme: dark)"));
  assert(
    svg.includes(
      '<title id="chart-title">Losses and learning rate of one, a &lt;b> &amp; "c", one (2)</title>',
    ),
  );
  assert(svg.includes("one: 30 steps"));
  assert(!/<b>|<script|href=|NaN|undefined/.test(svg), svg.slice(0, 3000));
  // Each color of the light scheme that is drawn has one of the dark scheme. Lines have a fill of
  // black that is not drawn.
  const style = /<style>[^]*?<\/style>/.exec(svg)![0];
  const drawn = svg.replace(style, "").matchAll(/(?:fill|stroke)="(#\w+)"/g);
  const colors = new Set(Array.from(drawn, ([, color]) => color!).filter((one) => one !== "#000"));
  assert(colors.size >= 5);
  for (const color of colors) assert(style.includes(`"${color}"`), color);
  assertEquals(
    await succeed(f, "plot", "one", "--out", "-"),
    await Deno.readTextFile(`${f}/loss.svg`).then(async () => {
      await succeed(f, "plot", "one", "--out", "again.svg");
      await succeed(f, "plot", "one", "--out", "again.svg");
      return await Deno.readTextFile(`${f}/again.svg`);
    }),
  );
});

testProgram("plot names what is wrong, and writes over no file of a run", async (f) => {
  await trainedInside(f, "run", "--steps", "3");
  const out = ["--out", `${f}/loss.svg`];
  const files = JSON.stringify(
    [...Deno.readDirSync(`${f}/run`)].map(({ name }) => name).toSorted(),
  );
  for (
    const [args, message] of [
      [["plot", "run"], /without --out/],
      [["plot", ...out], /takes <run>/],
      [["plot", "none", ...out], /no such file/],
      [["plot", "rain.txt", ...out], /rain.txt/],
      [["plot", "run", ...out, "--x", "epochs"], /--x "epochs": it must be chars, time or steps/],
      [["plot", ...Array<string>(9).fill("run"), ...out], /9 runs: a chart may have 8/],
      [["plot", "run", "--out", `${f}/run/metrics.jsonl`], /input of the command/],
      [["plot", "run", "--out", `${f}/run/config.json`], /file of a run/],
      [["plot", "run", "--out", "rain.txt"], /a file that is no picture, which would be replaced/],
    ] as const
  ) await assertRejected(f, args, message);
  await Deno.writeTextFile(`${f}/run/metrics.jsonl`, "");
  await assertRejected(f, ["plot", "run", ...out], /no metrics yet/);
  assertEquals(
    JSON.stringify([...Deno.readDirSync(`${f}/run`)].map(({ name }) => name).toSorted()),
    files,
  );
  assertEquals(namesIn(f), ["rain.txt", "run"]);
  const { code } = await run(f, ["plot", "run", "--out", "x.svg"], ["--allow-read"]);
  assertEquals(code, 2);
});
