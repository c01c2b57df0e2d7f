/**
 * Draws a chart with Apache ECharts.
 *
 * The library is not one of the project's dependencies, which everyone would have to download: it
 * stands in the deno.json of this folder, and a process of its own, with that configuration, draws.
 */

/** The drawing's size, in pixels. */
const size = { width: 860, height: 560 } as const;

/** What is used of the library. */
interface Echarts {
  init(element: null, theme: null, options: unknown): {
    setOption(option: unknown): void;
    renderToSVGString(): string;
  };
}

/**
 * Draws what an ECharts option describes.
 *
 * @returns The SVG.
 * @throws {Error} with the other process's message, when it fails.
 */
export async function renderSvg(option: unknown): Promise<string> {
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
  await writer.write(new TextEncoder().encode(JSON.stringify(option)));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`Cannot draw a chart: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

if (import.meta.main) {
  // Not a literal in the import: checking the project would download the library.
  const library = "echarts";
  const echarts: Echarts = await import(library);
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, ...size });
  chart.setOption(await new Response(Deno.stdin.readable).json());
  await new Response(chart.renderToSVGString()).body!.pipeTo(Deno.stdout.writable);
  Deno.exit(0);
}
