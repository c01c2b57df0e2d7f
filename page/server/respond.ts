import { follow } from "./follow.ts";
import { refuse } from "./guard.ts";

/** Where `deno task build-page` writes. */
const folder = new URL("../../dist/page/", import.meta.url);

/** What the server serves. */
export interface ServeOptions {
  /** Run folders that the page follows. */
  readonly runs: readonly string[];
  /** The port that the server listens on. */
  readonly port: number;
}

const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  txt: "text/plain; charset=utf-8",
  json: "application/json",
};

/** Headers that isolate the page from other origins, so that its workers may share memory. */
const headers = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-cache",
  "x-content-type-options": "nosniff",
  "content-security-policy": "frame-ancestors 'none'",
};

/** Answers a request with a file of the page, or with what {@linkcode follow} returns. */
export async function respond(request: Request, options: ServeOptions): Promise<Response> {
  const refusal = refuse(request, options.port);
  if (refusal !== null) return refusal;
  const { pathname, search } = new URL(request.url);
  // The page follows the runs of its server where its address says so.
  if (pathname === "/" && search === "" && options.runs.length > 0) {
    return new Response(null, { status: 302, headers: { ...headers, location: "/?follow" } });
  }
  if (pathname.startsWith("/runs/")) return await follow(request, options.runs);
  const name = pathname.slice(1) || "index.html";
  if (!/^[\w-]+(\.[\w-]+)*$/.test(name)) return new Response(null, { status: 404 });
  try {
    const bytes = await Deno.readFile(new URL(name, folder));
    const body = name === "index.html" ? marked(bytes) : bytes;
    const type = types[name.replace(/^.*\./, "")] ?? "application/octet-stream";
    return new Response(body, { headers: { ...headers, "content-type": type } });
  } catch {
    return new Response(null, { status: 404 });
  }
}

/** Marks the page as one that needs no service worker. */
function marked(html: Uint8Array): string {
  return new TextDecoder().decode(html).replace("<html ", "<html data-served ");
}
