/**
 * Draws charts with Apache ECharts.
 *
 * ECharts is not a dependency of the project, which every user would have to download. It is listed
 * in the deno.json of this folder, and this file runs itself in a child process with that
 * configuration to draw.
 */

/** Pixels of a drawing. */
const imageSize = { width: 860, height: 560 } as const;

/** The part of ECharts that is used. */
interface Echarts {
  init(element: null, theme: null, options: unknown): {
    setOption(options: unknown): void;
    renderToSVGString(): string;
  };
}

/**
 * Draws a chart.
 *
 * @param options The options of ECharts; see {@link https://echarts.apache.org/en/option.html}.
 * @returns The SVG document.
 * @throws {Error} if the child process fails; the message includes what it printed.
 */
export async function renderSvg(options: unknown): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--frozen", "--config", `${import.meta.dirname}/deno.json`],
      ...["--allow-env=NODE_ENV", import.meta.url],
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(options)));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`Cannot draw a chart: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

if (import.meta.main) {
  // The import is not a literal, because checking the project would download the library.
  const library = "echarts";
  const echarts: Echarts = await import(library);
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, ...imageSize });
  chart.setOption(await new Response(Deno.stdin.readable).json());
  await new Response(chart.renderToSVGString()).body!.pipeTo(Deno.stdout.writable);
  Deno.exit(0);
}
