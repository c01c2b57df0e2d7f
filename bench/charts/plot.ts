/**
 * `deno task plot OUT.svg RUN…`: what runs reached on validation, over the characters that they
 * were trained on.
 */
import { renderSvg } from "./render_svg.ts";
import { chartOptions, type Line, MAX_LINES } from "./chart_options.ts";

/** A run's validations: millions of characters, nats per character. */
function lineOf(run: string): Line {
  const points: [number, number][] = [];
  for (const line of Deno.readTextFileSync(`${run}/metrics.jsonl`).trimEnd().split("\n")) {
    const { chars, val_loss } = JSON.parse(line);
    if (val_loss !== null) points.push([chars / 1e6, val_loss]);
  }
  return { name: run.replace(/\/+$/, "").split("/").at(-1)!, points };
}

/** The chart of some runs, as the library wants it. */
export function lossChart(lines: readonly Line[]): unknown {
  return chartOptions({
    title: "Validation loss over the characters trained on",
    subtitle: "nats per character, of the part that was held out",
    xAxis: { type: "value", name: "millions of characters" },
    yAxis: { type: "value", scale: true, name: "nats per character", nameGap: 55 },
    lines,
  });
}

if (import.meta.main) {
  const [out, ...runs] = Deno.args;
  if (out === undefined || runs.length === 0 || runs.length > MAX_LINES) {
    console.error(
      `error: Cannot draw curves: give the file to draw and 1 to ${MAX_LINES} runs, not ` +
        `${runs.length}: deno task plot OUT.svg RUN…`,
    );
    Deno.exit(2);
  }
  await Deno.writeTextFile(out, await renderSvg(lossChart(runs.map(lineOf))));
}
