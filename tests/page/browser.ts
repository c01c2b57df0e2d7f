/** The page in Chromium, served as `deno task page` serves it. */
import { respond } from "../../page/server/respond.ts";
import { InputError } from "../../src/errors.ts";

/** The variable that `deno task test-page` sets. */
const VARIABLE = "UNROLL_TEST_PAGE";
const paths = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** A locator of Playwright. */
export interface Locator {
  click(options?: { readonly position: { readonly x: number; readonly y: number } }): Promise<void>;
  dblclick(): Promise<void>;
  fill(value: string): Promise<void>;
  press(key: string): Promise<void>;
  hover(): Promise<void>;
  focus(): Promise<void>;
  selectOption(value: string): Promise<unknown>;
  setInputFiles(files: unknown): Promise<void>;
  textContent(): Promise<string | null>;
  inputValue(): Promise<string>;
  isVisible(): Promise<boolean>;
  isEnabled(): Promise<boolean>;
  count(): Promise<number>;
  waitFor(options?: { readonly state?: string; readonly timeout?: number }): Promise<void>;
  screenshot(options: { readonly path: string }): Promise<unknown>;
  first(): Locator;
  last(): Locator;
  nth(index: number): Locator;
  locator(selector: string): Locator;
  getByLabel(text: string | RegExp, options?: { exact?: boolean }): Locator;
  getByText(text: string | RegExp, options?: { exact?: boolean }): Locator;
  getByRole(role: string, options?: { readonly name?: string | RegExp; exact?: boolean }): Locator;
}

/** What the tests use of a page of Playwright, whose types are not installed for other tests. */
export interface Page extends Pick<Locator, "locator" | "getByRole" | "getByLabel" | "getByText"> {
  goto(url: string): Promise<unknown>;
  reload(): Promise<unknown>;
  close(): Promise<void>;
  evaluate<T>(expression: string): Promise<T>;
  waitForFunction(
    expression: string,
    argument?: unknown,
    options?: { readonly timeout?: number; readonly polling?: number },
  ): Promise<unknown>;
  waitForTimeout(ms: number): Promise<void>;
  waitForEvent(event: string): Promise<unknown>;
  addScriptTag(options: { readonly content: string }): Promise<unknown>;
  addInitScript(options: { readonly content: string }): Promise<unknown>;
  setViewportSize(size: { readonly width: number; readonly height: number }): Promise<void>;
  emulateMedia(media: { colorScheme?: "dark" | "light"; reducedMotion?: "reduce" }): Promise<void>;
  screenshot(options: { readonly path: string; readonly fullPage?: boolean }): Promise<unknown>;
  readonly keyboard: { press(key: string): Promise<void>; type(text: string): Promise<void> };
  readonly mouse: { move(x: number, y: number): Promise<void> };
  readonly touchscreen: { tap(x: number, y: number): Promise<void> };
  on(event: "dialog", listener: (dialog: Dialog) => void): void;
  on(event: "pageerror", listener: (error: Error) => void): void;
  on(event: "request", listener: (request: { url(): string }) => void): void;
  on(event: "console", listener: (message: { type(): string; text(): string }) => void): void;
  context(): Context;
}

/** A question of the browser or of the page. */
export interface Dialog {
  type(): string;
  accept(): Promise<void>;
  dismiss(): Promise<void>;
}

/** A browser context of Playwright. */
export interface Context {
  newPage(): Promise<Page>;
  setDefaultTimeout(ms: number): void;
  waitForEvent(event: "page"): Promise<Page>;
  setOffline(isOffline: boolean): Promise<void>;
  browser(): Browser;
  /** A session of the DevTools protocol. */
  newCDPSession(
    page: Page,
  ): Promise<{ send(method: string, options: unknown): Promise<{ readonly data: string }> }>;
  grantPermissions(names: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** A browser of Playwright. */
export interface Browser {
  newContext(options?: Record<string, unknown>): Promise<Context>;
  startTracing(page: Page, options: { readonly categories: readonly string[] }): Promise<void>;
  stopTracing(): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** A page that was opened, and what it did. */
export interface OpenedPage {
  readonly page: Page;
  /** The address of the page, with a final slash. */
  readonly address: string;
  /** Errors of the page and messages of level `error` in its console. */
  readonly errors: readonly string[];
  /** Addresses of any other host that the page or its workers asked for. */
  readonly foreignRequests: readonly string[];
  /** Ends the server of the page. */
  readonly endServer: () => Promise<void>;
}

/** Options of {@linkcode testPage} and {@linkcode withPage}. */
export interface PageOptions {
  /** Run folders that the page follows. Default: none. */
  readonly runs?: readonly string[];
  /** Answers requests. Default: the server of `deno task page`. */
  readonly handler?: (request: Request) => Response | Promise<Response>;
  /** Options of the browser context, for example `{ colorScheme: "dark" }`. */
  readonly context?: Record<string, unknown>;
  /** What follows the address of the page, for example `#seed=2`. */
  readonly hash?: string;
}

/**
 * Time in which anything that a test waits for happens. What a busy machine delays is no failure, and a
 * test that fails waits for it once.
 */
const TIMEOUT_MS = 300_000;

function granted(name: "read" | "run"): boolean {
  return Deno.permissions.querySync({ name }).state === "granted";
}

/** The path of Chromium, or `undefined` if this machine has none. */
export const chromiumPath: string | undefined = granted("read")
  ? paths.find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  })
  : undefined;

/** Why tests of the page are ignored; `undefined` if they run. */
const ignored = (() => {
  const { state } = Deno.permissions.querySync({ name: "env", variable: VARIABLE });
  if (state !== "granted" || Deno.env.get(VARIABLE) === undefined) {
    return "run by deno task test-page";
  }
  return chromiumPath === undefined ? "needs Chromium" : undefined;
})();

/**
 * Starts Chromium.
 *
 * @throws {InputError} if this machine has none.
 */
export async function launchBrowser(origin: string): Promise<Browser> {
  if (chromiumPath === undefined) {
    throw new InputError(`Cannot start Chromium: there is none at ${paths.join(", ")}; install it`);
  }
  // Looked up when it is needed, so that other tests do not download it.
  const name = "npm:playwright-core@1.65.1";
  const { chromium } = (await import(name)).default;
  return await chromium.launch({
    executablePath: chromiumPath,
    timeout: TIMEOUT_MS,
    args: [
      ...["--no-sandbox", "--disable-background-networking", "--disable-component-update"],
      // The browser's own requests go to the server of the test, so that none leaves this machine.
      ...["--disable-sync", `--proxy-server=${new URL(origin).host}`],
    ],
  });
}

/** Serves the page and runs a function with it in Chromium. */
export async function withPage<T>(
  fn: (opened: OpenedPage) => Promise<T>,
  { runs = [], handler, context = {}, hash = "" }: PageOptions = {},
): Promise<T> {
  await using server: Deno.HttpServer<Deno.NetAddr> = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) => {
      if (new URL(request.url).host !== host) return new Response(null, { status: 403 });
      return handler?.(request) ?? respond(request, { runs, port: server.addr.port });
    },
  );
  const host = `127.0.0.1:${server.addr.port}`;
  const address = `http://${host}/`;
  const browser = await launchBrowser(address);
  try {
    const opened = await browser.newContext(context);
    opened.setDefaultTimeout(TIMEOUT_MS);
    const page = await opened.newPage();
    const errors: string[] = [];
    const foreignRequests: string[] = [];
    page.on("request", (request) => {
      const url = request.url();
      if (!/^(blob|data):/.test(url) && !url.startsWith(address)) foreignRequests.push(url);
    });
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    await page.goto(address + hash);
    return await fn({
      ...{ page, address, errors, foreignRequests },
      endServer: () => server.shutdown(),
    });
  } finally {
    await browser.close();
  }
}

/** A test of the page, which fails if the page has errors or asks another host. */
export function testPage(
  name: string,
  fn: (opened: OpenedPage) => Promise<void>,
  options: PageOptions = {},
): void {
  Deno.test({
    name: ignored === undefined ? name : `${name} (${ignored})`,
    ignore: ignored !== undefined,
    // Playwright keeps timers and sockets.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: () =>
      withPage(async (opened) => {
        await fn(opened);
        const { errors, foreignRequests } = opened;
        if (errors.length > 0) throw new Error(`The page has errors: ${errors.join("; ")}`);
        if (foreignRequests.length > 0) {
          throw new Error(`The page asked for ${foreignRequests.join(", ")}`);
        }
      }, options),
  });
}
