/**
 * Refuses requests that do not come from the page itself.
 *
 * The server listens on this machine alone, but any page that is open in the same browser can send
 * requests to it. Two headers that scripts cannot set distinguish them. `Host` is another name when
 * the name of a foreign site was made to lead to 127.0.0.1 (DNS rebinding), where the browser would
 * let that site read the answers. `Sec-Fetch-Site` and `Origin` name who asks.
 */

const names: readonly string[] = ["127.0.0.1", "localhost"];

/**
 * Checks who sends a request, and what it asks for.
 *
 * @param request The request.
 * @param port The port that the server listens on.
 * @returns The answer to a request that is refused; `null` if it is to be answered.
 */
export function refuse(request: Request, port: number): Response | null {
  const { headers, method } = request;
  const hosts = names.flatMap((name) => port === 80 ? [name, `${name}:80`] : [`${name}:${port}`]);
  const host = headers.get("host");
  if (host === null || !hosts.includes(host)) {
    return refusal(403, `This server answers only to the names ${hosts.join(" and ")}`);
  }
  const origin = headers.get("origin");
  if (origin !== null && origin !== `http://${host}`) {
    return refusal(403, "This server answers only its own page");
  }
  const site = headers.get("sec-fetch-site");
  // A link from elsewhere to the page may be opened; its contents stay closed to where it came from.
  const isOwn = site === null || site === "same-origin" || site === "none" ||
    headers.get("sec-fetch-mode") === "navigate" && headers.get("sec-fetch-dest") === "document";
  if (!isOwn) return refusal(403, "This server answers only its own page");
  if (method !== "GET" && method !== "HEAD") {
    return refusal(405, "This server only answers GET and HEAD", { allow: "GET, HEAD" });
  }
  return null;
}

function refusal(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { ...headers, "content-type": "text/plain; charset=utf-8" },
  });
}
