/**
 * The service worker of the page on a static host: it isolates the page from other origins, so that
 * its workers may share memory, and answers from a cache, so that it works offline.
 */

/** What is used of the scope of a service worker, whose types a page does not have. */
interface Scope {
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
  readonly registration: { readonly scope: string };
  addEventListener(type: "install" | "activate", listener: (event: Lifecycle) => void): void;
  addEventListener(type: "fetch", listener: (event: Fetch) => void): void;
}

interface Lifecycle {
  waitUntil(promise: Promise<unknown>): void;
}

interface Fetch {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

/**
 * The files of the page, those that it loads later, and a hash of their contents; the build replaces
 * all three.
 */
declare const FILES: readonly string[];
declare const LATER: readonly string[];
declare const VERSION: string;

const scope = globalThis as unknown as Scope;
const NAME = "unroll-page";
const cacheName = `${NAME}-${VERSION}`;

scope.addEventListener("install", (event) => event.waitUntil(install()));
scope.addEventListener("activate", (event) => event.waitUntil(activate()));
scope.addEventListener("fetch", (event) => {
  const { request } = event;
  const isOwn = request.url.startsWith(scope.registration.scope);
  if (request.method === "GET" && isOwn) event.respondWith(respond(request));
});

async function install(): Promise<void> {
  const cache = await caches.open(cacheName);
  // Not from the browser's cache, which may hold files of another version.
  await cache.addAll(FILES.map((file) => new Request(file, { cache: "reload" })));
  await scope.skipWaiting();
}

/** Removes files of other versions, and takes over pages that are open. */
async function activate(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(NAME) && name !== cacheName);
  await Promise.all(old.map((name) => caches.delete(name)));
  await scope.clients.claim();
}

async function respond(request: Request): Promise<Response> {
  const cache = await caches.open(cacheName);
  const cached = await cache.match(request, { ignoreSearch: true });
  if (cached !== undefined) return withIsolation(cached);
  const response = await fetch(request);
  const name = request.url.slice(scope.registration.scope.length);
  if (response.ok && LATER.includes(name)) await cache.put(request, response.clone());
  return withIsolation(response);
}

/** Adds the headers that isolate a page. */
function withIsolation(response: Response): Response {
  if (response.status === 0) return response;
  const headers = new Headers(response.headers);
  headers.set("cross-origin-opener-policy", "same-origin");
  headers.set("cross-origin-embedder-policy", "require-corp");
  headers.set("cross-origin-resource-policy", "same-origin");
  const { body, status, statusText } = response;
  return new Response(body, { status, statusText, headers });
}
