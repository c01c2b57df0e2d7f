/** Pages in Chromium, which a test serves from folders. */
import { createRequire } from "node:module";

/** What the tests use of Playwright, whose types are not installed where the tests are checked. */
export interface Page {
  goto(url: string): Promise<unknown>;
  evaluate<T>(expression: string): Promise<T>;
  fill(selector: string, value: string): Promise<void>;
  click(selector: string): Promise<void>;
  waitForFunction(expression: string): Promise<unknown>;
  setViewportSize(size: { readonly width: number; readonly height: number }): Promise<void>;
  screenshot(options: { readonly path: string; readonly fullPage?: boolean }): Promise<unknown>;
  on(event: "pageerror", listener: (error: Error) => void): void;
  on(event: "request", listener: (request: { url(): string }) => void): void;
  on(event: "console", listener: (message: { type(): string; text(): string }) => void): void;
}

interface Browser {
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

interface Playwright {
  readonly chromium: { launch(options: Record<string, unknown>): Promise<Browser> };
}

const paths = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const canRead = Deno.permissions.querySync({ name: "read" }).state === "granted";

/** The path of Chromium, or `undefined` if this machine has none. */
export const chromiumPath: string | undefined = canRead
  ? paths.find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  })
  : undefined;

/** A page that was opened, and what it did. */
export interface OpenedPage {
  readonly page: Page;
  /** The address of the server, without a final slash. */
  readonly origin: string;
  /** Errors of the page and messages of level `error` in its console. */
  readonly errors: readonly string[];
  /** What the page and its workers ask for: paths of the server, and addresses of any other host. */
  readonly requests: readonly string[];
}

/** How {@linkcode withPage} serves a page. */
export interface ServeOptions {
  /** Folders by the beginnings of paths, which end with a slash. */
  readonly folders: Readonly<Record<string, string>>;
  /** The folder in which Playwright is installed. */
  readonly tools: string;
  /** Whether to serve the headers that make a page cross-origin isolated. */
  readonly isIsolated?: boolean;
  /** The Content-Security-Policy, if there is one. */
  readonly policy?: string;
}

const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript",
  css: "text/css",
  txt: "text/plain",
};

const isolationHeaders = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/** Serves folders and runs a function with a new page of Chromium. */
export async function withPage<T>(
  { folders, tools, isIsolated = false, policy }: ServeOptions,
  fn: (opened: OpenedPage) => Promise<T>,
): Promise<T> {
  const headers = {
    ...isIsolated ? isolationHeaders : {},
    ...policy === undefined ? {} : { "content-security-policy": policy },
  };
  const requests: string[] = [];
  const errors: string[] = [];
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) => {
      const { pathname, host } = new URL(request.url);
      // The browser's own requests come here, too, as to a proxy, so that none leaves this machine.
      if (host !== origin.host) return new Response(null, { status: 403 });
      return respond(pathname, folders, headers);
    },
  );
  const origin = new URL(`http://127.0.0.1:${server.addr.port}`);
  const { chromium }: Playwright = createRequire(`${tools}/package.json`)("playwright-core");
  const browser = await chromium.launch({
    executablePath: chromiumPath,
    args: [
      ...["--no-sandbox", "--disable-background-networking", "--disable-component-update"],
      ...["--disable-sync", `--proxy-server=${origin.host}`],
    ],
  });
  try {
    const page = await browser.newPage();
    page.on("request", (request) => {
      const url = request.url();
      if (!/^(blob|data):/.test(url)) requests.push(url.replace(origin.origin, ""));
    });
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    return await fn({ page, origin: origin.origin, errors, requests });
  } finally {
    await browser.close();
  }
}

async function respond(
  path: string,
  folders: Readonly<Record<string, string>>,
  headers: Record<string, string>,
): Promise<Response> {
  const prefix = Object.keys(folders).toSorted((a, b) => b.length - a.length)
    .find((start) => path.startsWith(start));
  if (path === "/empty.html") {
    return new Response("<!doctype html><link rel=icon href=data:,>", {
      headers: { ...headers, "content-type": types.html! },
    });
  }
  if (prefix === undefined) return new Response(null, { status: 404, headers });
  const name = path.slice(prefix.length) || "index.html";
  try {
    const body = await Deno.readFile(`${folders[prefix]}/${name}`);
    const type = types[name.replace(/^.*\./, "")] ?? "application/octet-stream";
    return new Response(body, { headers: { ...headers, "content-type": type } });
  } catch {
    return new Response(null, { status: 404, headers });
  }
}

/** A test of pages; ignored where there is no Chromium. */
export const pageOptions = { ignore: chromiumPath === undefined };
