/// <reference lib="dom" />

/** Marks a reload that was made for isolation, so that it is made once. */
const RELOADED = "reloaded-for-isolation";

/**
 * Registers the service worker on a static host. It answers without a network, and adds the headers
 * that isolate the page, so that the training may use all cores; at the first visit the page is
 * loaded once more, through it.
 *
 * The server of `deno task page` isolates the page itself, and marks it.
 */
export async function registerServiceWorker(): Promise<void> {
  const { serviceWorker } = navigator;
  if (document.documentElement.dataset.served !== undefined || serviceWorker === undefined) return;
  try {
    const isControlled = serviceWorker.controller !== null;
    const controlled = new Promise((resolve) =>
      serviceWorker.addEventListener("controllerchange", resolve, { once: true })
    );
    await serviceWorker.register("service_worker.js");
    if (crossOriginIsolated || sessionStorage.getItem(RELOADED) !== null) return;
    if (!isControlled) await controlled;
    sessionStorage.setItem(RELOADED, "");
    location.reload();
    // The page goes away.
    await new Promise(() => {});
  } catch {
    // Without a service worker the page trains with one thread, while it is online.
  }
}
