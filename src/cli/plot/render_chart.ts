/**
 * Charts as SVG documents, drawn by Apache ECharts, which is downloaded when a chart is drawn first.
 *
 * The lock file of this folder has it, so that no other command downloads it.
 */

import { escapeInvisible } from "../../printable.ts";

/** Not a literal where it is imported, so that checking or bundling the program does not load it. */
const LIBRARY = "npm:echarts@6.1.0";

/** The part of ECharts that is used. */
interface Echarts {
  init(element: null, theme: null, options: unknown): {
    setOption(options: unknown): void;
    renderToSVGString(): string;
    dispose(): void;
  };
}

/** A chart to draw. */
export interface Chart {
  /** What it shows, in a few words: the accessible name of the picture. */
  readonly title: string;
  /** What it shows, in sentences. */
  readonly description: string;
  /** The options of ECharts; see {@link https://echarts.apache.org/en/option.html}. */
  readonly options: unknown;
  /** Colors of a dark page, by those of the options, in lower case. */
  readonly darkColors?: Readonly<Record<string, string>>;
  /** Pixels. Default: 560. */
  readonly height?: number;
}

/** Pixels. */
const WIDTH = 860;

/**
 * Draws a chart.
 *
 * @returns The SVG document. It follows the scheme of its page, is as wide as there is room, and has
 * an accessible name and description.
 */
export async function renderChart(
  { title, description, options, darkColors = {}, height = 560 }: Chart,
): Promise<string> {
  const echarts: Echarts = await import(LIBRARY);
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  try {
    chart.setOption(options);
    const svg = chart.renderToSVGString();
    const [root] = /^<svg[^>]*>/.exec(svg)!;
    const attributes = ' style="max-width: 100%; height: auto" role="img" ' +
      'aria-labelledby="chart-title chart-description">';
    return root.slice(0, -1) + attributes +
      `\n<title id="chart-title">${escapeXml(title)}</title>\n` +
      `<desc id="chart-description">${escapeXml(description)}</desc>\n` +
      styleOf(darkColors) + svg.slice(root.length) + "\n";
  } finally {
    chart.dispose();
  }
}

/** Replaces colors where the page is dark; rules override the attributes of elements. */
function styleOf(darkColors: Readonly<Record<string, string>>): string {
  const rules = Object.entries(darkColors).flatMap(([light, dark]) =>
    ["fill", "stroke"].map((property) => `[${property}="${light}"] { ${property}: ${dark} }`)
  );
  if (rules.length === 0) return "";
  return `<style>\n@media (prefers-color-scheme: dark) {\n${rules.join("\n")}\n}\n</style>\n`;
}

function escapeXml(text: string): string {
  return escapeInvisible(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
